"""What becomes of every kind of message, through the whole pipeline and one real commit."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_broker.columns import DeviceKind
from gongfu_broker.payloads import Reason
from gongfu_broker.ports import Device
from gongfu_broker.topics import Leaf
from gongfu_ingest.commit import Committer, DueAck
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.messages import Draft
from gongfu_ingest.reports import Reports
from gongfu_ingest.stores.embedded import EmbeddedStore

NOW = 1_763_424_000_000
END = 4_000_000_000_000
TEL = "clf/v1/hangzhou/cab-0001/tel"


class Registry:
    """Two registered devices."""

    def devices(self) -> Mapping[str, Device]:
        return {
            "cab-0001": Device("cab-0001", "hangzhou", DeviceKind.CABINET),
            "veh-0001": Device("veh-0001", "quzhou", DeviceKind.TRUCK),
        }


class Ingest:
    """A committer over a real database, and what it left there."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.log = TelemetryLog(self.database)
        self.committer = Committer(self.database, self.log, Registry())
        self.store = EmbeddedStore(self.database)
        self.reports = Reports(self.database, self.log)

    def take(self, *messages: tuple[str, bytes], at: int = NOW) -> list[DueAck]:
        return self.committer.commit([Draft(topic, body, at) for topic, body in messages])

    def reasons(self) -> dict[str, int]:
        return self.reports.dead_letter_counts()

    def series(self) -> list[tuple[int, float]]:
        return self.store.series("cab-0001", "zone_1_celsius", 0, END)


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    made = Ingest(tmp_path / "telemetry.db")
    yield made
    made.database.close()


def batch(seq: int, *, boot: int = 1, lo: int = 1, t0: int = NOW, celsius: float = 4.0) -> bytes:
    body = {"v": 1, "boot": boot, "seq": seq, "lo": lo, "t0": t0 + seq, "s": [[0, celsius, 0]]}
    return json.dumps(body).encode()


def test_a_batch_is_logged_projected_and_acknowledged(ingest: Ingest) -> None:
    body = b'{"v":1,"boot":17,"seq":1,"lo":1,"t0":%d,"s":[[0,3.42,0,12.714],[5000,0,0,12.7]]}' % NOW
    assert ingest.take((TEL, body)) == [DueAck("hangzhou", "cab-0001", 17, 1)]
    assert ingest.series() == [(NOW, 3.42), (NOW + 5000, 0.0)]
    (record,) = ingest.log.read(0, 10)
    assert (record.dev, record.leaf, record.boot, record.mseq) == ("cab-0001", Leaf.TEL, 17, 1)
    assert record.payload == body


def test_unknown_fields_are_kept_in_the_log(ingest: Ingest) -> None:
    body = json.dumps({**json.loads(batch(1)), "vendor": {"x": 1}}).encode()
    ingest.take((TEL, body))
    assert json.loads(ingest.log.read(0, 1)[0].payload)["vendor"] == {"x": 1}


def test_a_simple_device_may_send_one_object_and_gets_no_acknowledgement(ingest: Ingest) -> None:
    assert ingest.take((TEL, b'{"ts":%d,"tc":0}' % NOW)) == []
    assert ingest.series() == [(NOW, 0.0)]


def test_a_duplicate_is_acknowledged_again_and_stored_once(ingest: Ingest) -> None:
    first = ingest.take((TEL, batch(1)))
    again = ingest.take((TEL, batch(1)), ("clf/v1/hangzhou/cab-0001/bf", batch(1)))
    assert first == again
    assert len(ingest.log.read(0, 10)) == 1
    assert ingest.reports.counters()["duplicates"] == 2


def test_the_acknowledgement_waits_for_the_gap(ingest: Ingest) -> None:
    assert ingest.take((TEL, batch(2)))[0].seq == 0
    assert ingest.take((TEL, batch(4)))[0].seq == 0
    assert ingest.take((TEL, batch(1)))[0].seq == 2
    assert ingest.take((TEL, batch(3)))[0].seq == 4


def test_what_a_device_no_longer_has_is_counted_as_lost_and_passed_over(ingest: Ingest) -> None:
    assert ingest.take((TEL, batch(10, lo=8)))[0].seq == 7
    assert ingest.reports.counters()["lost"] == 7


def test_a_number_used_twice_with_another_payload_is_quarantined_and_acknowledged(
    ingest: Ingest,
) -> None:
    ingest.take((TEL, batch(1)))
    assert ingest.take((TEL, batch(1, celsius=9.0)))[0].seq == 1
    assert ingest.reasons() == {Reason.SEQ_CONFLICT: 1}
    assert [value for _, value in ingest.series()] == [4.0]


