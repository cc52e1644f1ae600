"""One device cannot say so much that others suffer, and loses nothing by being refused."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.columns import DeviceKind
from gongfu_broker.payloads import Reason
from gongfu_broker.ports import Device
from gongfu_ingest.commit import Committer, DueAck, Limits
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.messages import Draft
from gongfu_ingest.rate import BACKWARDS_MS, SIZE_BYTES, STATE_RESERVE, Bucket, RateLimit
from gongfu_ingest.reports import Reports

NOW = 1_763_424_000_000
LOUD, CALM = "clf/v1/hangzhou/cab-0001", "clf/v1/hangzhou/cab-0002"
ROOM = 20


class Registry:
    def devices(self) -> Mapping[str, Device]:
        names = ("cab-0001", "cab-0002")
        return {name: Device(name, "hangzhou", DeviceKind.CABINET) for name in names}


class Ingest:
    """A committer with little room, over a real database."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        log = TelemetryLog(self.database)
        limit = RateLimit(4.0, live_room=ROOM, late_room=5 * ROOM)
        self.committer = Committer(self.database, log, Registry(), Limits(rate=limit))
        self.reports = Reports(self.database, log)

    def take(self, *messages: tuple[str, bytes], at: int = NOW) -> list[DueAck]:
        return self.committer.commit([Draft(topic, body, at) for topic, body in messages])

    def limited(self) -> int:
        return self.reports.dead_letter_counts().get(Reason.RATE_LIMITED, 0)

    def accepted(self) -> int:
        return self.reports.counters().get("accepted", 0)


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    made = Ingest(tmp_path / "telemetry.db")
    yield made
    made.database.close()


def batch(seq: int, padding: int = 0) -> bytes:
    body = {"v": 1, "boot": 1, "seq": seq, "t0": NOW - 60_000 + seq, "s": [[0, 4.0]]}
    return json.dumps({**body, **({"x": "x" * padding} if padding else {})}).encode()


def flood(first: int, last: int, leaf: str = "tel") -> list[tuple[str, bytes]]:
    return [(f"{LOUD}/{leaf}", batch(seq)) for seq in range(first, last + 1)]


def test_a_flood_is_cut_off_and_the_device_beside_it_notices_nothing(ingest: Ingest) -> None:
    calm = [(f"{CALM}/tel", batch(seq)) for seq in range(1, ROOM + 1)]
    due = ingest.take(*flood(1, 500), *calm)
    assert {ack.dev: ack.seq for ack in due} == {"cab-0001": ROOM, "cab-0002": ROOM}
    assert ingest.limited() == 500 - ROOM
    assert ingest.reports.counters()["rejected"] == 500 - ROOM


def test_what_was_refused_is_not_acknowledged_and_is_taken_when_it_comes_again(
    ingest: Ingest,
) -> None:
    (due,) = ingest.take(*flood(1, ROOM + 8))
    assert due.seq == ROOM
    assert ingest.take(*flood(ROOM + 1, ROOM + 8)) == []
    (due,) = ingest.take(*flood(ROOM + 1, ROOM + 8), at=NOW + 2_000)
    assert due.seq == ROOM + 8
    assert "lost" not in ingest.reports.counters()


def test_a_flood_is_one_row_of_the_dead_letters_per_topic(ingest: Ingest) -> None:
    ingest.take(*flood(1, 100))
    ingest.take(*flood(200, 300), at=NOW + 1_000)
    (letter,) = ingest.reports.dead_letters()
    assert (letter.reason, letter.times) == (Reason.RATE_LIMITED, 201 - ROOM - 4)
    assert letter.payload == batch(ROOM + 1)
    assert "cab-0001 sends more than 4 messages a second" in letter.detail


def test_malformed_messages_are_paid_for_too(ingest: Ingest) -> None:
    ingest.take(*[(f"{LOUD}/tel", b"no json %d" % n) for n in range(100)])
    assert ingest.reports.dead_letter_counts() == {
        Reason.MALFORMED: ROOM,
        Reason.RATE_LIMITED: 100 - ROOM,
    }


