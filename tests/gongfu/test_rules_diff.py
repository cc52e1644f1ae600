"""``gongfu rules diff`` over a small store, as a person starts it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from gongfu.cli.main import app
from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings
from gongfu_ingest.database import Database
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores.embedded import EmbeddedStore

MINUTE = 60_000
T0 = 1_790_002_800_000  # 2026-09-21T15:00Z
FROM, TO = "2026-09-21T15:00", "2026-09-22T03:00+00:00"
HOURS = 12
# Longer than any defrost: what could be one would be excused.
WARM = range(300, 400)  # at 7.5 degrees
DARK = range(200, 225)  # without mains
HOT = range(500, 600)  # at 9
SVG = "{http://www.w3.org/2000/svg}"


def celsius(minute: int) -> float:
    if minute in WARM:
        return 7.5
    return 9.0 if minute in HOT else 3.0 + (minute % 7) * 0.1


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cabinets 1 and 2 measured twelve hours, each minute; the second only lost its mains once."""
    settings = Settings(state=tmp_path_factory.mktemp("state"))
    open_fleet(settings).close()
    database = Database(settings.telemetry_path)
    EmbeddedStore(database).write(
        [
            Point(
                T0 + n * MINUTE,
                dev,
                Rank(1, n + 1, 0),
                {
                    "zone_1_celsius": celsius(n if dev == "cab-0001" else n % 7),
                    "door_open": 0.0,
                    "mains_on": float(dev == "cab-0001" or n not in DARK),
                },
            )
            for n in range(HOURS * 60)
            for dev in ("cab-0001", "cab-0002")
        ]
    )
    database.close()
    return settings.state


def diff(state: Path, tmp_path: Path, change: object, *words: str) -> Result:
    file = tmp_path / "change.json"
    file.write_text(json.dumps(change))
    span = ("--from", FROM, "--to", TO, "--policy", str(file), "--state", str(state))
    return CliRunner().invoke(app, ["rules", "diff", *span, *words])


