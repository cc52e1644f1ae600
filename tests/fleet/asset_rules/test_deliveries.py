"""Long backlogs and wrong clocks: by what messages tell, through restarts, not for our fault."""

from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_broker.columns import DeviceKind
from gongfu_broker.topics import Leaf
from gongfu_fleet.adapters.memory import MemoryConnections, SettableClock
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.adapters.memory_log import MemoryLog, batch_record
from gongfu_fleet.domain.alarms.asset_rules.deliveries import Backlog, Delivery, noted
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Incident, Subject
from gongfu_fleet.domain.alarms.silence_words import silence_words
from gongfu_fleet.domain.assets import Asset, AssetKind, Lifecycle
from gongfu_fleet.ports import Connection, IncidentView
from gongfu_fleet.services.fleet_view import MapState, view_asset
from gongfu_fleet.services.incidents import view_of
from gongfu_fleet.services.watch_deliveries import DeliveryWatch
from gongfu_fleet.services.watch_liveness import Hearing
from tests.fleet.alarms.known_assets import Assets
from tests.fleet.asset_rules.rides import CABINETS, MINUTE, START, TRUCKS

DEV = "veh-0001"
TRUCK = Asset(
    id=DEV,
    kind=AssetKind.TRUCK,
    name="车",
    site="quzhou",
    lon=118.8,
    lat=28.9,
    position_source="test",
    lifecycle=Lifecycle.LIVE,
    county_code=None,
    depot=None,
    model="",
    place="",
    zones=(),
    operator="quzhou",
)
SETTLED_MIN = 45
HEARING = Hearing(connected=True, behind=False)


@dataclass
class Stand:
    """A log, a clock, and a watch that can be started anew."""

    clock: SettableClock = field(default_factory=lambda: SettableClock(START))
    store: MemoryIncidentStore = field(default_factory=MemoryIncidentStore)
    hearing: Hearing = HEARING

    def __post_init__(self) -> None:
        self.log, self.links, self.ids = MemoryLog(), MemoryConnections(), count()
        self.registry = Assets({DEV: TRUCK})
        self.restart()
        self.pass_minutes(SETTLED_MIN)

    def restart(self) -> None:
        self.watch = DeliveryWatch(
            ledger=self.store,
            registry=self.registry,  # type: ignore[arg-type] # of the registry only this is used
            log=self.log,
            connections=self.links,
            hearing=lambda: self.hearing,
            policies={AssetKind.TRUCK: TRUCKS, AssetKind.CABINET: CABINETS},
            clock=self.clock,
            new_id=lambda: f"id-{next(self.ids):04d}",
        )
        self.watch.tick()

    def pass_minutes(self, minutes: int) -> None:
        for _ in range(minutes):
            self.clock.now += MINUTE
            self.watch.tick()

    def backfill(self, age_min: int, dev: str = DEV, leaf: Leaf = Leaf.BF) -> None:
        """A message comes now with a row so old; looked at by the next tick."""
        rows = [(self.clock.now - age_min * MINUTE, {"zone_1_celsius": 4.0})]
        told = batch_record(
            dev, DeviceKind.TRUCK, rows, mseq=self.log.head() + 1, received_ms=self.clock.now
        )
        self.log.append(told._replace(leaf=leaf))

    def found(self) -> list[Incident]:
        return list(self.store.page(20, None, asset=None, only_open=False))


def test_a_backlog_beyond_the_longest_valley_is_told_once_and_ends_when_it_has_come() -> None:
    stand = Stand()
    for age in (90, 80, 70, 10):
        stand.backfill(age)
        stand.pass_minutes(1)
    (incident,) = stand.found()
    assert incident.subject.hazard is Hazard.BACKLOG_LONG
    assert incident.subject.zone == 0
    assert incident.severity is Severity.LOW
    assert incident.running
    assert incident.finding.episode.begin_ms == START + (SETTLED_MIN - 90) * MINUTE
    stand.pass_minutes(12)
    (incident,) = stand.found()
    assert not incident.running


