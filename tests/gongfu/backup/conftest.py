"""A state folder as a worker leaves it, with its database in a file or on a server."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gongfu.device_accounts import equip_simulated
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.secrets_file import load_secrets
from gongfu.settings import DatabaseSettings, Settings
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu_broker.columns import DeviceKind
from gongfu_broker.topics import Leaf
from gongfu_fleet.services.watch_ports import Cursor, Turn
from gongfu_ingest.entry import Entry
from tests.servers.postgres import Postgres, postgres_server, tool

CONSUMER = "watch"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        if server is None:
            pytest.skip("no PostgreSQL on this machine: 'make test-servers' tells why")
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name: str = request.param
    dump = tool("pg_dump")
    if name == "postgresql" and dump:
        monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{dump.parent}")
    return name


@dataclass
class Worker:
    """Writes the log and follows it, as ingest and the watch do."""

    settings: Settings
    fleet: FleetSide
    telemetry: Telemetry

    def commit(self, count: int = 1) -> int:
        """Append records; returns the newest seq."""
        first = self.telemetry.log.head() + 1
        entries = [
            Entry(n, 0, "site", "cab-0001", DeviceKind.CABINET, Leaf.TEL, 1, n, b"{%d}" % n)
            for n in range(first, first + count)
        ]
        with self.telemetry.database.transaction():
            self.telemetry.log.append(entries)
        return first + count - 1

    def follow(self) -> int:
        """Bring the consumer's cursor to the head, as one turn; returns it."""
        ledger, log = self.fleet.ledger, self.telemetry.log
        head = log.head()
        before = ledger.cursor(CONSUMER)
        ledger.save_turn(Turn(CONSUMER, before, Cursor(log.log_id, head), 0, ()))
        return head

    def trim(self, upto: int) -> None:
        """Forget records as closely behind the consumer as is ever allowed."""
        with self.telemetry.database.transaction() as connection:
            connection.execute("DELETE FROM log WHERE seq <= ?", (upto,))
            connection.execute("UPDATE meta SET value = ? WHERE key = 'trimmed'", (str(upto),))

    def records(self) -> dict[int, tuple[str, int, bytes]]:
        reader = self.telemetry.database.reader
        rows = reader.execute("SELECT seq, dev, mseq, payload FROM log")
        return {row[0]: row[1:] for row in rows}


NewSettings = Callable[[str], Settings]


@pytest.fixture
def new_settings(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[NewSettings]:
    """Settings of an empty state by name, each with an empty database of its own."""
    server: Postgres | None = None
    if kind == "postgresql":
        server = request.getfixturevalue("postgres")
    made: list[str] = []

    def make(name: str) -> Settings:
        url = ""
        if server:
            made.append(server.create())
            url = server.url(made[-1])
        return Settings(state=tmp_path / name, database=DatabaseSettings(url=url))

    yield make
    for name in made:
        assert server
        server.drop(name)


@pytest.fixture
def open_worker() -> Iterator[Callable[[Settings], Worker]]:
    opened: list[Worker] = []

    def make(settings: Settings) -> Worker:
        fleet = open_fleet(settings)
        load_secrets(settings.state)
        equip_simulated(fleet, settings, fleet.registry.assets())
        worker = Worker(settings, fleet, open_telemetry(settings.telemetry_path))
        opened.append(worker)
        return worker

    yield make
    for worker in opened:
        worker.telemetry.close()
        worker.fleet.close()


@pytest.fixture
def worker(new_settings: NewSettings, open_worker: Callable[[Settings], Worker]) -> Worker:
    """A state in which something happened."""
    worker = open_worker(new_settings("state"))
    worker.commit(50)
    worker.follow()
    return worker
