"""Late, doubled, shuffled and cut data gives bit for bit the incidents of ordered data."""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_broker.clock import ScaledClock
from gongfu_broker.columns import DeviceKind
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.adapters.memory_log import MemoryHistory, MemoryLog, batch_record
from gongfu_fleet.domain.alarms.incident import Finding, fold
from gongfu_fleet.domain.alarms.policy import Hazard, ZonePolicy
from gongfu_fleet.domain.alarms.timeline import Sample
from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS, ZoneState, advance
from gongfu_fleet.services.watch_cold_chain import ColdChainWatch
from gongfu_fleet.services.watch_ports import Turn, WatchedZone

MINUTE = 60_000
START_MS = 100 * CHECKPOINT_MS - 90 * MINUTE
METRIC = "zone_1_celsius"
POLICY = ZonePolicy("dairy", 1, 0.0, 8.0, 0.5, 30 * MINUTE, 20 * MINUTE, 10 * MINUTE, 15 * MINUTE)


class OneZone:
    """The watched cabinet."""

    def zones(self) -> dict[str, tuple[WatchedZone, ...]]:
        """One zone of one cabinet."""
        return {"cab-0001": (WatchedZone(1, METRIC, POLICY),)}

    def refresh(self) -> None:
        """Nothing changes."""


class FlakyStore(MemoryIncidentStore):
    """Fails the given turns, before or after it has stored them."""

    def __init__(self, crashes: dict[int, bool]) -> None:
        super().__init__()
        self._crashes = crashes
        self._turns = count()

    def save_turn(self, turn: Turn) -> None:
        """Store a turn, or crash around it."""
        stored = self._crashes.get(next(self._turns))
        if stored is not False:
            super().save_turn(turn)
        if stored is not None:
            raise TimeoutError


@dataclass
class Stand:
    """A watch over a log in memory."""

    crashes: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = MemoryLog()
        self.history = MemoryHistory(self.log)
        self.store = FlakyStore(self.crashes)
        self._ids = count(1)
        self._mseq = count(1)
        self.watch = self.restarted()

    def restarted(self) -> ColdChainWatch:
        """A new process on the same stores."""
        return ColdChainWatch(
            log=self.log,
            readings=self.history,
            store=self.store,
            policies=OneZone(),
            clock=ScaledClock(0, START_MS, 0.0),
            new_id=lambda: f"i-{next(self._ids):06}",
        )

    def commit(self, *samples: Sample) -> None:
        """Commit one message with these samples."""
        rows = [(ts_ms, {METRIC: celsius}) for ts_ms, celsius in samples]
        record = batch_record(
            "cab-0001", DeviceKind.CABINET, rows, mseq=next(self._mseq), received_ms=START_MS
        )
        self.log.append(record)

    def turn(self, limit: int) -> int:
        """One turn; a crash is followed by a restart."""
        try:
            return self.watch.turn(limit)
        except TimeoutError:
            self.watch = self.restarted()
            return 1

    def drain(self, limit: int = 500) -> None:
        """Turns until everything is followed."""
        while self.turn(limit):
            pass

    def timeline(self) -> list[tuple[Hazard, Finding]]:
        """What the ledger says of the living incidents, in order of time."""
        found = [i for i in self.store.page(10_000, None, asset=None, only_open=False) if i.living]
        return sorted(
            ((i.subject.hazard, i.finding) for i in found),
            key=lambda item: (item[0], item[1].episode.begin_ms),
        )


def expected(resolved: dict[int, float]) -> tuple[ZoneState, list[tuple[Hazard, Finding]]]:
    """One pass over everything in order."""
    run = advance(ZoneState(METRIC, POLICY), sorted(resolved.items()), from_ms=0)
    limits = {Hazard.TEMPERATURE_HIGH: 8.0, Hazard.TEMPERATURE_LOW: 0.0}
    return run.after, [
        (hazard, Finding(episode, limits[hazard], "dairy", 1))
        for hazard in sorted(Hazard)
        for episode in run.episodes[hazard]
    ]


steps = st.sampled_from([MINUTE, 5 * MINUTE, 15 * MINUTE, 16 * MINUTE, 7 * 60 * MINUTE])
values = st.sampled_from([-5.0, -0.1, 0.0, 4.0, 4.0, 7.5, 7.8, 8.0, 8.1, 9.0, 9.0, 15.0])


@st.composite
def series(draw: st.DrawFn) -> list[Sample]:
    """Runs of equal values, so that delays are met; a new time stamp for each."""
    samples, ts_ms = [], START_MS
    for value, step, length in draw(
        st.lists(st.tuples(values, steps, st.integers(1, 8)), min_size=1, max_size=12)
    ):
        for _ in range(length):
            ts_ms += step
            samples.append((ts_ms, value))
    return samples


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Sample]]:
    """The samples cut into messages, some twice, in any order."""
    samples = draw(series())
    messages: list[list[Sample]] = []
    while samples:
        size = draw(st.integers(1, 5))
        messages.append(samples[:size])
        samples = samples[size:]
    doubled = draw(st.lists(st.sampled_from(messages), max_size=4))
    return draw(st.permutations(messages + doubled))


@settings(deadline=None, max_examples=150)
@given(deliveries(), st.integers(1, 7), st.data())
def test_any_order_of_delivery_gives_the_incidents_of_ordered_data(
    messages: list[list[Sample]], limit: int, data: st.DataObject
) -> None:
    stand = Stand()
    for message in messages:
        stand.commit(*message)
        if data.draw(st.booleans()):
            stand.turn(limit)
    stand.drain(limit)
    state, findings = expected({ts: value for message in messages for ts, value in message})
    assert stand.timeline() == findings
    (followed,) = stand.store.states().values()
    assert followed.state == state


@settings(deadline=None, max_examples=100)
@given(deliveries(), st.dictionaries(st.integers(0, 10), st.booleans(), max_size=4))
def test_a_crash_before_or_after_any_save_changes_nothing(
    messages: list[list[Sample]], crashes: dict[int, bool]
) -> None:
    stand, undisturbed = Stand(crashes), Stand()
    for one in (stand, undisturbed):
        for message in messages:
            one.commit(*message)
        one.drain(3)
    assert stand.timeline() == undisturbed.timeline()
    assert stand.store.version() == undisturbed.store.version()


@settings(deadline=None, max_examples=100)
@given(series(), st.lists(st.tuples(st.integers(0, 95), values), max_size=6), st.data())
def test_where_two_values_bear_one_time_stamp_the_store_decides(
    samples: list[Sample], rivals: list[tuple[int, float]], data: st.DataObject
) -> None:
    conflicting = [(samples[index % len(samples)][0], value) for index, value in rivals]
    stand = Stand()
    for sample in data.draw(st.permutations(samples + conflicting)):
        stand.commit(sample)
        if data.draw(st.booleans()):
            stand.turn(3)
    stand.drain()
    _, resolved = stand.history.series("cab-0001", METRIC, 0, 2**53)
    assert stand.timeline() == expected(dict(resolved))[1]


@settings(deadline=None, max_examples=100)
@given(deliveries(), st.integers(1, 7))
def test_folding_the_events_gives_the_state_of_every_incident(
    messages: list[list[Sample]], limit: int
) -> None:
    stand = Stand()
    for message in messages:
        stand.commit(*message)
    stand.drain(limit)
    for incident in stand.store.page(10_000, None, asset=None, only_open=False):
        folded = fold(incident.id, stand.store.events(incident.id))
        assert folded.n == incident.n
        assert folded.condition == incident.condition
        # The peak of a running incident is measured on between events.
        if not incident.running:
            assert folded == incident
