"""Whatever happens in whatever order, the embedded store answers as the store in memory does."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gongfu_broker.ports import Window
from gongfu_ingest.database import Database
from gongfu_ingest.points import Latest, Point, Rank
from gongfu_ingest.stores.embedded import EmbeddedStore
from gongfu_ingest.stores.memory import MemoryStore

HOUR = 3_600_000
T0 = 1_760_000_400_000 - 1_760_000_400_000 % HOUR
END = 4_000_000_000_000
DEVS = ("cab-0001", "veh-0001")
METRICS = ("zone_1_celsius", "humidity_percent", "lat_deg")

# Few moments, so that rows meet; some at the very edges of hours.
moments = st.builds(
    lambda hour, at: T0 + hour * HOUR + at,
    st.integers(0, 3),
    st.sampled_from([0, 1, 4_999, 5_000, 600_000, 1_800_000, HOUR - 1]),
)
values = st.dictionaries(
    st.sampled_from(METRICS),
    st.integers(-300, 300).map(lambda n: n / 10) | st.floats(-1e6, 1e6),
    min_size=1,
)
ranks = st.builds(Rank, st.integers(1, 2), st.integers(1, 8), st.integers(0, 1))
keys = st.tuples(moments, st.sampled_from(DEVS), ranks)
# One rank at one place is one row: the dedupe stage sees to that.
batches = st.dictionaries(keys, values, max_size=12)


class StoreMachine(RuleBasedStateMachine):
    """The same writes to both; folding, refreshing, reopening change nothing that can be read."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "telemetry.db"
        self.memory = MemoryStore()
        self.known: dict[tuple[int, str, Rank], dict[str, float]] = {}
        self.kept_since = 0
        self.open()

    def open(self) -> None:
        self.database = Database(self.path)
        self.store = EmbeddedStore(self.database)

    @rule(batch=batches)
    def write(self, batch: dict[tuple[int, str, Rank], dict[str, float]]) -> None:
        points = [Point(*key, self.known.setdefault(key, told)) for key, told in batch.items()]
        assert self.store.write(points) == self.memory.write(points)

    @rule(cut=moments)
    def fold(self, cut: int) -> None:
        self.store.fold(cut)

    @rule()
    def refresh(self) -> None:
        self.store.refresh_last()

    @rule(before=moments)
    def expire(self, before: int) -> None:
        gone = self.memory.expire(before)
        assert self.store.expire(before) == gone
        if gone:
            self.kept_since = max(self.kept_since, before)

    @rule()
    def reopen(self) -> None:
        self.database.close()
        self.open()

    @invariant()
    def rows_are_the_same(self) -> None:
        assert list(self.store.export(0, END)) == list(self.memory.export(0, END))
        assert self.store.health()[:3] == self.memory.health()[:3]
        assert self.store.health().conflicts == self.memory.health().conflicts

    @invariant()
    def series_and_runs_are_the_same(self) -> None:
        span = (T0 + HOUR // 2, T0 + 3 * HOUR + 1)
        for metric in METRICS:
            for dev in DEVS:
                told = self.memory.series(dev, metric, *span)
                assert self.store.series(dev, metric, *span) == told
            # A gap of less than an hour lets hours be skipped that do not exceed.
            for gap_ms in (HOUR // 2, HOUR):
                bounds = {"start_ms": span[0], "end_ms": span[1], "max_gap_ms": gap_ms}
                told_runs = self.memory.exceedances(metric, 5.0, **bounds)
                assert self.store.exceedances(metric, 5.0, **bounds) == told_runs

    @invariant()
    def windows_are_the_same(self) -> None:
        # Hours that have partly expired keep the statistics of all their rows.
        whole = T0 + max(0, -(-(self.kept_since - T0) // (2 * HOUR))) * 2 * HOUR
        for start, every in ((T0, 600_000), (T0 + 5, 7_000), (whole, HOUR), (whole, 2 * HOUR)):
            for dev in DEVS:
                span = {"start_ms": start, "end_ms": END, "every_ms": every}
                found = self.store.windows(dev, METRICS[0], **span)
                about_equal(found, self.memory.windows(dev, METRICS[0], **span))

    @invariant()
    def newest_values_are_the_same_in_another_process_too(self) -> None:
        wanted = self.kept(self.memory.last())
        with closing(Database(self.path, read_only=True)) as other:
            for store in (self.store, EmbeddedStore(other)):
                found = self.kept(store.last())
                assert {key: found.get(key) for key in wanted} == wanted

    @invariant()
    def nothing_is_found_wrong(self) -> None:
        assert list(self.store.faults()) == []

    def kept(self, told: object) -> dict[tuple[str, str], Latest]:
        assert isinstance(told, dict)
        return {
            (dev, metric): latest
            for dev, known in told.items()
            for metric, latest in known.items()
            if latest.ts_ms >= self.kept_since
        }

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            self.folder.cleanup()


def about_equal(found: Sequence[Window], wanted: Sequence[Window]) -> None:
    assert [window[:4] for window in found] == [window[:4] for window in wanted]
    means = [window.mean for window in wanted]
    assert [window.mean for window in found] == pytest.approx(means, rel=1e-9, abs=1e-9)


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=25,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