def test_a_backlog_has_room_of_its_own(ingest: Ingest) -> None:
    ingest.take(*flood(1, 5 * ROOM, "bf"))
    ingest.take(*flood(5 * ROOM + 1, 6 * ROOM))
    assert ingest.limited() == 0
    ingest.take(*flood(6 * ROOM + 1, 6 * ROOM + 3, "bf"))
    assert ingest.limited() == 3


def test_a_long_message_counts_as_several(ingest: Ingest) -> None:
    long = [(f"{LOUD}/tel", batch(seq, 4 * SIZE_BYTES)) for seq in range(1, 6)]
    ingest.take(*long)
    assert ingest.accepted() == ROOM // 5


def test_a_birth_passes_a_bucket_that_a_flood_has_emptied_but_not_for_ever(ingest: Ingest) -> None:
    ingest.take(*flood(1, 2 * ROOM))
    births = [
        (f"{LOUD}/state", json.dumps({"online": 1, "boot": 1, "conn": conn}).encode())
        for conn in range(1, STATE_RESERVE + 10)
    ]
    (due,) = ingest.take(*births)
    assert (due.boot, due.seq) == (1, ROOM)
    assert ingest.limited() == ROOM + 9


def test_what_the_broker_kept_from_earlier_is_nobodys_haste(ingest: Ingest) -> None:
    ingest.take(*flood(1, 2 * ROOM))
    late = [Draft(f"{LOUD}/tel", batch(99), NOW, retained=True)]
    assert [ack.seq for ack in ingest.committer.commit(late)] == [ROOM]
    assert ingest.accepted() == ROOM + 1


def test_a_batch_the_disk_refused_is_not_paid_for_twice(ingest: Ingest) -> None:
    ingest.database.writer.execute("PRAGMA query_only = ON")
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError):
            ingest.take(*flood(1, ROOM))
    ingest.database.writer.execute("PRAGMA query_only = OFF")
    assert ingest.take(*flood(1, ROOM))[0].seq == ROOM
    assert ingest.limited() == 0


def test_without_a_limit_a_device_may_say_what_it_likes(tmp_path: Path) -> None:
    database = Database(tmp_path / "telemetry.db")
    committer = Committer(database, TelemetryLog(database), Registry())
    drafts = [Draft(topic, body, NOW) for topic, body in flood(1, 3_000)]
    assert committer.commit(drafts)[0].seq == 3_000
    database.close()


def test_a_clock_that_is_set_back_shuts_nobody_out() -> None:
    bucket = Bucket(step_ms=250.0, room_ms=250.0 * ROOM)
    while bucket.spend("cab-0001", NOW, 100):
        pass
    hour_before = NOW - 3_600_000
    assert bucket.spend("cab-0001", hour_before, 100)
    assert not bucket.spend("cab-0001", hour_before + 1, 2**20)


def test_two_lanes_out_of_order_do_not_fill_a_bucket() -> None:
    bucket = Bucket(step_ms=250.0, room_ms=250.0 * ROOM)
    while bucket.spend("cab-0001", NOW, 100):
        pass
    assert not bucket.spend("cab-0001", NOW - BACKWARDS_MS, 100)


waits_ms = st.lists(st.integers(0, 2_000), min_size=1, max_size=200)


@given(waits_ms, st.integers(1, 30), st.sampled_from([0.5, 4.0, 7.0]))
def test_no_stretch_of_time_lets_more_through_than_room_and_rate(
    waits: list[int], room: int, per_s: float
) -> None:
    bucket = RateLimit(per_s, live_room=room).live
    passed, at_ms = [], NOW
    for wait_ms in waits:
        at_ms += wait_ms
        if bucket.spend("cab-0001", at_ms, 100):
            passed.append(at_ms)
    for first, begin_ms in enumerate(passed):
        for last in range(first, len(passed)):
            seconds = (passed[last] - begin_ms) / 1000
            assert last - first + 1 <= room + seconds * per_s + 1e-6


@given(waits_ms)
def test_a_device_within_its_rate_is_never_refused(waits: list[int]) -> None:
    bucket, at_ms = RateLimit(4.0, live_room=1).live, NOW
    for wait_ms in waits:
        at_ms += 250 + wait_ms
        assert bucket.spend("cab-0001", at_ms, SIZE_BYTES - 1)
