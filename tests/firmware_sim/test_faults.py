"""Faults come at the rates of the scenario, and stay the same after a restart."""

from datetime import UTC, datetime

import msgspec
import pytest

from gongfu_firmware_sim.daytime import day_of
from gongfu_firmware_sim.fault_plan import FaultPlan
from gongfu_firmware_sim.faults import NO_FAULTS, Fault, FaultKind, FaultRates, Injection
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec

DAYS = 3_000


def drawn(spec: ScenarioSpec, device: DeviceSpec) -> list[Fault]:
    plan = FaultPlan(device, spec)
    first = day_of(spec.start_ms)
    return [
        fault
        for day in range(first, first + DAYS)
        for fault in plan.around(day)
        if day_of(fault.start_ms) == day
    ]


@pytest.mark.parametrize(
    ("kind", "rate"),
    [
        (FaultKind.COMPRESSOR_STOP, 1 / 60),
        (FaultKind.SENSOR_STUCK, 1 / 200),
        (FaultKind.DOOR_AJAR, 1 / 20),
        (FaultKind.CLOCK_WRONG, 1 / 300),
    ],
)
def test_a_trucks_faults_are_as_frequent_as_assumed(
    county: ScenarioSpec, kind: FaultKind, rate: float
) -> None:
    found = [f for f in drawn(county, county.devices[2]) if f.kind is kind]
    assert len(found) == pytest.approx(rate * DAYS, rel=0.5, abs=4)


def test_cabinets_do_not_fail_to_cool_unless_ordered(county: ScenarioSpec) -> None:
    kinds = {fault.kind for fault in drawn(county, county.devices[0])}
    assert FaultKind.COMPRESSOR_STOP not in kinds
    assert FaultKind.DOOR_AJAR in kinds


def test_a_wrong_clock_is_wrong_by_more_than_an_hour_and_never_on_the_grid(
    county: ScenarioSpec,
) -> None:
    spec = msgspec.structs.replace(county, rates=FaultRates(clock_wrong=1.0))
    offsets = [f.offset_ms for f in drawn(spec, spec.devices[0]) if f.kind is FaultKind.CLOCK_WRONG]
    assert len(offsets) == DAYS
    assert all(abs(offset) >= 3_599_000 for offset in offsets)
    assert all(offset % 1_000 == 500 for offset in offsets)
    assert min(offsets) < 0 < max(offsets)


def test_an_ordered_fault_is_seen_on_every_day_it_touches(county: ScenarioSpec) -> None:
    order = Injection("cab-0001", FaultKind.SLOW_LEAK, county.start_ms, 3 * 86_400)
    spec = msgspec.structs.replace(county, rates=NO_FAULTS, injections=(order,))
    plan = FaultPlan(spec.devices[0], spec)
    first = day_of(county.start_ms)
    assert [len(plan.around(first + n)) for n in range(-1, 6)] == [0, 1, 1, 1, 1, 1, 0]
    assert FaultPlan(spec.devices[1], spec).around(first) == ()
    assert plan.active(FaultKind.SLOW_LEAK, county.start_ms) == order.fault()
    assert plan.active(FaultKind.SLOW_LEAK, county.start_ms - 1) is None


def test_two_plans_of_one_device_agree_and_two_devices_differ(county: ScenarioSpec) -> None:
    assert drawn(county, county.devices[2]) == drawn(county, county.devices[2])
    assert drawn(county, county.devices[0]) != drawn(county, county.devices[1])


@pytest.mark.parametrize(
    ("offset_s", "drift_ppm", "after_an_hour_ms"),
    [
        (-3_600, 0, -3_600_000),
        (86_400, 0, 86_400_000),
        (0, 20_000, 72_000),
        (60, -100_000, -300_000),
    ],
)
def test_a_clock_may_be_set_wrong_or_drift(
    county: ScenarioSpec, offset_s: int, drift_ppm: int, after_an_hour_ms: int
) -> None:
    kind, at_ms = FaultKind.CLOCK_WRONG, county.start_ms
    wrong = Injection("cab-0001", kind, at_ms, 7_200, offset_s=offset_s, drift_ppm=drift_ppm)
    spec = msgspec.structs.replace(county, rates=NO_FAULTS, injections=(wrong,))
    plan = FaultPlan(spec.devices[0], spec)
    assert plan.clock_offset_ms(county.start_ms) == offset_s * 1_000 + 500
    assert plan.clock_offset_ms(county.start_ms + 3_600_000) == after_an_hour_ms + 500
    assert plan.clock_offset_ms(county.start_ms + 7_200_000) == 0


@pytest.mark.parametrize("reads", ["1970-01-01T00:00:00Z", "2028-02-29T20:00:00+08:00"])
def test_a_clock_may_show_a_time_of_its_own(county: ScenarioSpec, reads: str) -> None:
    body = {"dev": "cab-0001", "kind": "clock_wrong", "at_ms": county.start_ms}
    told = msgspec.json.encode({**body, "duration_s": 7_200, "reads": reads})
    wrong = msgspec.json.decode(told, type=Injection)
    spec = msgspec.structs.replace(county, rates=NO_FAULTS, injections=(wrong,))
    plan = FaultPlan(spec.devices[0], spec)
    at_ms = county.start_ms + 60_000
    shown = datetime.fromtimestamp((at_ms + plan.clock_offset_ms(at_ms)) / 1000, UTC)
    assert shown == datetime.fromisoformat(reads).replace(minute=1, microsecond=500_000)


def test_a_time_without_its_zone_is_refused() -> None:
    body = {"dev": "cab-0001", "kind": "clock_wrong", "at_ms": 0, "duration_s": 1}
    told = msgspec.json.encode({**body, "reads": "1970-01-01T00:00:00"})
    with pytest.raises(msgspec.ValidationError, match="timezone"):
        msgspec.json.decode(told, type=Injection)