def test_a_raised_lo_does_not_make_a_repeated_message_another_one(ingest: Ingest) -> None:
    ingest.take((TEL, batch(5)))
    ingest.take((TEL, batch(5, lo=4)))
    assert ingest.reasons() == {}
    assert ingest.reports.counters()["duplicates"] == 1


def test_a_conflict_inside_one_batch_is_found_too(ingest: Ingest) -> None:
    ingest.take((TEL, batch(1)), (TEL, batch(1, celsius=9.0)), (TEL, batch(1)))
    assert ingest.reasons() == {Reason.SEQ_CONFLICT: 1}
    assert ingest.reports.counters()["duplicates"] == 1


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("clf/v1/hangzhou/cab-0001/nonsense", b"{}", Reason.UNKNOWN_TOPIC),
        ("clf/v1/hangzhou/cab-0001/ack", b"{}", Reason.UNKNOWN_TOPIC),
        ("clf/v2/hangzhou/cab-0001/tel", b"{}", Reason.UNKNOWN_TOPIC),
        ("clf/v1/hangzhou/CAB-0001/tel", b"{}", Reason.UNKNOWN_TOPIC),
        ("clf/v1/hangzhou/cab-0001/tel/x", b"{}", Reason.UNKNOWN_TOPIC),
        ("", b"", Reason.UNKNOWN_TOPIC),
        ("clf/v1/hangzhou/cab-0999/tel", batch(1), Reason.UNREGISTERED),
        ("clf/v1/quzhou/cab-0001/tel", batch(1), Reason.WRONG_SITE),
        (TEL, b"", Reason.MALFORMED),
        (TEL, b"not json", Reason.MALFORMED),
        (TEL, b"\xff\xfe\x00", Reason.MALFORMED),
        (TEL, b"[]", Reason.MALFORMED),
        (TEL, b"null", Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":1,"seq":1,"t0":NaN,"s":[[0,4]]}', Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":1,"seq":0,"t0":1,"s":[[0,4]]}', Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":-1,"seq":1,"t0":1,"s":[[0,4]]}', Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":1,"seq":1,"t0":1,"s":[]}', Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":1,"seq":1,"t0":1,"s":[[]]}', Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":1,"seq":1,"t0":1,"s":[[0,"4"]]}', Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":1,"seq":1,"t0":1,"s":[[0,true]]}', Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":1,"seq":1,"t0":1,"s":[[-5,4]]}', Reason.MALFORMED),
        (TEL, b'{"v":1,"boot":1,"seq":1,"t0":1,"s":[[1e308,4]]}', Reason.MALFORMED),
        (TEL, b'{"v":2,"boot":1,"seq":1,"t0":1,"s":[[0,4]]}', Reason.UNKNOWN_VERSION),
        (TEL, b'{"ts":-1,"tc":4}', Reason.MALFORMED),
        (TEL, b'{"ts":"now","tc":4}', Reason.MALFORMED),
        (TEL, b'{"ts":1763424000000}', Reason.MALFORMED),
        (TEL, b'{"ts":1763424000000,"tc":"warm"}', Reason.MALFORMED),
        (TEL, b"[" * 100_000, Reason.MALFORMED),
        (TEL, b" " * 300_000, Reason.TOO_LARGE),
        (TEL, batch(1, t0=NOW + 400_000), Reason.CLOCK_AHEAD),
        (TEL, batch(1, t0=0), Reason.CLOCK_UNSET),
        (TEL, batch(1, celsius=882.6).replace(b", 0]", b"]"), Reason.OUT_OF_RANGE),
        ("clf/v1/hangzhou/cab-0001/state", b'{"online":2,"boot":1,"conn":1}', Reason.MALFORMED),
        ("clf/v1/hangzhou/cab-0001/evt", b'{"v":1}', Reason.MALFORMED),
        ("clf/v1/hangzhou/cab-0001/res", b'{"id":"a","st":"maybe"}', Reason.MALFORMED),
    ],
)
def test_a_bad_message_is_quarantined_with_its_reason_between_good_ones(
    ingest: Ingest, topic: str, body: bytes, reason: Reason
) -> None:
    ingest.take((TEL, batch(2)), (topic, body), (TEL, batch(3)))
    assert ingest.reasons() == {reason: 1}
    assert len(ingest.series()) == 2
    (letter,) = ingest.reports.dead_letters()
    assert letter.detail
    assert letter.topic == topic
    assert letter.payload == body[: 64 * 1024]


def test_the_same_bad_message_again_is_counted_not_multiplied(ingest: Ingest) -> None:
    for _ in range(3):
        ingest.take((TEL, b"not json"))
    assert [letter.times for letter in ingest.reports.dead_letters()] == [3]


