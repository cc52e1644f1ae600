"""One suite for every telemetry store."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_ingest.database import Database
from gongfu_ingest.errors import StoreError
from gongfu_ingest.points import Latest, Point, Rank, WriteResult
from gongfu_ingest.ports import TelemetryStore
from gongfu_ingest.stores.embedded import EmbeddedStore
from gongfu_ingest.stores.influx.store import InfluxStore
from gongfu_ingest.stores.influx.target import InfluxTarget
from gongfu_ingest.stores.memory import MemoryStore
from tests.influx.county import County
from tests.influx.servers import Server, influxd, mapping_proxy, running, victoria_metrics

METRIC = "zone_1_celsius"
END = 4_000_000_000_000
T0 = 1_760_000_000_000

LAST_WINS = "the last row written wins: ranks are resolved before rows are sent"
CANNOT = {
    "test_rows_that_are_there_already_are_not_counted_as_written": (
        "InfluxDB does not tell new rows from repeated ones"
    ),
    "test_two_rows_at_one_time_resolve_value_by_value_by_rank_and_are_counted": LAST_WINS,
    "test_expired_rows_are_gone_and_the_rest_stays": "each server forgets by its own retention",
}
NO_INFLUXQL = "VictoriaMetrics answers no InfluxQL; tests/influx reads it in its own language"


class AlwaysFolded(EmbeddedStore):
    """The embedded store with nothing hot: every write ends in the blocks."""

    def write(self, points: Sequence[Point]) -> WriteResult:
        result = super().write(points)
        self.refresh_last()
        self.fold(END)
        return result


EMBEDDED = {"embedded": EmbeddedStore, "embedded-folded": AlwaysFolded}


@pytest.fixture(params=["memory", *EMBEDDED, "influxd-v1", "influxd-v2-proxy", "victoria-metrics"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TelemetryStore]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param in EMBEDDED:
        database = Database(tmp_path / "telemetry.db")
        yield EMBEDDED[request.param](database)
        database.close()
    else:
        skip_what_the_engine_cannot(request)
        with (
            empty_target(request) as target,
            InfluxStore(target, County(), page_rows=5) as influx,
        ):
            yield influx


def skip_what_the_engine_cannot(request: pytest.FixtureRequest) -> None:
    name = request.function.__name__
    if name in CANNOT:
        pytest.skip(f"InfluxDB: {CANNOT[name]}")
    if request.param == "victoria-metrics" and "makes_no_sense" not in name:
        pytest.skip(NO_INFLUXQL)


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(influxd(tmp_path_factory.mktemp("influxd"))) as server:
        yield server


@pytest.fixture(scope="session")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(victoria_metrics(tmp_path_factory.mktemp("victoria"))) as server:
        yield server


@contextmanager
def empty_target(request: pytest.FixtureRequest) -> Iterator[InfluxTarget]:
    """One of the engines, with an empty database."""
    if request.param == "victoria-metrics":
        yield InfluxTarget(request.getfixturevalue("victoria").url)
        return
    server: Server = request.getfixturevalue("influx_server")
    bucket = server.fresh()
    if request.param == "influxd-v1":
        yield InfluxTarget(server.url, "v1", bucket=bucket)
        return
    with mapping_proxy(server) as proxy:
        yield InfluxTarget(proxy, bucket=bucket)


def point(ts: int, value: float, *, dev: str = "cab-0001", seq: int = 1, **more: float) -> Point:
    return Point(ts, dev, Rank(1, seq, 0), {METRIC: value, **more})


def test_what_was_written_is_read_back_in_order_of_time(store: TelemetryStore) -> None:
    store.write([point(3, 1.5), point(1, 0.0), point(2, -18.25)])
    assert store.series("cab-0001", METRIC, 0, END) == [(1, 0.0), (2, -18.25), (3, 1.5)]


def test_a_range_includes_its_start_and_excludes_its_end(store: TelemetryStore) -> None:
    store.write([point(ts, float(ts)) for ts in (1, 2, 3)])
    assert store.series("cab-0001", METRIC, 2, 3) == [(2, 2.0)]


def test_writing_a_row_again_changes_nothing(store: TelemetryStore) -> None:
    rows = [point(1, 4.0), point(2, 5.0)]
    assert store.write(rows).written == 2
    assert store.write(rows).conflicts == 0
    assert store.health().rows == 2
    assert list(store.export(0, END)) == rows


def test_rows_that_are_there_already_are_not_counted_as_written(store: TelemetryStore) -> None:
    rows = [point(1, 4.0), point(2, 5.0)]
    assert store.write(rows).written == 2
    assert store.write(rows).written == 0


def test_the_newest_value_wins_in_last_even_when_an_older_one_comes_later(
    store: TelemetryStore,
) -> None:
    store.write([point(10, 4.0, humidity_percent=80.0)])
    store.write([point(5, 9.0)])
    assert store.last()["cab-0001"][METRIC] == Latest(10, 4.0)
    store.write([point(11, -1.0)])
    newest = store.last(["cab-0001"])["cab-0001"]
    assert newest == {METRIC: Latest(11, -1.0), "humidity_percent": Latest(10, 80.0)}
    assert store.last(["cab-0002"]) == {}


def test_two_rows_at_one_time_resolve_value_by_value_by_rank_and_are_counted(
    store: TelemetryStore,
) -> None:
    low = Point(7, "veh-0001", Rank(1, 4, 0), {METRIC: 3.0, "humidity_percent": 70.0})
    high = Point(7, "veh-0001", Rank(1, 9, 0), {METRIC: 4.0})
    assert store.write([high]).conflicts == 0
    assert store.write([low]).conflicts == 1
    assert store.series("veh-0001", METRIC, 0, END) == [(7, 4.0)]
    assert store.series("veh-0001", "humidity_percent", 0, END) == [(7, 70.0)]
    assert store.health().conflicts == 1
    assert store.write([low, high]).written == 0


rows = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(1, 6),
        st.dictionaries(
            st.sampled_from([METRIC, "humidity_percent", "door_open"]),
            st.floats(-50, 50).map(lambda x: round(x, 2)),
            min_size=1,
        ),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(rows, st.integers(0, 2**32))
def test_both_stores_agree_under_any_order_and_repetition(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[tuple[int, int, dict[str, float]]],
    seed: int,
) -> None:
    unique = {(ts, seq): Point(T0 + ts, "cab-0001", Rank(1, seq, 0), v) for ts, seq, v in drawn}
    points = list(unique.values())
    shuffled = [*points, *points[:3]]
    random.Random(seed).shuffle(shuffled)
    database = Database(tmp_path_factory.mktemp("store") / "telemetry.db")
    memory, embedded = MemoryStore(), EmbeddedStore(database)
    memory.write(points)
    for row in shuffled:
        embedded.write([row])
    assert list(memory.export(0, END)) == list(embedded.export(0, END))
    assert memory.last() == embedded.last()
    assert memory.health().rows == embedded.health().rows
    assert memory.health().conflicts == embedded.health().conflicts
    database.close()


def test_windows_are_aligned_and_empty_ones_left_out(store: TelemetryStore) -> None:
    store.write([point(ts, value) for ts, value in ((60, 1.0), (119, 3.0), (240, -5.0))])
    found = store.windows("cab-0001", METRIC, start_ms=0, end_ms=END, every_ms=60)
    assert [tuple(w) for w in found] == [(60, 2, 1.0, 3.0, 2.0), (240, 1, -5.0, -5.0, -5.0)]


def test_exceedances_split_at_gaps_and_at_good_samples(store: TelemetryStore) -> None:
    values = [(0, 9.0), (1, 9.5), (2, 8.0), (3, 8.1), (20, 8.5)]
    store.write([point(T0 + ts, value) for ts, value in values])
    store.write([point(T0 + 1, 0.0, dev="cab-0002"), point(T0 + 2, 12.0, dev="cab-0003")])
    found = store.exceedances(METRIC, 8.0, start_ms=0, end_ms=END, max_gap_ms=10)
    assert [(e.dev, e.begin_ms - T0, e.end_ms - T0, e.peak, e.n) for e in found] == [
        ("cab-0001", 0, 1, 9.5, 2),
        ("cab-0003", 2, 2, 12.0, 1),
        ("cab-0001", 3, 3, 8.1, 1),
        ("cab-0001", 20, 20, 8.5, 1),
    ]


@pytest.mark.parametrize("limit", [0.0, -18.0])
def test_limits_of_zero_and_below_work(store: TelemetryStore, limit: float) -> None:
    store.write([point(1, limit - 0.1), point(2, limit), point(3, limit + 0.1)])
    found = store.exceedances(METRIC, limit, start_ms=0, end_ms=END, max_gap_ms=10)
    assert [(e.begin_ms, e.peak) for e in found] == [(3, limit + 0.1)]


def test_expired_rows_are_gone_and_the_rest_stays(store: TelemetryStore) -> None:
    store.write([point(ts, 1.0) for ts in (1, 2, 3)])
    assert store.expire(3) == 2
    assert store.series("cab-0001", METRIC, 0, END) == [(3, 1.0)]


@pytest.mark.parametrize(
    ("ts", "values", "why"),
    [
        (-1, {METRIC: 1.0}, "time"),
        (2**60, {METRIC: 1.0}, "time"),
        (1, {METRIC: float("nan")}, "nan"),
        (1, {METRIC: float("inf")}, "inf"),
        (1, {}, "no value"),
        (1, {"warmth": 1.0}, "unknown metric"),
    ],
)
def test_a_row_that_cannot_be_stored_is_named_and_the_others_are_kept(
    store: TelemetryStore, ts: int, values: dict[str, float], why: str
) -> None:
    bad = Point(ts, "cab-0001", Rank(1, 1, 0), values)
    result = store.write([bad, point(5, 2.0)])
    assert result.written == 1
    assert [item.point for item in result.rejected] == [bad]
    assert why in result.rejected[0].why
    assert store.series("cab-0001", METRIC, 0, END) == [(5, 2.0)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: s.series("cab-0001", "x; DROP TABLE hot", 0, 1),
        lambda s: s.windows("cab-0001", METRIC, start_ms=0, end_ms=1, every_ms=0),
        lambda s: s.exceedances("warmth", 1.0, start_ms=0, end_ms=1, max_gap_ms=1),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    store: TelemetryStore, ask: Callable[[TelemetryStore], object]
) -> None:
    with pytest.raises(StoreError):
        ask(store)


def test_an_empty_store_answers_with_nothing(store: TelemetryStore) -> None:
    assert store.last() == {}
    assert store.series("cab-0001", METRIC, 0, END) == []
    assert list(store.export(0, END)) == []
    assert store.health()[:3] == (0, None, None)