def test_the_backlog_of_a_valley_is_no_alarm_nor_are_live_messages_that_come_late() -> None:
    stand = Stand()
    stand.backfill(60)
    stand.backfill(300, leaf=Leaf.TEL)
    stand.backfill(300, dev="veh-0099")
    stand.pass_minutes(2)
    assert stand.found() == []


def test_after_the_platform_itself_did_not_hear_no_backlog_is_told() -> None:
    stand = Stand()
    stand.hearing = Hearing(connected=False, behind=False)
    stand.pass_minutes(90)
    stand.hearing = Hearing(connected=True, behind=False)
    stand.backfill(90)
    stand.pass_minutes(5)
    assert stand.found() == []


def test_a_restart_neither_doubles_nor_ends_what_still_comes() -> None:
    stand = Stand()
    stand.backfill(120)
    stand.pass_minutes(1)
    stand.restart()
    for _ in range(50):
        stand.backfill(119)
        stand.pass_minutes(1)
    (incident,) = stand.found()
    assert incident.running
    stand.pass_minutes(12)
    assert [one.running for one in stand.found()] == [False]


def test_a_wrong_clock_is_told_until_it_is_right() -> None:
    stand = Stand()
    stand.links.known[DEV] = Connection(online=True, heard_ms=START, clock_offset_ms=-7_200_000)
    stand.pass_minutes(3)
    stand.restart()
    (incident,) = stand.found()
    assert incident.subject.hazard is Hazard.CLOCK_OFF
    assert (incident.finding.product_class, incident.finding.limit_celsius) == ("truck", None)
    stand.links.known[DEV] = Connection(online=True, heard_ms=START)
    stand.pass_minutes(1)
    assert [one.running for one in stand.found()] == [False]


def test_a_device_that_left_the_registry_has_no_alarm_that_lasts() -> None:
    stand = Stand()
    stand.backfill(120)
    stand.pass_minutes(1)
    stand.registry.known = {DEV: replace(TRUCK, lifecycle=Lifecycle.RETIRED)}
    stand.registry.changes += 1
    stand.pass_minutes(1)
    assert [one.running for one in stand.found()] == [False]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=12).flatmap(
        lambda pairs: st.tuples(st.just(pairs), st.permutations(pairs + pairs[:3]))
    )
)
def test_a_backlog_is_the_same_in_whatever_order_its_messages_are_noted(
    both: tuple[list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    def backlogs(pairs: list[tuple[int, int]]) -> dict[str, Backlog]:
        deliveries = [Delivery(DEV, r * MINUTE, (r - age) * MINUTE) for r, age in pairs]
        return noted({}, deliveries, {DEV: TRUCKS})

    ordered, shuffled = both
    assert backlogs(ordered) == backlogs(shuffled)


def test_both_say_what_to_do_in_two_languages() -> None:
    for hazard in (Hazard.BACKLOG_LONG, Hazard.CLOCK_OFF):
        told = silence_words(Subject(DEV, 0, hazard))
        assert told
        assert told.zh
        assert told.en.endswith(".")


def view(severity: str, hazard: Hazard) -> IncidentView:
    stand = Stand()
    stand.backfill(120)
    stand.pass_minutes(1)
    (incident,) = stand.found()
    return replace(view_of(incident, Names()), severity=severity, hazard=hazard.value)


class Names:
    """Nobody has a name here."""

    def name_and_site(self, asset: str) -> tuple[str, str]:
        return asset, ""


@pytest.mark.parametrize(
    ("severity", "hazard", "state"),
    [
        ("low", Hazard.SCALE_DRIFT, MapState.OK),
        ("high", Hazard.SCALE_DRIFT, MapState.ALARM),
        ("high", Hazard.CLOCK_OFF, MapState.OK),
    ],
)
def test_a_mild_incident_does_not_colour_the_map_and_a_grave_one_does(
    severity: str, hazard: Hazard, state: MapState
) -> None:
    link = Connection(online=True, heard_ms=START)
    shown = view_asset(TRUCK, {}, connection=link, incidents=[view(severity, hazard)])
    assert shown.state is state
    assert shown.open_incidents == 1
