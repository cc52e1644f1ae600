"""Every figure of /metrics comes from where /health reads it, in a form Prometheus understands."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.flow_side import room_at
from gongfu.heartbeat import FILE_NAME, WorkerWatch, beat
from gongfu.metrics import Figures, exposition
from gongfu.secrets_file import load_secrets, metrics_token
from gongfu.settings import Settings
from gongfu_fleet.adapters.db.ledger_figures import SqlLedgerFigures
from gongfu_fleet.adapters.memory import (
    MemoryConnections,
    MemoryIngestStatus,
    MemoryReadings,
    SettableClock,
)
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.ports import Connection, ConsumerLag
from gongfu_fleet.services.alarm_quality import AlarmQuality
from gongfu_fleet.services.flow import Flow, Forwarding, Room
from gongfu_fleet.services.jobs import JobState
from gongfu_fleet.services.notify_ports import ChannelState, MessageView

NOW = 1_790_000_000_000
METRICS_PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
Labels = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetSide]:
    fleet = open_fleet(Settings(state=tmp_path_factory.mktemp("metrics")))
    yield fleet
    fleet.close()


class OneChannel:
    def channels(self) -> dict[str, ChannelState]:
        return {"wecom": ChannelState("wecom", waiting=4, sent=3, failed=2, flood=True)}

    def messages(self, limit: int) -> list[MessageView]:
        raise NotImplementedError(limit)


@pytest.fixture
def deps(fleet: FleetSide) -> ApiDeps:
    ingest = MemoryIngestStatus(
        {"accepted": 90, "duplicates": 7, "rejected": 3, "lost": 2, "dead_letters": 3},
        [ConsumerLag("cold-chain", 5, 2)],
    )
    connections = MemoryConnections()
    connections.known["cab-0001"] = Connection(online=True, heard_ms=1)
    connections.known["cab-0002"] = Connection(online=False, heard_ms=1, clock_offset_ms=-5)
    connections.known["stranger"] = Connection(online=True, heard_ms=1)
    return ApiDeps(
        clock=SettableClock(NOW, speed=30.0),
        registry=fleet.registry,
        readings=MemoryReadings(),
        connections=connections,
        ingest=ingest,
        incidents=fleet.incidents,
        commands=fleet.commands,
        desk=fleet.desk,
        quality=AlarmQuality(SqlLedgerFigures(fleet.engine), fleet.registry, lambda: NOW),
        devices=fleet.devices,
        sign_in=fleet.sign_in,
        tokens=fleet.tokens,
        people=fleet.people,
        policies=fleet.policies,
        audit=fleet.audit,
        stopping=asyncio.Event(),
        troubles=(lambda: ["Disk full."], lambda: ["Disk full."]),
        jobs=lambda: [JobState("backup", 1_000, 2_000, "no room", 3_000)],
        room=lambda: Room(4_000, 500),
        notices=OneChannel(),
    )


def figures(deps: ApiDeps) -> dict[tuple[str, Labels], float]:
    text = exposition(Figures(deps, lambda: {"malformed": 2, "clock_ahead": 1})).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("gongfu_up", {}, 1),
        ("gongfu_time_seconds", {}, 1_790_000_000),
        ("gongfu_troubles", {}, 1),
        ("gongfu_broker_connected", {}, 1),
        ("gongfu_messages_total", {"outcome": "accepted"}, 90),
        ("gongfu_messages_total", {"outcome": "duplicates"}, 7),
        ("gongfu_messages_total", {"outcome": "deferred"}, 0),
        ("gongfu_ingest_notes_total", {"note": "lost"}, 2),
        ("gongfu_dead_letters", {"reason": "clock_ahead"}, 1),
        ("gongfu_consumer_lag_records", {"consumer": "cold-chain"}, 2),
        ("gongfu_devices", {"state": "registered"}, 119),
        ("gongfu_devices", {"state": "connected"}, 1),
        ("gongfu_devices", {"state": "seen"}, 2),
        ("gongfu_devices", {"state": "clock_wrong"}, 1),
        ("gongfu_incidents_open", {"workflow": "unack"}, 0),
        ("gongfu_disk_free_bytes", {}, 4_000),
        ("gongfu_store_bytes", {}, 500),
        ("gongfu_job_last_end_seconds", {"job": "backup"}, 2),
        ("gongfu_job_failing", {"job": "backup"}, 1),
        ("gongfu_notices_waiting", {"channel": "wecom"}, 4),
        ("gongfu_notices_sent", {"channel": "wecom"}, 3),
        ("gongfu_notices_failed", {"channel": "wecom"}, 2),
        ("gongfu_notices_flood", {"channel": "wecom"}, 1),
    ],
)
def test_a_figure_is_told(deps: ApiDeps, name: str, labels: dict[str, str], value: float) -> None:
    assert figures(deps)[name, tuple(labels.items())] == value


def test_what_a_process_cannot_know_is_left_out(deps: ApiDeps) -> None:
    names = {name for name, _ in figures(replace(deps, room=lambda: None))}
    assert not any(
        name.startswith(("gongfu_commit", "gongfu_forwarder", "gongfu_disk")) for name in names
    )


def test_commits_and_the_forwarder_are_told_where_they_run(deps: ApiDeps) -> None:
    flow = Flow(3, None, 10, 0.5, 0.04, 1, Forwarding("away", 4_000, 612.5))
    told = figures(replace(deps, flow=lambda: flow))
    assert told["gongfu_commit_seconds_count", ()] == 10
    assert told["gongfu_commit_seconds_sum", ()] == 0.5
    assert told["gongfu_commits_refused_total", ()] == 1
    assert told["gongfu_commit_waiting_messages", ()] == 3
    assert told["gongfu_commit_oldest_waiting_seconds", ()] == 0
    assert told["gongfu_forwarder_backlog_records", ()] == 4_000
    assert told["gongfu_forwarder_oldest_unsent_seconds", ()] == 612.5
    assert told["gongfu_forwarder_state", (("state", "away"),)] == 1
    assert told["gongfu_forwarder_state", (("state", "sending"),)] == 0


def test_names_of_figures_and_labels_say_their_unit_and_bear_no_surprises(deps: ApiDeps) -> None:
    flow = Flow(0, 1.0, 0, 0.0, 0.0, 0, Forwarding("sending", 0, None))
    for name, labels in figures(replace(deps, flow=lambda: flow)):
        assert name.startswith("gongfu_")
        assert len(labels) <= 1


def test_the_page_about_metrics_names_what_there_is_and_nothing_else(deps: ApiDeps) -> None:
    flow = Flow(0, 1.0, 0, 0.0, 0.0, 0, Forwarding("sending", 0, None))
    made = {name for name, _ in figures(replace(deps, flow=lambda: flow))}
    named = set(re.findall(r"\bgongfu_[a-z_]+[a-z]", METRICS_PAGE.read_text()))
    process = {name for name in made if name.startswith("gongfu_process_")}
    assert named - made == {"gongfu_process"}
    assert made - named - process == {"gongfu_commit_seconds_sum"}


def test_the_token_is_made_once_and_an_older_file_gets_one(tmp_path: Path) -> None:
    assert metrics_token(tmp_path) == ""
    load_secrets(tmp_path)
    token = metrics_token(tmp_path)
    assert len(token) >= 22  # 128 bits in base64
    path = tmp_path / "secrets.json"
    older = {name: told for name, told in json.loads(path.read_text()).items() if name != "metrics"}
    path.write_text(json.dumps(older))
    assert metrics_token(tmp_path) == ""
    load_secrets(tmp_path)
    assert metrics_token(tmp_path) not in ("", token)
    assert json.loads(path.read_text())["devices"] == older["devices"]


async def test_a_process_beside_the_worker_reads_what_waits_there(tmp_path: Path) -> None:
    flow = Flow(3, 0.25, 10, 0.5, 0.04, 1, Forwarding("away", 4_000, 612.5))
    path = tmp_path / FILE_NAME
    assert WorkerWatch(path).flow() is None
    beating = asyncio.create_task(beat(path, lambda: True, list, flow=lambda: flow))
    while not path.exists():
        await asyncio.sleep(0.01)
    beating.cancel()
    assert WorkerWatch(path).flow() == flow


def test_room_is_that_of_the_file_and_its_journal(tmp_path: Path) -> None:
    (tmp_path / "telemetry.db").write_bytes(b"x" * 10)
    (tmp_path / "telemetry.db-wal").write_bytes(b"x" * 5)
    room = room_at(tmp_path / "telemetry.db")
    assert room is not None
    assert room.store_bytes == 15
    assert room.free_bytes > 0
    assert room_at(tmp_path / "gone" / "telemetry.db") is None
