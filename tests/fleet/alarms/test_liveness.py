"""Silence by the wall clock: per channel, through restarts, never for a backlog of our own."""

from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from gongfu_fleet.adapters.memory import MemoryConnections, MemoryReadings, SettableClock
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Acknowledged, Incident, Subject, fold
from gongfu_fleet.domain.alarms.liveness import Patience, period_of, raised
from gongfu_fleet.domain.alarms.parents import Group, cause_of
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.severity import Rung, checked
from gongfu_fleet.domain.assets import Asset, AssetKind, Lifecycle, Policy, Zone
from gongfu_fleet.errors import InvalidError
from gongfu_fleet.ports import Connection
from gongfu_fleet.services.alarm_policies import liveness_policy, severity_ladders
from gongfu_fleet.services.watch_liveness import Hearing, LivenessWatch
from tests.fleet.alarms.known_assets import Assets

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_795_395_600_000
POLICY = Policy("dairy", 1, 0.0, 8.0, 0.5, 1800, 1200, 600, 900, "test")
HEARING = Hearing(connected=True, behind=False)
METRIC = "zone_1_celsius"


def cabinet(number: int) -> Asset:
    return Asset(
        id=f"cab-{number:04d}",
        kind=AssetKind.CABINET,
        name=f"柜 {number}",
        site="hangzhou",
        lon=120.15,
        lat=30.26,
        position_source="test",
        lifecycle=Lifecycle.LIVE,
        county_code=None,
        depot=None,
        model="",
        place="",
        zones=(Zone(1, METRIC, POLICY),),
        operator="hangzhou",
    )


def truck(number: int) -> Asset:
    zones = (Zone(1, METRIC, POLICY), Zone(2, "zone_2_celsius", POLICY))
    return replace(
        cabinet(number), id=f"veh-{number:04d}", kind=AssetKind.TRUCK, site="quzhou", zones=zones
    )


@dataclass
class Stand:
    """Devices that speak or do not, our own ears, and a watch that can be started anew."""

    devices: list[Asset]
    hearing: Hearing = HEARING
    clock: SettableClock = field(default_factory=lambda: SettableClock(START))
    store: MemoryIncidentStore = field(default_factory=MemoryIncidentStore)
    dead: set[str] = field(default_factory=set)
    dead_probes: set[tuple[str, str]] = field(default_factory=set)
    every_ms: int = MINUTE

    def __post_init__(self) -> None:
        self.readings, self.links = MemoryReadings(), MemoryConnections()
        self.registry = Assets({asset.id: asset for asset in self.devices})
        self.ids = count()
        self.restart()

    def restart(self) -> None:
        self.watch = LivenessWatch(
            ledger=self.store,
            registry=self.registry,  # type: ignore[arg-type] # of the registry only this is used
            readings=self.readings,
            connections=self.links,
            hearing=lambda: self.hearing,
            policy=liveness_policy(),
            ladders=severity_ladders(),
            clock=self.clock,
            new_id=lambda: f"id-{next(self.ids):04d}",
        )

    def speak(self, asset: Asset) -> None:
        now = self.clock.now
        self.readings.add(asset.id, "door_open", ts_ms=now, value=0)
        for zone in asset.zones:
            if (asset.id, zone.metric) not in self.dead_probes:
                self.readings.add(asset.id, zone.metric, ts_ms=now, value=4)
        self.links.known[asset.id] = Connection(online=True, heard_ms=now)

    def run(self, minutes: int) -> None:
        """Devices speak in their period, the watch looks each minute."""
        for _ in range(minutes):
            self.clock.now += MINUTE
            if self.clock.now % self.every_ms < MINUTE:
                for asset in self.devices:
                    if asset.id not in self.dead:
                        self.speak(asset)
            self.watch.tick()

    def found(self, hazard: Hazard = Hazard.CHANNEL_SILENT) -> list[Incident]:
        page = self.store.page(1000, None, asset=None, only_open=False)
        return sorted((i for i in page if i.subject.hazard is hazard), key=lambda i: i.id)

    def one(self) -> Incident:
        (incident,) = self.found()
        return incident


def quiet(number: int = 1, **changes: object) -> Stand:
    """A stand that was heard for an hour, then its first device falls silent."""
    stand = Stand([cabinet(n + 1) for n in range(number)], **changes)  # type: ignore[arg-type]
    stand.run(60)
    assert stand.found() == []
    stand.dead.add(stand.devices[0].id)
    return stand


