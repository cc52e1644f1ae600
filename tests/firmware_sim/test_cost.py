"""The whole county is cheap to simulate: it shares a small machine with the platform."""

import time

import msgspec

from gongfu_firmware_sim.run import model_of
from gongfu_firmware_sim.scenario import ScenarioSpec

HOUR_MS = 3_600_000
CABINETS, TRUCKS = 80, 39


def test_an_hour_of_119_devices_takes_less_than_two_seconds_of_one_core(
    county: ScenarioSpec,
) -> None:
    cabinet, _, truck = county.devices
    devices = [msgspec.structs.replace(cabinet, dev=f"cab-{n:04}") for n in range(CABINETS)]
    devices += [msgspec.structs.replace(truck, dev=f"veh-{n:04}") for n in range(TRUCKS)]
    start = county.start_ms + HOUR_MS
    began = time.process_time()
    rows = sum(len(model_of(d, county).moments(start, start + HOUR_MS)) for d in devices)
    took_s = time.process_time() - began
    print(f"simulate_county_hour_cpu_s {took_s:.2f} rows {rows}")
    assert rows > CABINETS * 60 + TRUCKS * 360
    assert took_s < 2.0
