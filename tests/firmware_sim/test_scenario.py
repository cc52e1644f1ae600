"""A scenario is plain data, and refused with a reason when it cannot be simulated."""

from pathlib import Path

import msgspec
import pytest

from gongfu_firmware_sim.errors import ScenarioError
from gongfu_firmware_sim.faults import FaultKind, Injection
from gongfu_firmware_sim.scenario import ScenarioSpec, check, load_spec


def test_a_scenario_comes_back_from_its_file(county: ScenarioSpec, tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    order = Injection("cab-0001", FaultKind.COMPRESSOR_STOP, county.start_ms, 3_600)
    spec = msgspec.structs.replace(county, injections=(order,))
    path.write_bytes(msgspec.json.encode(spec))
    assert load_spec(path) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dev": "Cab 1"}, "a-z, 0-9"),
        ({"zones": ()}, "one zone"),
        ({"kind": "truck"}, "two zones"),
        ({"kind": "truck", "zones": ("frozen", "frozen")}, "depot"),
    ],
)
def test_a_device_that_cannot_be_simulated_is_named(
    county: ScenarioSpec, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    raw = msgspec.to_builtins(county)
    raw["devices"][0].update(change)
    path = tmp_path / "scenario.json"
    path.write_bytes(msgspec.json.encode(raw))
    with pytest.raises(ScenarioError, match=message):
        load_spec(path)


def test_a_device_may_stand_only_once(county: ScenarioSpec) -> None:
    twice = msgspec.structs.replace(county, devices=county.devices + county.devices[:1])
    with pytest.raises(ScenarioError, match="cab-0001 stands twice"):
        check(twice)


def test_a_fault_for_nobody_is_an_error(county: ScenarioSpec) -> None:
    order = Injection("cab-0099", FaultKind.COMPRESSOR_STOP, 0, 60)
    with pytest.raises(ScenarioError, match="cab-0099, which is no device"):
        check(msgspec.structs.replace(county, injections=(order,)))


def test_a_misspelt_field_is_not_passed_over(county: ScenarioSpec, tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_bytes(msgspec.json.encode(county).replace(b'"seed"', b'"sead"'))
    with pytest.raises(ScenarioError, match="correct the file"):
        load_spec(path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot read the scenario"):
        load_spec(tmp_path / "none.json")
