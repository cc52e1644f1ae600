"""Moments become numbered messages in one numbering."""

from gongfu_broker.codec import decode_event, decode_telemetry
from gongfu_broker.columns import DeviceKind
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.moment import Moment
from gongfu_firmware_sim.outbox import Outbox, Pace
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.ring import Stored

T0 = 1_762_560_000_000


def recorder() -> Recorder:
    return Recorder(7, "cab-0001", Outbox(4, {}, pace=Pace()))


def record(recorder: Recorder, *moments: Moment, offset_ms: int = 0) -> list[Stored]:
    return [
        message
        for moment in moments
        for message in recorder.record(moment, offset_ms=offset_ms, now_s=0.0)
    ]


MORNING = (
    Moment(T0, (3.5, 0)),
    Moment(T0 + 7_001, (None, 1), 1),
    Moment(T0 + 60_000, (3.6, 1), None, closes=True),
)


def test_rows_wait_for_the_closing_one_and_an_edge_is_told_at_once() -> None:
    event, batch = record(recorder(), *MORNING)
    assert (event.leaf, event.seq, batch.leaf, batch.seq) == (Leaf.EVT, 1, Leaf.TEL, 2)
    told = decode_telemetry(DeviceKind.CABINET, batch.payload)
    assert (told.boot, told.seq, told.lo) == (4, 2, 1)
    assert [sample.ts_ms - T0 for sample in told.samples] == [0, 7_001, 60_000]
    assert told.faults == ()


def test_an_edge_becomes_an_event_with_a_name_of_its_own() -> None:
    mine = recorder()
    first, _ = record(mine, *MORNING)
    second, _ = record(mine, *MORNING)
    event = decode_event(first.payload)
    assert (event.kind, event.ts, dict(event.data)) == (
        "door",
        T0 + 7_001,
        {"open": 1},
    )
    assert event.id != decode_event(second.payload).id
    again, _ = record(recorder(), *MORNING)
    assert again == first


def test_a_wrong_clock_shifts_every_stamp_of_the_message() -> None:
    event, batch = record(recorder(), *MORNING, offset_ms=-3_600_500)
    told = decode_telemetry(DeviceKind.CABINET, batch.payload)
    assert told.samples[0].ts_ms == T0 - 3_600_500
    assert decode_event(event.payload).ts == T0 + 7_001 - 3_600_500
