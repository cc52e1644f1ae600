"""What both engines promise: durable commits, kept references, waiting writers, one snapshot."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from gongfu_fleet.adapters.db.engine import open_database, reading, writing
from gongfu_fleet.adapters.db.incident_rows import IncidentEventRow
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.schema import RegistryStateRow, ZoneRow
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Finding, Raised, Subject
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.people import Account, Role
from gongfu_fleet.errors import ConflictError, DatabaseUnusableError, InvalidError
from gongfu_fleet.services.watch_ports import Cursor, Turn
from tests.servers.postgres import Postgres


@pytest.fixture
def engine(database: Engine) -> Engine:
    return database


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
def test_every_connection_is_durable_and_patient(
    engine: Engine, pragma: str, value: object
) -> None:
    with reading(engine) as session:
        assert session.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_a_row_that_points_nowhere_is_refused(engine: Engine) -> None:
    zone = ZoneRow(asset_id="cab-9999", zone=1, metric="zone_1_celsius", product_class="tofu")
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.add(zone)


def run_at_once(works: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(work) for work in works]:
            done.result()


def write_half_and_fail(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(RegistryStateRow(id=1, revision=1))
        session.flush()
        raise RuntimeError


def test_an_exception_undoes_the_whole_write(engine: Engine) -> None:
    with pytest.raises(RuntimeError):
        write_half_and_fail(engine)
    with reading(engine) as session:
        assert session.get(RegistryStateRow, 1) is None


def test_writers_that_read_first_wait_for_each_other(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(RegistryStateRow(id=1, revision=0))

    def count_up() -> None:
        for _ in range(20):
            with writing(engine) as session:
                row = session.get_one(RegistryStateRow, 1)
                row.revision += 1

    run_at_once([count_up] * 4)
    with reading(engine) as session:
        assert session.get_one(RegistryStateRow, 1).revision == 80


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    with writing(engine) as writer:
        writer.add(RegistryStateRow(id=1, revision=1))
        writer.flush()
        with reading(engine) as session:
            assert session.get(RegistryStateRow, 1) is None


def test_a_reader_sees_one_snapshot_whatever_is_written_meanwhile(engine: Engine) -> None:
    with reading(engine) as session:
        assert session.get(RegistryStateRow, 1) is None
        with writing(engine) as writer:
            writer.add(RegistryStateRow(id=1, revision=1))
        assert session.scalars(select(RegistryStateRow)).all() == []
    with reading(engine) as session:
        assert session.get(RegistryStateRow, 1) is not None


def test_two_watches_that_move_one_cursor_at_once_are_told_apart(engine: Engine) -> None:
    SqlIncidentStore(engine).save_turn(Turn("watch", None, Cursor("log", 0), 0, ()))
    start = threading.Barrier(4)
    won: list[int] = []

    def race() -> None:
        store = SqlIncidentStore(engine)
        for seq in range(20):
            start.wait()
            try:
                store.save_turn(Turn("watch", Cursor("log", seq), Cursor("log", seq + 1), 0, ()))
            except ConflictError:
                continue
            won.append(seq)

    run_at_once([race] * 4)
    assert sorted(won) == list(range(20))


def test_events_appended_at_once_are_numbered_without_gap_or_collision(engine: Engine) -> None:
    finding = Finding(Episode(Condition.ACTIVE, 10, 20, None, 9.0, ()), 8.0, "dairy", 1)
    subject = Subject("cab-0001", 1, Hazard.TEMPERATURE_HIGH)
    body = Raised(subject, Severity.HIGH, finding, late=False)

    def append(who: int) -> None:
        for n in range(15):
            SqlIncidentStore(engine).append([Draft(f"i-{who}-{n:02}", body)], at_ms=1)

    run_at_once([partial(append, who) for who in range(4)])
    with reading(engine) as session:
        numbers = session.scalars(select(IncidentEventRow.seq).order_by(IncidentEventRow.seq)).all()
    assert numbers == list(range(1, 61))


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize("name", ["x" * 81, "a\0b"])
def test_a_value_that_only_sqlite_would_take_is_refused_with_a_remedy(
    engine: Engine, name: str
) -> None:
    account = Account("1", name, Role.VIEWER, "hash", active=True, created_ms=0)
    with pytest.raises(InvalidError) as refused:
        SqlPeople(engine).add(account)
    assert refused.value.remedy
    assert not SqlPeople(engine).any()


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_restarted_server_is_found_again(engine: Engine, postgres: Postgres) -> None:
    assert not SqlPeople(engine).any()
    postgres.stop()
    with pytest.raises(OperationalError):
        SqlPeople(engine).any()
    postgres.start()
    assert not SqlPeople(engine).any()


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    engine = open_database(f"postgresql://gongfu:hidden@/gongfu?host={tmp_path}")
    with pytest.raises(DatabaseUnusableError, match="does not answer") as refused:
        upgrade(engine)
    assert "GONGFU_DATABASE__URL" in refused.value.remedy
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "no url", "sqlite:////no/such/f.db", "mysql://host/gongfu"],
)
def test_an_unusable_url_is_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(DatabaseUnusableError) as refused:
        open_database(url)
    assert refused.value.remedy