def test_a_cabinet_is_silent_after_fifteen_minutes_and_not_before() -> None:
    stand = quiet()
    heard = stand.clock.now
    stand.run(15)
    assert stand.found() == []
    stand.run(1)
    incident = stand.one()
    assert incident.subject == Subject("cab-0001", 0, Hazard.CHANNEL_SILENT)
    episode = incident.finding.episode
    assert (episode.begin_ms, episode.raised_ms, episode.end_ms) == (
        heard,
        heard + 16 * MINUTE,
        None,
    )
    assert episode.peak_celsius is None
    assert incident.severity is Severity.LOW


def test_silence_grows_graver_after_an_hour_unless_somebody_has_taken_it_on() -> None:
    stand = quiet(2)
    stand.dead.add("cab-0002")
    stand.run(20)
    first, second = stand.found()
    stand.store.append([Draft(second.id, Acknowledged("去看"))], at_ms=stand.clock.now, by="wang")
    stand.run(40)
    severities = {one.subject.asset: one.severity for one in stand.found()}
    assert severities == {"cab-0001": Severity.HIGH, "cab-0002": Severity.LOW}
    assert fold(first.id, stand.store.events(first.id)).severity is Severity.HIGH


def test_it_ends_when_heard_again_and_a_gap_filled_later_changes_nothing() -> None:
    stand = quiet()
    stand.run(30)
    stand.dead.clear()
    stand.run(1)
    incident = stand.one()
    assert incident.finding.episode.end_ms == stand.clock.now
    events = stand.store.events(incident.id)
    for minute in range(20):  # the device's own backlog
        past = stand.clock.now - (25 - minute) * MINUTE
        stand.readings.add("cab-0001", METRIC, ts_ms=past, value=4)
    stand.run(5)
    assert stand.store.events(incident.id) == events
    assert len(stand.found()) == 1


def test_a_restart_in_the_middle_of_a_silence_neither_doubles_nor_ends_it() -> None:
    stand = quiet()
    stand.run(20)
    before = stand.one()
    for _ in range(3):
        stand.restart()
        stand.run(10)
    assert stand.one().id == before.id
    assert stand.one().running


def test_a_dead_probe_on_a_live_device_is_a_channel_of_its_own() -> None:
    stand = Stand([truck(1)])
    stand.run(60)
    stand.dead_probes.add(("veh-0001", "zone_2_celsius"))
    stand.run(47)
    assert stand.one().subject == Subject("veh-0001", 2, Hazard.CHANNEL_SILENT)
    stand.dead_probes.clear()
    stand.run(2)
    assert not stand.one().running


def test_a_device_that_is_cut_off_is_one_silent_channel_not_one_per_probe() -> None:
    stand = Stand([truck(1)])
    stand.run(60)
    stand.dead.add("veh-0001")
    stand.run(120)
    assert stand.one().subject.zone == 0


def test_a_truck_in_the_longest_valley_is_not_called_silent() -> None:
    stand = Stand([truck(1)])
    stand.run(60)
    stand.dead.add("veh-0001")
    stand.run(44)
    assert stand.found() == []


def test_a_device_that_measures_each_hour_is_given_five_of_its_own_periods() -> None:
    stand = Stand([cabinet(1)], every_ms=HOUR)
    for hour in range(6):  # it was heard before
        stand.readings.add("cab-0001", METRIC, ts_ms=START - hour * HOUR, value=4)
    stand.run(3 * 60)
    assert stand.found() == []
    stand.dead.add("cab-0001")
    last = stand.links.devices()["cab-0001"].heard_ms
    assert last is not None
    while not stand.found():
        stand.run(1)
    assert stand.clock.now - last == 5 * HOUR + MINUTE


@pytest.mark.parametrize(
    "deaf", [Hearing(connected=False, behind=False), Hearing(connected=True, behind=True)]
)
def test_nobody_is_called_silent_while_we_cannot_hear_nor_right_afterwards(deaf: Hearing) -> None:
    stand = Stand([cabinet(1)])
    stand.run(60)
    stand.hearing, speaking = deaf, stand.dead
    speaking.add("cab-0001")  # it speaks, and we do not hear
    stand.run(180)
    assert stand.found() == []
    stand.hearing = HEARING
    stand.run(4)
    assert stand.found() == []
    speaking.clear()  # what waited at the broker arrives
    stand.run(30)
    assert stand.found() == []


def test_who_is_still_silent_when_we_hear_again_is_told_after_we_have_settled() -> None:
    stand = quiet()
    stand.hearing = Hearing(connected=False, behind=False)
    stand.run(60)
    stand.hearing = HEARING
    stand.run(5)
    assert stand.found() == []
    stand.run(1)
    assert stand.one().subject.asset == "cab-0001"


