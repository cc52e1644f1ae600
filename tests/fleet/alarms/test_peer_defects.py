"""What peers get wrong, by its number in the alarm paper, where people would notice.

The real rules in the running watch, its ledger in the database, and the outbox of notifications.
What a rule by itself must not do: ``tests/fleet/rules/test_peer_defects.py``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

import gongfu_broker
import gongfu_ingest
from gongfu_broker.columns import DeviceKind
from gongfu_fleet.adapters.memory_log import batch_record
from gongfu_fleet.domain.alarms.asset_rules.reading import TRUCK_COLUMNS
from gongfu_fleet.domain.alarms.asset_rules.rulebook import asset_rulebook
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Acknowledged, Incident, Workflow
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.rulebook import Rulebook
from gongfu_fleet.domain.alarms.timeline import Condition
from gongfu_fleet.domain.alarms.zone_book import ZoneBook
from gongfu_fleet.domain.notify.notice import Transition
from gongfu_fleet.services.cold_policies import cold_policy
from tests.fleet.alarms.stand import DEV, METRIC, Stand
from tests.fleet.alarms.test_liveness import quiet
from tests.fleet.asset_rules.rides import TRUCKS, VILLAGE
from tests.fleet.conftest import opened
from tests.fleet.notify.examples import ACTIVE, HOUR, MINUTE, MONDAY_9
from tests.fleet.notify.examples import raised as air_high
from tests.fleet.notify.test_recorder import House

# A limit that must last ten minutes, in a zone that nobody has learned yet.
TEN_MIN = {"air_delay_min": 10, "low_delay_min": 10, "defrost_longest_min": 5}
DAIRY = ZoneBook(METRIC, cold_policy("dairy", {**TEN_MIN, "low_celsius": 0}))
ZERO = ZoneBook(
    METRIC,
    cold_policy(
        "frozen",
        {
            **TEN_MIN,
            "air_high_celsius": 0,
            "product_high_celsius": 5,
            "product_critical_celsius": 9,
        },
    ),
)
TRUCK = asset_rulebook(TRUCKS)
Told = tuple[float, float | None]


class Place:
    """One watched thing of one asset, its ledger, and a channel that is told."""

    def __init__(self, engine: Engine, book: Rulebook = DAIRY) -> None:
        self.house = House(engine)
        self.stand = Stand(store=self.house.ledger)
        self.stand.zones.book = book
        self.stand.clock.ms = MONDAY_9
        self.messages = 0

    def hears(self, *told: Told) -> None:
        """One message: (minutes after nine, air) with a shut door; the clock is at its end."""
        self.reports(DeviceKind.CABINET, ((at, {METRIC: c, "door_open": 0.0}) for at, c in told))

    def reports(self, kind: DeviceKind, told: Iterable[tuple[float, dict[str, object]]]) -> None:
        """The same with columns of one's own."""
        rows = [(MONDAY_9 + round(at * MINUTE), values) for at, values in told]
        self.stand.clock.ms = max([self.stand.clock.ms, *(ts for ts, _ in rows)])
        self.house.clock.now = self.stand.clock.ms
        self.messages += 1
        record = batch_record(DEV, kind, rows, mseq=self.messages, received_ms=self.stand.clock.ms)  # type: ignore[arg-type] # values are numbers or none
        self.stand.log.append(record)
        self.stand.drain()

    def incidents(self, hazard: Hazard) -> list[Incident]:
        """Those of a hazard, the eldest first."""
        page = self.house.ledger.page(1000, None, asset=None, only_open=False)
        return [one for one in reversed(page) if one.subject.hazard is hazard]

    def one(self, hazard: Hazard) -> Incident:
        (found,) = self.incidents(hazard)
        return found

    def told(self) -> list[tuple[Transition, str]]:
        """What waits to be sent."""
        return [(one.transition, one.facts.hazard) for one in self.house.told()]


@pytest.fixture
def engine(seeded_file: Path, tmp_path: Path) -> Iterator[Engine]:
    copy = tmp_path / "fleet.db"
    copy.write_bytes(seeded_file.read_bytes())
    with opened(f"sqlite:///{copy}") as database:
        yield database


@pytest.fixture
def place(engine: Engine) -> Place:
    return Place(engine)