def test_a_quarantined_number_is_acknowledged_so_that_the_device_can_go_on(ingest: Ingest) -> None:
    assert ingest.take((TEL, batch(1, t0=0)))[0].seq == 1
    assert ingest.take((TEL, batch(2)))[0].seq == 2


def test_an_impossible_value_is_left_out_counted_and_the_rest_is_kept(ingest: Ingest) -> None:
    body = b'{"v":1,"boot":1,"seq":1,"t0":%d,"s":[[0,85.0,1],[1000,4.5,0]]}' % NOW
    ingest.take((TEL, body))
    assert ingest.series() == [(NOW + 1000, 4.5)]
    assert ingest.store.series("cab-0001", "door_open", 0, END) == [(NOW, 1.0), (NOW + 1000, 0.0)]
    assert ingest.reasons() == {Reason.OUT_OF_RANGE: 1}
    assert ingest.reports.counters()["blanked_values"] == 1


def birth(*, boot: int, conn: int, online: int = 1) -> tuple[str, bytes]:
    body = {"online": online, "boot": boot, "conn": conn, "fw": "1.0" if online else ""}
    return "clf/v1/hangzhou/cab-0001/state", json.dumps(body).encode()


def test_a_birth_is_answered_with_what_is_durable(ingest: Ingest) -> None:
    ingest.take((TEL, batch(1)), (TEL, batch(2)))
    assert ingest.take(birth(boot=1, conn=1)) == [DueAck("hangzhou", "cab-0001", 1, 2)]
    assert ingest.take(birth(boot=2, conn=2)) == [DueAck("hangzhou", "cab-0001", 2, 0)]


def test_a_late_will_does_not_mark_a_reconnected_device_offline(ingest: Ingest) -> None:
    ingest.take(birth(boot=1, conn=1), birth(boot=1, conn=2), birth(boot=1, conn=1, online=0))
    assert ingest.reports.links()["cab-0001"].online
    ingest.take(birth(boot=1, conn=2, online=0))
    link = ingest.reports.links()["cab-0001"]
    assert (link.online, link.fw) == (False, "1.0")


def test_a_retained_birth_is_no_sign_of_life(ingest: Ingest) -> None:
    topic, body = birth(boot=1, conn=1)
    ingest.committer.commit([Draft(topic, body, NOW, retained=True)])
    assert ingest.reports.links()["cab-0001"].heard_ms is None
    ingest.take((TEL, batch(1)))
    assert ingest.reports.links()["cab-0001"].heard_ms == NOW


def test_a_last_will_is_no_sign_of_life(ingest: Ingest) -> None:
    ingest.committer.commit([Draft(*birth(boot=1, conn=1), NOW)])
    ingest.committer.commit([Draft(*birth(boot=1, conn=1, online=0), NOW + 3_600_000)])
    link = ingest.reports.links()["cab-0001"]
    assert (link.online, link.heard_ms) == (False, NOW)


def test_a_failed_commit_changes_nothing_and_can_be_repeated(ingest: Ingest) -> None:
    ingest.database.writer.execute("PRAGMA query_only = ON")
    with pytest.raises(Exception, match="readonly"):
        ingest.take((TEL, batch(1)))
    ingest.database.writer.execute("PRAGMA query_only = OFF")
    assert ingest.take((TEL, batch(1)))[0].seq == 1
    assert len(ingest.series()) == 1


def test_dedupe_survives_a_restart(tmp_path: Path) -> None:
    first = Ingest(tmp_path / "telemetry.db")
    first.take((TEL, batch(1)), (TEL, batch(3)))
    first.database.close()
    second = Ingest(tmp_path / "telemetry.db")
    assert second.take((TEL, batch(3)), (TEL, batch(2)))[0].seq == 3
    assert second.reports.counters()["duplicates"] == 1
    second.database.close()


deliveries = st.lists(st.integers(1, 12), min_size=1, max_size=40)


@settings(deadline=None, max_examples=30)
@given(deliveries, st.integers(1, 5))
def test_any_order_repetition_and_batching_gives_the_same_store(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], size: int
) -> None:
    one = Ingest(tmp_path_factory.mktemp("a") / "telemetry.db")
    other = Ingest(tmp_path_factory.mktemp("b") / "telemetry.db")
    one.take(*[(TEL, batch(seq)) for seq in sorted(set(order))])
    for start in range(0, len(order), size):
        other.take(*[(TEL, batch(seq)) for seq in order[start : start + size]])
    assert list(one.store.export(0, END)) == list(other.store.export(0, END))
    assert one.store.last() == other.store.last()
    assert one.take((TEL, batch(1)))[0].seq == other.take((TEL, batch(1)))[0].seq
    one.database.close()
    other.database.close()
