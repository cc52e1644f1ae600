"""Faults come at the rates of the scenario, and stay the same after a restart."""

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
