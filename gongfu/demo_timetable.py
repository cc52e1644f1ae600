"""The demonstration's timetable: when its trucks come to their villages, from their own rounds.

A stand-in for the planner, which will write such calls itself. People are told a window that holds
what the simulator drives in the next weeks: crews eat before a village or after it.
"""

from collections.abc import Iterable, Mapping

from gongfu_broker.columns import DeviceKind
from gongfu_firmware_sim.daytime import MINUTE_MS, WORKDAYS, day_of, midnight_ms, weekday_of
from gongfu_firmware_sim.scenario import DeviceSpec, LonLat, ScenarioSpec
from gongfu_firmware_sim.truck import Truck
from gongfu_fleet.domain.registry import CallRecord
from gongfu_geo.villages import Village

WEEKS = 6
_AROUND_MIN = 10
_STEP_MIN = 5
_DAYS = 7


def demo_timetable(spec: ScenarioSpec, villages: Iterable[Village]) -> tuple[CallRecord, ...]:
    """The calls of every simulated truck, in force from the day on which the scenario begins."""
    codes = {(village.point.lon, village.point.lat): village.code for village in villages}
    trucks = (device for device in spec.devices if device.kind is DeviceKind.TRUCK)
    return tuple(call for truck in trucks for call in _calls(truck, spec, codes))


def _calls(
    device: DeviceSpec, spec: ScenarioSpec, codes: Mapping[LonLat, str]
) -> Iterable[CallRecord]:
    truck, first = Truck(device, spec), day_of(spec.start_ms)
    for day in range(first, first + _DAYS):
        if weekday_of(day) >= WORKDAYS:
            continue
        rides = [
            {at: (ms - midnight_ms(one)) / MINUTE_MS for at, ms in truck.arrivals(one)}
            for one in range(day, day + WEEKS * _DAYS, _DAYS)
        ]
        for at in rides[0]:
            begin = _on_clock(min(ride[at] for ride in rides) - _AROUND_MIN)
            end = _on_clock(max(ride[at] for ride in rides) + _AROUND_MIN)
            yield CallRecord(device.dev, first, weekday_of(day) + 1, codes[at], begin, end)


def _on_clock(minutes: float) -> int:
    return _STEP_MIN * round(minutes / _STEP_MIN)