def span(begin: int, end: int, celsius: float | None) -> list[Told]:
    return [(minute, celsius) for minute in range(begin, end)]


def test_1_fleetbase_a_reading_of_zero_degrees_is_a_value(place: Place) -> None:
    place.hears(*span(0, 60, 0.0))
    assert place.incidents(Hazard.PROBE_FAULT) == []
    place.hears(*span(60, 90, None))
    assert place.one(Hazard.PROBE_FAULT).running


def test_1_fleetbase_a_limit_of_zero_is_a_limit(engine: Engine) -> None:
    place = Place(engine, ZERO)
    place.hears(*span(0, 30, 0.0))
    assert place.incidents(Hazard.AIR_HIGH) == []
    place.hears(*span(30, 60, 0.3))
    assert place.one(Hazard.AIR_HIGH).finding.limit_celsius == 0.0


def test_1_fleetbase_a_low_limit_of_zero_is_a_limit(place: Place) -> None:
    place.hears(*span(0, 30, -0.2))
    assert place.one(Hazard.TEMPERATURE_LOW).finding.limit_celsius == 0.0


def test_1_fleetbase_a_late_sample_does_not_overwrite_newer_state(place: Place) -> None:
    warm = span(0, 40, 12.0)
    place.hears(*warm[:20], *warm[21:])
    place.hears((20, 4.0))
    assert place.one(Hazard.AIR_HIGH).condition is Condition.ACTIVE
    assert Transition.CLEARED not in {transition for transition, _ in place.told()}


def test_1_fleetbase_one_normal_sample_does_not_close_an_alarm(place: Place) -> None:
    place.hears(*span(0, 30, 12.0))
    place.hears((30, 4.0))
    place.hears(*span(31, 60, 12.0))
    assert place.one(Hazard.AIR_HIGH).running
    assert Transition.CLEARED not in {transition for transition, _ in place.told()}


@pytest.mark.parametrize("hours_old", [2, 24])
def test_2_thingsboard_10590_8681_10661_an_old_sample_fills_no_duration(
    place: Place, hours_old: int
) -> None:
    place.hears((0, 4.0))
    place.stand.clock.ms += hours_old * HOUR
    place.hears((1, 12.0))
    place.hears((2, 12.0))
    assert place.incidents(Hazard.AIR_HIGH) == []
    place.hears(*span(3, 13, 12.0))
    found = place.one(Hazard.AIR_HIGH)
    assert found.finding.episode.begin_ms == MONDAY_9 + MINUTE


def test_2_thingsboard_14013_a_dead_probe_on_a_live_device_is_seen(place: Place) -> None:
    place.hears(*span(0, 30, 4.0))
    place.hears(*span(30, 60, None))
    assert place.one(Hazard.PROBE_FAULT).running
    assert place.told() == [(Transition.RAISED, "probe_fault")]


def test_3_traccar_4417_an_excursion_inside_a_backlog_is_an_incident(place: Place) -> None:
    place.hears(*span(0, 100, 4.0))
    place.hears(*span(200, 260, 4.0))
    assert place.told() == []
    place.hears(*span(100, 160, 13.0), *span(160, 200, 4.0))
    found = place.one(Hazard.AIR_HIGH)
    assert found.late
    assert found.open
    assert found.finding.episode.end_ms is not None
    # Nobody is woken by what is over, and everybody can read of it.
    assert (Transition.LATE, "air_high") in place.told()


def stands(place: Place, minutes: range, *, metres: list[float], open_at: float = 1.0) -> None:
    """Rows every half a minute, so many metres north of the village, the door as told."""
    told = []
    for n, at in enumerate(at / 2 for at in range(2 * minutes.start, 2 * minutes.stop)):
        values: dict[str, object] = dict.fromkeys(TRUCK_COLUMNS, 4.0)
        values |= {"door_open": open_at, "speed_kmh": 0.0, "satellites": 11.0, "load_kg": 300.0}
        values |= {"lat_deg": VILLAGE[0] + metres[n % len(metres)] / 111_195}
        values |= {"lon_deg": VILLAGE[1], "odometer_km": 20_000.0, "battery_volt": 13.8}
        told.append((at, values))
    place.reports(DeviceKind.TRUCK, told)


