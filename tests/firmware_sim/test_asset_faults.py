"""Faults of a truck or a cabinet as a whole show in the columns they concern, and only while."""

from functools import partial

import msgspec
import pytest

from gongfu_broker.columns import DeviceKind, positions
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.daytime import HOUR_MS, MINUTE_MS
from gongfu_firmware_sim.faults import NO_FAULTS, FaultKind, Injection
from gongfu_firmware_sim.moment import Moment
from gongfu_firmware_sim.roads import offset_m
from gongfu_firmware_sim.scenario import ScenarioSpec
from gongfu_firmware_sim.truck import Truck

AFTER_MS = 2 * HOUR_MS
LASTS_MS = HOUR_MS
AT = {kind: positions(1, kind) for kind in DeviceKind}


def rows(county: ScenarioSpec, place: int, *orders: Injection) -> list[Moment]:
    device = county.devices[place]
    spec = msgspec.structs.replace(county, rates=NO_FAULTS, injections=orders)
    model = (Truck if device.kind is DeviceKind.TRUCK else Cabinet)(device, spec)
    return list(model.moments(spec.start_ms, spec.start_ms + 4 * HOUR_MS))


def ordered(county: ScenarioSpec, place: int, kind: FaultKind, metres: int = 0) -> list[Moment]:
    dev, at_ms = county.devices[place].dev, county.start_ms + AFTER_MS
    return rows(county, place, Injection(dev, kind, at_ms, LASTS_MS // 1_000, metres=metres))


def during(county: ScenarioSpec, moment: Moment) -> bool:
    return AFTER_MS <= moment.ts_ms - county.start_ms < AFTER_MS + LASTS_MS


def column(kind: DeviceKind, name: str, moment: Moment) -> float | None:
    place = AT[kind][name]
    return moment.values[place] if place < len(moment.values) else None


of_truck = partial(column, DeviceKind.TRUCK)
of_cabinet = partial(column, DeviceKind.CABINET)


def test_a_lost_position_leaves_its_columns_empty_and_the_odometer_running(
    county: ScenarioSpec,
) -> None:
    lost = [r for r in ordered(county, 2, FaultKind.GNSS_LOST) if during(county, r)]
    fixes = [r for r in lost if of_truck("odometer_km", r) is not None]
    assert len(fixes) > 300
    assert {of_truck("lat_deg", r) for r in fixes} == {None}
    assert {of_truck("satellites", r) for r in fixes} == {0}
    assert (of_truck("odometer_km", fixes[-1]) or 0) > (of_truck("odometer_km", fixes[0]) or 0)


def test_a_cut_supply_leaves_the_trackers_own_cell(county: ScenarioSpec) -> None:
    for row in ordered(county, 2, FaultKind.SUPPLY_CUT):
        volt = of_truck("battery_volt", row)
        assert volt is None or (volt < 5) is during(county, row)


def test_a_detour_leads_north_by_so_many_metres_and_back(county: ScenarioSpec) -> None:
    away = ordered(county, 2, FaultKind.DETOUR, metres=9_000)
    usual = rows(county, 2)
    north = []
    for one, other in zip(away, usual, strict=True):
        lat, lon = of_truck("lat_deg", one), of_truck("lon_deg", one)
        was_lat, was_lon = of_truck("lat_deg", other), of_truck("lon_deg", other)
        if None not in (lat, lon, was_lat, was_lon):
            shift = offset_m((was_lon or 0, was_lat or 0), (lon or 0, lat or 0))
            north.append(shift[1])
            assert abs(shift[0]) < 1
            assert during(county, one) or abs(shift[1]) < 1
    assert max(north) == pytest.approx(9_000, rel=0.01)


@pytest.mark.parametrize("place", [0, 2])
def test_a_recorder_that_stops_writes_no_row(county: ScenarioSpec, place: int) -> None:
    left = ordered(county, place, FaultKind.RECORDER_STOP)
    assert left == [r for r in rows(county, place) if not during(county, r)]


def test_lost_mains_stop_the_cooling_too(county: ScenarioSpec) -> None:
    told = ordered(county, 0, FaultKind.MAINS_LOST)
    climate = [r for r in told if of_cabinet("mains_on", r) is not None]
    assert all((of_cabinet("mains_on", r) == 0) is during(county, r) for r in climate)
    celsius = [of_cabinet("zone_1_celsius", r) or 0 for r in climate if during(county, r)]
    assert celsius[-1] > celsius[0] + 5


@pytest.mark.parametrize(
    ("kind", "trays", "most_kg"),
    [
        (FaultKind.SCALE_JUMP, {1}, 0.4),
        (FaultKind.SCALE_DRIFT, {2}, 0.2),
        (FaultKind.GOODS_GONE, {3, 4}, -0.6),
    ],
)
def test_a_fault_of_the_scales_shows_on_trays_of_its_own(
    county: ScenarioSpec, kind: FaultKind, trays: set[int], most_kg: float
) -> None:
    wrong: dict[int, float] = {}
    for one, other in zip(ordered(county, 0, kind), rows(county, 0), strict=True):
        for tray in range(1, 9):
            name = f"tray_{tray}_kg"
            off = (of_cabinet(name, one) or 0) - (of_cabinet(name, other) or 0)
            if abs(off) > 1e-9:
                assert during(county, one)
                wrong[tray] = max(wrong.get(tray, 0.0), off, key=abs)
    assert set(wrong) == trays
    assert all(off == pytest.approx(most_kg, abs=0.01) for off in wrong.values())


def test_a_scenario_may_order_them_as_plain_data() -> None:
    body = {"dev": "veh-0001", "kind": "detour", "at_ms": MINUTE_MS, "duration_s": 60}
    assert msgspec.convert(body, Injection).fault().metres == 2_000
    with pytest.raises(msgspec.ValidationError, match="metres"):
        msgspec.convert({**body, "metres": -1}, Injection)
