"""The parts of ``gongfu bench ingest``: a fair reference, a generator that keeps its ledger."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gongfu.bench import BENCHES, bench_named
from gongfu.bench import load_wire as wire
from gongfu.bench.ingest_lines import lines_of, sources
from gongfu.bench.ingest_runs import Stand, measure, prepare
from gongfu.bench.ingest_subject import Kind
from gongfu.bench.load_check import judge
from gongfu.bench.load_county import HISTORY_ROWS, METRICS, SITE, Script, device_id
from gongfu.bench.load_wire import WireError
from gongfu.bench.reference_pipeline import handle
from gongfu.bench.scenario_b import Look, figures, scenario_b, slope
from gongfu.telemetry import open_telemetry
from gongfu_broker.codec import decode_telemetry, encode
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.errors import PayloadError
from gongfu_broker.ports import Device, Message
from gongfu_ingest.line_protocol import Place, line_head, point_line, row_form
from gongfu_ingest.points import Point, Rank

BEGIN_MS = 1_795_300_000_000
SCRIPT = Script(devices=10, begin_ms=BEGIN_MS, warm=2)
PLACES, NUMBERS = st.integers(0, 9), st.integers(1, 100_000)


def topic(place: int) -> str:
    return f"clf/v1/{SITE}/{device_id(place)}/tel"


def parts(line: str) -> tuple[str, dict[str, int | float], str]:
    """Measurement and tags, fields (an integer has an i behind it), time."""
    head, fields, ts = line.split(" ")
    pairs = (field.split("=") for field in fields.split(","))
    told = {name: int(text[:-1]) if text[-1] == "i" else float(text) for name, text in pairs}
    return head, told, ts


def stored(point: tuple[int, int, tuple[float, int, float]], seq: int) -> Point:
    place, ts, values = point
    told = dict(zip(METRICS, map(float, values), strict=True))
    return Point(ts, device_id(place), Rank(1, seq, 0), told)


@given(PLACES, NUMBERS, st.integers(0, 100))
def test_ours_and_the_reference_make_the_same_line_of_a_message(
    place: int, seq: int, behind: int
) -> None:
    payload = SCRIPT.payload(place, seq, max(1, seq - behind))
    devices = {device_id(n): Device(device_id(n), SITE, DeviceKind.CABINET) for n in range(10)}
    ours = lines_of([Message(topic(place), payload)], sources(devices))
    reference = handle(topic(place), payload).lines
    assert [parts(line.decode()) for line in ours] == [parts(line) for line in reference]


VALUES = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 0.5]), st.floats(-60, 70))


@given(st.tuples(VALUES, VALUES, VALUES).filter(lambda row: row[0] is not None))
def test_a_row_makes_the_line_of_its_point_whatever_is_missing_or_unfit(
    values: tuple[float | None, ...],
) -> None:
    place = Place(DeviceKind.CABINET, SITE)
    bears = {name: value for name, value in zip(METRICS, values, strict=True) if value is not None}
    point = Point(BEGIN_MS, device_id(1), Rank(1, 2, 3), bears)
    line = row_form(METRICS).line(line_head(place, device_id(1)), values, (1, 2, 3, BEGIN_MS))
    assert line == point_line(place, point)
    assert (b"door_open" in line) == (values[1] in (0, 1))


@given(PLACES, NUMBERS)
def test_a_message_says_what_the_script_expects_in_the_store(place: int, seq: int) -> None:
    told = decode_telemetry(DeviceKind.CABINET, SCRIPT.payload(place, seq, 1))
    rows = [(sample.ts_ms, sample.values[:3]) for sample in told.samples]
    assert rows == SCRIPT.rows(place, seq)
    assert (told.boot, told.seq) == (1, seq)


DEV = device_id(1)
TOPIC = f"clf/v1/{SITE}/{DEV}/tel"
CELLS = st.one_of(VALUES, st.sampled_from([-1, 85.0, 1e300, "warm"]))
WIDE = st.lists(CELLS, max_size=len(METRICS) + 20)


@given(st.lists(WIDE, min_size=1, max_size=3))
def test_the_short_way_to_a_line_and_the_long_one_end_alike(told: list[list[object]]) -> None:
    known = sources({DEV: Device(DEV, SITE, DeviceKind.CABINET)})
    rows = [[dt_ms, *row] for dt_ms, row in enumerate(told)]
    payload = encode({"v": 1, "boot": 3, "seq": 4, "t0": BEGIN_MS, "s": rows})
    try:
        decoded = decode_telemetry(DeviceKind.CABINET, payload)
    except PayloadError:
        with pytest.raises(PayloadError):
            lines_of([Message(TOPIC, payload)], known)
        return
    names = [column.name for column in COLUMNS[1, DeviceKind.CABINET]]
    expected = [
        point_line(Place(DeviceKind.CABINET, SITE), Point(ts_ms, DEV, Rank(3, 4, index), bears))
        for index, (ts_ms, values) in enumerate(decoded.samples)
        for bears in ({n: v for n, v in zip(names, values, strict=True) if v is not None},)
    ]
    assert lines_of([Message(TOPIC, payload)], known) == expected


def test_a_warm_device_comes_back_with_more_than_an_hour_above_its_limit() -> None:
    rows = SCRIPT.rows(1, 2)
    assert len(rows) == HISTORY_ROWS
    assert min(values[0] for _, values in rows) > 8
    minutes = (SCRIPT.at_ms(1, 2) - rows[0][0]) / 60_000
    assert HISTORY_ROWS - 1 <= minutes < HISTORY_ROWS


@given(PLACES, NUMBERS, st.integers(0, 3_600_000))
def test_every_row_is_known_by_its_time(place: int, seq: int, waited_ms: int) -> None:
    script = replace(SCRIPT, first_ms=BEGIN_MS - waited_ms)
    for ts, _ in script.rows(place, seq):
        assume(seq == 1 or ts != script.at_ms(place, 1))
        assert script.seq_at(place, ts) == seq


def test_a_row_that_is_missing_or_says_something_else_is_a_lost_message(tmp_path: Path) -> None:
    telemetry = open_telemetry(tmp_path / "telemetry.db")
    rows = [(place, *SCRIPT.rows(place, seq)[0]) for place in (5, 6) for seq in (1, 2, 3)]
    good = [stored(row, 1) for row in rows]
    wrong = good[1]._replace(values={**good[1].values, METRICS[0]: 1.0})
    telemetry.store.write([good[0], wrong, *good[3:]])
    telemetry.close()
    acked = [0, 0, 0, 0, 0, 3, 3, 0, 0, 0]
    judged = judge(SCRIPT, acked, tmp_path / "telemetry.db")
    assert (judged.acknowledged, judged.lost) == (6, 2)


@given(st.lists(st.binary(max_size=300), max_size=8), st.data())
def test_packets_come_out_whole_however_the_bytes_were_cut(
    payloads: list[bytes], data: st.DataObject
) -> None:
    head = wire.topic_head(topic(1))
    stream = b"".join(wire.publish(head, n + 1, body) for n, body in enumerate(payloads))
    cut = data.draw(st.integers(0, len(stream)))
    buffer, found = bytearray(), []
    for piece in (stream[:cut], stream[cut:]):
        buffer += piece
        rest = 0
        for first, body in wire.packets(buffer):
            if first:
                found.append(bytes(body)[len(head) + 2 :])
            rest = len(body)
            body.release()
        del buffer[: len(buffer) - rest]
    assert found == payloads
    assert not buffer


def test_a_length_that_never_ends_is_refused() -> None:
    with pytest.raises(WireError, match="four bytes"):
        list(wire.packets(bytearray(b"\x30\xff\xff\xff\xff\xff")))


@given(st.floats(-1e3, 1e3), st.floats(-1e5, 1e5), st.integers(2, 50))
def test_the_slope_of_a_straight_line_is_its_slope(grows: float, start: float, count: int) -> None:
    assert slope([(x, start + grows * x) for x in range(count)]) == pytest.approx(grows, abs=1e-4)


def test_a_backlog_that_only_swings_is_flat_and_rates_are_of_what_was_committed() -> None:
    looks = [
        Look(n, 5_000 * n + 7_000, 5_000 * n, 5_000 * n - n % 2, 0.2 * n, 0.1 * n, 0.1 * n)
        for n in range(101)
    ]
    told = figures(looks)
    assert abs(told["backlog_slope"]) < 0.01
    assert (told["msg_per_s"], told["points_per_s"], told["cpu_pct"]) == (5_000, 15_000, 20)
    assert told["us_per_msg"] == 40


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    return prepare(tmp_path_factory.mktemp("bench"), 20)


@pytest.mark.parametrize("kind", [Kind.ALARMS, Kind.REFERENCE_COMMIT])
def test_every_message_of_a_run_is_acknowledged_and_stands_in_the_store(
    stand: Stand, kind: Kind
) -> None:
    measured = measure(stand, kind, 3)
    assert (measured.acknowledged, measured.lost) == (100, 0)
    assert measured.us > 0


def test_a_steady_county_loses_nothing_and_its_warm_devices_raise_incidents(stand: Stand) -> None:
    told = scenario_b(stand, 12)
    assert told["lost"] == told["duplicated"] == 0
    assert told["acknowledged"] == told["sent"] == 20 * 13
    assert told["incidents"] > 0
    assert msgspec.json.encode(told)


@pytest.mark.parametrize("name", BENCHES)
def test_every_bench_that_is_named_is_there(name: str) -> None:
    assert callable(bench_named(name))