def test_3_traccar_6019_outside_a_fence_is_told_after_a_dwell(engine: Engine) -> None:
    place = Place(engine, TRUCK)
    stands(place, range(1), metres=[2_000])
    stands(place, range(1, 30), metres=[0])
    assert place.incidents(Hazard.DOOR_OUTSIDE_STOP) == []
    stands(place, range(30, 32), metres=[2_000])
    found = place.one(Hazard.DOOR_OUTSIDE_STOP)
    episode = found.finding.episode
    assert episode.raised_ms - episode.begin_ms == TRUCKS.door_outside_min * MINUTE


def test_3_traccar_2189_jitter_at_a_fence_is_no_storm(engine: Engine) -> None:
    place, dice = Place(engine, TRUCK), Random(7)
    fence = TRUCKS.stop_radius_m
    stands(place, range(240), metres=[fence + dice.gauss(0, 40) for _ in range(480)])
    assert place.incidents(Hazard.DOOR_OUTSIDE_STOP) == []
    fence = TRUCKS.stop_leave_m
    stands(place, range(240, 480), metres=[fence + dice.gauss(0, 40) for _ in range(480)])
    assert len(place.incidents(Hazard.DOOR_OUTSIDE_STOP)) <= 1
    assert len(place.told()) <= 1


def test_4_grafana_a_series_that_vanishes_is_not_resolved(place: Place) -> None:
    place.hears(*span(0, 30, 12.0))
    place.hears((600, 12.0))
    found = place.one(Hazard.AIR_HIGH)
    assert found.running
    assert found.finding.episode.unknown
    assert Transition.CLEARED not in {transition for transition, _ in place.told()}


def test_4_grafana_13364_what_is_acknowledged_stays_so_while_it_goes_on(place: Place) -> None:
    place.hears(*span(0, 30, 12.0))
    found = place.one(Hazard.AIR_HIGH)
    assert (Transition.RAISED, "air_high") in place.told()
    body = Acknowledged("去看", MONDAY_9 + 3 * HOUR)
    place.house.ledger.append([Draft(found.id, body)], at_ms=place.house.clock.now, by="wang")
    place.hears(*span(30, 120, 12.5))
    place.house.clock.now += 24 * HOUR
    after = place.house.ledger.find(found.id)
    assert (after.workflow, after.acked_by, after.eta_ms) == (
        Workflow.ACKED,
        "wang",
        body.eta_ms,
    )
    assert after.running
    again = [transition for transition, hazard in place.told() if hazard == "air_high"]
    assert again == [Transition.RAISED]


def test_4_grafana_105571_a_site_that_loses_its_link_resolves_nothing() -> None:
    stand = quiet()
    incident_id = "id-air"
    warm = replace(air_high(), finding=ACTIVE)
    stand.store.append([Draft(incident_id, warm)], at_ms=stand.clock.now)
    stand.run(24 * 60)
    (found,) = stand.found(Hazard.TEMPERATURE_HIGH)
    assert found.running
    assert len(stand.found(Hazard.CHANNEL_SILENT)) == 1
    assert stand.one().running


def test_5_openremote_a_rule_that_fires_on_and_on_makes_one_ticket(place: Place) -> None:
    dice = Random(7)
    for begin in range(0, 600, 5):
        jitter = dice.choice([-0.3, 0.0, 0.3])
        place.hears(*((at, 12.0 + jitter + at % 2 / 10) for at in range(begin, begin + 5)))
        place.house.told()
    for hazard in DAIRY.hazards:
        assert len(place.incidents(hazard)) <= 1
    assert place.one(Hazard.AIR_HIGH).running
    raised = [hazard for transition, hazard in place.told() if transition is Transition.RAISED]
    assert len(raised) == len(set(raised))
    assert "air_high" in raised or "product_high" in raised


def test_6_jt808_has_no_decoder_yet_that_could_take_temperatures_for_a_battery() -> None:
    """Whoever adds one proves here table 27's item 0x06, the bits of the doors, the checksum."""
    for package in (gongfu_broker, gongfu_ingest):
        folder = Path(str(package.__file__)).parent
        assert not [path.name for path in folder.rglob("*.py") if "jt808" in path.name.lower()]
