"""``gongfu policies``: seen, changed, taken back at the terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gongfu.cli.main import app
from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings

ZONE = "zone:cab-0001:1"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state")
    open_fleet(Settings(state=path)).close()
    return path


def policies(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["policies", *words, "--state", str(state)])


def told(state: Path, *words: str) -> dict[str, Any]:  # Any: JSON
    result = policies(state, *words, "--json")
    assert result.exit_code == 0, result.output
    body: dict[str, Any] = json.loads(result.stdout)
    return body


def test_a_field_is_set_kept_unset_and_every_version_stays(state: Path) -> None:
    first = told(state, "set", ZONE, "air_high_celsius=7", "low_celsius=none", "--source", "HACCP")
    assert first["fields"] == {"air_high_celsius": 7, "low_celsius": None}
    second = told(state, "set", ZONE, "low_celsius=-", "stuck_min=40", "--source", "HACCP")
    assert second["fields"] == {"air_high_celsius": 7, "stuck_min": 40}
    shown = told(state, "show", ZONE)
    assert (shown["version"], shown["whole"]["low_celsius"]) == (second["version"], 0)
    then = told(state, "show", ZONE, "--version", str(first["version"]))
    assert then["whole"]["low_celsius"] is None
    versions = told(state, "history", ZONE)["versions"]
    assert [(one["version"], one["by"]) for one in versions] == [
        (first["version"], "command line"),
        (second["version"], "command line"),
    ]
    assert "air_high_celsius=7" in policies(state, "list").stdout
    assert "* air_high_celsius" in policies(state, "show", ZONE).stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("set", ZONE, "stuck_min=soon", "--source", "x"), "stuck_min is no number"),
        (("set", ZONE, "stuck_min", "--source", "x"), "is no change"),
        (("set", ZONE, "stuck_min=1", "--source", ""), "names no source"),
        (("set", ZONE, "stuck_min=1", "--source", "x", "--expected", "3"), "somebody changed it"),
        (("show", "zone:cab-9999:1"), "There is no zone:cab-9999:1"),
        (("show", "cab-0001"), "names no policy"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_remedy(
    state: Path, words: tuple[str, ...], reason: str
) -> None:
    result = policies(state, *words)
    assert result.exit_code == 2
    assert reason in result.stderr