def test_a_retired_device_is_not_waited_for() -> None:
    stand = quiet()
    stand.run(20)
    stand.registry.known["cab-0001"] = replace(cabinet(1), lifecycle=Lifecycle.RETIRED)
    stand.registry.changes += 1
    stand.run(1)
    assert not stand.one().running


def test_a_link_of_our_own_that_is_lost_is_one_incident_until_it_is_back() -> None:
    stand = Stand([cabinet(1)])
    stand.run(2)
    stand.hearing = Hearing(connected=False, behind=False)
    lost = stand.clock.now + MINUTE
    stand.run(3)
    stand.restart()
    stand.run(3)
    (parent,) = stand.found(Hazard.BROKER_LOST)
    assert parent.finding.episode.begin_ms == lost
    assert parent.severity is Severity.CRITICAL
    stand.hearing = HEARING
    stand.run(1)
    (parent,) = stand.found(Hazard.BROKER_LOST)
    assert not parent.running


def test_a_compound_without_power_is_one_incident_with_its_cabinets_as_children() -> None:
    stand = quiet(10)
    stand.dead |= {asset.id for asset in stand.devices[:9]}
    stand.run(11)
    (parent,) = stand.found(Hazard.SITE_SILENT)
    assert cause_of(parent.subject.asset) == Group("hangzhou", AssetKind.CABINET)
    stand.run(10)
    children = stand.found()
    assert {child.handling.parent for child in children} == {parent.id}
    assert len(children) == 9
    stand.run(60)
    assert {child.severity for child in stand.found()} == {Severity.LOW}
    assert stand.found(Hazard.SITE_SILENT)[0].severity is Severity.CRITICAL
    stand.dead -= {asset.id for asset in stand.devices[:8]}
    stand.run(1)
    assert not stand.found(Hazard.SITE_SILENT)[0].running
    # Who came back with the parent asks nobody for anything any more.
    assert [one.open for one in stand.found()].count(True) == 1
    stand.run(5)
    still = [one for one in stand.found() if one.running]
    assert [one.handling.parent for one in still] == [None]


def test_cabinets_that_died_one_by_one_over_days_are_no_silent_site() -> None:
    stand = Stand([cabinet(n + 1) for n in range(8)])
    stand.run(60)
    for asset in stand.devices[:7]:
        stand.dead.add(asset.id)
        stand.run(40)
    assert stand.found(Hazard.SITE_SILENT) == []
    assert len(stand.found()) == 7


def test_a_cabinet_that_was_silent_before_its_site_is_no_child_of_it() -> None:
    stand = quiet(10)
    stand.run(120)
    stand.dead |= {asset.id for asset in stand.devices}
    stand.run(20)
    first, *others = stand.found()
    assert first.handling.parent is None
    (parent,) = stand.found(Hazard.SITE_SILENT)
    assert {other.handling.parent for other in others} == {parent.id}


def test_a_cabinet_without_power_that_falls_silent_follows_from_the_power() -> None:
    stand = quiet()
    about = Subject("cab-0001", 0, Hazard.POWER_LOST)
    stand.store.append(
        [Draft("power", raised(about, stand.clock.now - MINUTE, stand.clock.now))],
        at_ms=stand.clock.now,
    )
    stand.run(20)
    assert stand.one().handling.parent == "power"


def test_a_probe_whose_fault_is_told_already_is_not_told_again_as_silent() -> None:
    stand = Stand([truck(1)])
    stand.run(60)
    stand.dead_probes.add(("veh-0001", METRIC))
    about = Subject("veh-0001", 1, Hazard.PROBE_FAULT)
    stand.store.append(
        [Draft("fault", raised(about, stand.clock.now, stand.clock.now))], at_ms=stand.clock.now
    )
    stand.run(50)
    assert stand.one().handling.parent == "fault"


def test_a_period_is_the_usual_gap_and_the_default_while_too_few_are_known() -> None:
    regular = [n * 300_000 for n in range(30)]
    assert period_of(regular, MINUTE) == 300_000
    assert period_of([*regular[:10], regular[10] + HOUR], MINUTE) == 300_000
    assert period_of(regular[:3], MINUTE) == MINUTE


def test_policies_that_cannot_hold_are_refused() -> None:
    with pytest.raises(InvalidError):
        Patience(0, 5, MINUTE, MINUTE)
    with pytest.raises(InvalidError):
        replace(liveness_policy().site, clear_share=0.9)
    with pytest.raises(InvalidError):
        checked((Rung(HOUR, Severity.CRITICAL), Rung(2 * HOUR, Severity.HIGH)))