def told(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    body: dict[str, object] = json.loads(result.stdout)
    return body


def zone_of(body: Mapping[str, object]) -> dict[str, list[dict[str, Any]]]:  # Any: JSON
    zones = body["zones"]
    assert isinstance(zones, list)
    assert [(one["asset"], one["zone"]) for one in zones] == [("cab-0001", 1)]
    found: dict[str, list[dict[str, Any]]] = zones[0]  # Any: JSON
    return found


def test_a_lower_limit_gains_an_incident_with_begin_end_and_peak(
    state: Path, tmp_path: Path
) -> None:
    change = {"class:chilled_generic": {"air_high_celsius": 7}}
    words = ("--json", "--class", "chilled_generic")
    body = told(diff(state, tmp_path, change, *words))
    (gained,) = zone_of(body)["gained"]
    assert gained["hazard"] == "air_high"
    assert gained["begin"].startswith("2026-09-21T20:0")
    assert gained["end"].startswith("2026-09-21T21:4")
    assert gained["peak"] == 7.5
    hazards = body["hazards"]
    assert isinstance(hazards, dict)
    assert (hazards["air_high"]["before"], hazards["air_high"]["after"]) == (1, 2)
    assert (body["gained"], body["lost"]) == (1, 0)


def test_a_higher_limit_loses_one_and_other_zones_are_not_judged(
    state: Path, tmp_path: Path
) -> None:
    change = {"zone:cab-0001:1": {"air_high_celsius": 9.5}}
    body = told(diff(state, tmp_path, change, "--json"))
    assert [one["hazard"] for one in zone_of(body)["lost"]] == ["air_high"]
    assert (body["zones_judged"], body["zones_untouched"]) == (1, 276)
    assert body["readings"] == HOURS * 60


def test_a_shorter_defrost_changes_an_incident(state: Path, tmp_path: Path) -> None:
    change = {"defrost_longest_min": 60}
    result = diff(state, tmp_path, change, "--asset", "cab-0001", "--json")
    (pair,) = zone_of(told(result))["changed"]
    before, after = pair["before"], pair["after"]
    assert before["begin"] == after["begin"]
    assert before["discovered"] > after["discovered"]


def test_equal_fields_touch_nothing(state: Path, tmp_path: Path) -> None:
    body = told(diff(state, tmp_path, {"class:frozen": {"air_high_celsius": -15}}, "--json"))
    assert (body["zones_judged"], body["zones_untouched"], body["zones"]) == (0, 277, [])


def test_the_drawing_has_both_timelines_over_the_temperature(state: Path, tmp_path: Path) -> None:
    picture = tmp_path / "diff.svg"
    change = {"air_high_celsius": 7, "off_delay_min": 5}
    words = ("--asset", "cab-0001", "--plot", str(picture))
    result = diff(state, tmp_path, change, *words)
    assert result.exit_code == 0, result.output
    assert "+ air_high" in result.stdout
    drawing = ET.parse(picture).getroot()  # noqa: S314 - our own file
    assert drawing.find(f"{SVG}polyline") is not None
    titles = [one.text or "" for one in drawing.iter(f"{SVG}title")]
    assert any(one.startswith("air_high") and "(gained)" in one for one in titles)
    dashed = [one for one in drawing.iter(f"{SVG}line") if one.get("stroke-dasharray")]
    assert len(dashed) == 1


@pytest.mark.parametrize("target", ["class:cabinet", "zone:cab-0002:0"])
def test_a_longer_wait_for_the_mains_loses_an_incident_of_the_whole_cabinet(
    state: Path, tmp_path: Path, target: str
) -> None:
    picture = tmp_path / "diff.svg"
    change = {target: {"power_lost_min": 40}}
    body = told(diff(state, tmp_path, change, "--json", "--plot", str(picture)))
    zones = body["zones"]
    assert isinstance(zones, list)
    (whole,) = zones
    assert (whole["asset"], whole["zone"], whole["class"]) == ("cab-0002", 0, "cabinet")
    (lost,) = whole["lost"]
    assert (lost["hazard"], lost["begin"]) == ("power_lost", "2026-09-21T18:20:00Z")
    assert lost["peak"] is None
    drawing = ET.parse(picture).getroot()  # noqa: S314 - our own file
    assert drawing.find(f"{SVG}polyline") is None
    titles = [one.text or "" for one in drawing.iter(f"{SVG}title")]
    assert any(one.startswith("power_lost") and "(lost)" in one for one in titles)


def test_a_field_of_another_kind_of_asset_is_refused_by_name(state: Path, tmp_path: Path) -> None:
    result = diff(state, tmp_path, {"class:cabinet": {"moving_kmh": 9}})
    assert result.exit_code == 2
    assert "'moving_kmh'" in result.stderr


def test_a_backup_gives_what_the_state_gives(state: Path, tmp_path: Path) -> None:
    tar = tmp_path / "backup.tar"
    made = CliRunner().invoke(app, ["backup", "--out", str(tar), "--state", str(state)])
    assert made.exit_code == 0, made.output
    change = {"asset:cab-0001": {"air_high_celsius": 7}}
    from_backup = told(diff(tmp_path / "nothing", tmp_path, change, "--backup", str(tar), "--json"))
    assert from_backup == told(diff(state, tmp_path, change, "--json"))
    assert from_backup["gained"] == 1


@pytest.mark.parametrize(
    ("change", "words", "reason"),
    [
        ({"air_heigh": 7}, (), "no field 'air_heigh'"),
        ({"class:frozen": {"tau_min": 0}}, (), "tau_min is 0"),
        ({"zone:cab-0002:0": {"unsettled_min": 5}}, (), "holds for every cabinet"),
        ({"zone:cab-9999:1": {"tau_min": 9}}, (), "no zone:cab-9999:1"),
        ({"class:frozne": {"tau_min": 9}}, (), "no class:frozne"),
        ({"shelf:1": {"tau_min": 9}}, (), "names no policy"),
        ({"tau_min": 9, "class:frozen": {}}, (), "names no change"),
        ([], (), "names no change"),
        ({"tau_min": 9}, ("--asset", "cab-9999"), "no zone is chosen"),
        ({"tau_min": 9}, ("--plot", "diff.png"), "is no .svg"),
        ({"tau_min": 9}, ("--to", "2026-09-01"), "--to is not after --from"),
        ({"tau_min": 9}, ("--from", "yesterday"), "is no time"),
        ({"tau_min": 9}, ("--state", "nowhere"), "is not there"),
    ],
)
def test_what_cannot_be_compared_is_told_with_a_remedy(
    state: Path, tmp_path: Path, change: object, words: tuple[str, ...], reason: str
) -> None:
    result = diff(state, tmp_path, change, *words)
    assert result.exit_code == 2
    assert reason in result.stderr
