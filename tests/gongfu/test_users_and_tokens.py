"""People and tokens from the command line, for whoever can read the state folder."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gongfu.cli.main import app

OK, CANNOT = 0, 2


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def gongfu(state: Path, *words: str, code: int = OK) -> dict[str, Any]:  # Any: JSON
    result = CliRunner().invoke(app, [*words, "--state", str(state), "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout.splitlines()[-1]) if code == OK else {"said": result.stderr}


def test_a_person_comes_changes_and_goes(state: Path) -> None:
    made = gongfu(state, "users", "add", "lin", "manager", "--scope", "operator:hangzhou")
    assert len(made["password"]) == 20
    assert made["scope"] == ["operator:hangzhou"]
    assert gongfu(state, "users", "role", "lin", "viewer")["role"] == "viewer"
    assert gongfu(state, "users", "scope", "lin", "--everything")["scope"] is None
    assert gongfu(state, "users", "scope", "lin")["scope"] == []
    assert gongfu(state, "users", "deactivate", "lin")["active"] is False
    assert gongfu(state, "users", "activate", "lin")["active"] is True
    assert gongfu(state, "users", "reset", "lin")["password"] != made["password"]
    users = gongfu(state, "users", "list")["users"]
    assert [user["name"] for user in users] == ["admin", "lin"]
    entries = gongfu(state, "audit", "list")["entries"]
    assert {entry["actor"] for entry in entries} == {"gongfu", "command line"}
    assert len(entries) == 8


def test_a_token_is_made_listed_and_revoked(state: Path) -> None:
    made = gongfu(state, "tokens", "add", "admin", "grafana", "--role", "manager", "--days", "30")
    assert made["secret"].startswith("gongfu_")
    (listed,) = gongfu(state, "tokens", "list", "admin")["tokens"]
    assert listed["role"] == "manager"
    assert "secret" not in listed
    gongfu(state, "tokens", "revoke", made["id"])
    assert gongfu(state, "tokens", "list", "admin")["tokens"][0]["revoked_ms"] is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("users", "deactivate", "admin"), "Nobody would be left"),
        (("users", "role", "nobody", "viewer"), "no such account"),
        (("users", "add", "x", "viewer", "--scope", "village:1"), "is no scope"),
        (("users", "scope", "admin", "--everything", "--scope", "county:330803"), "exclude"),
        (("tokens", "revoke", "x"), "no such token"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_remedy(
    state: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in gongfu(state, *words, code=CANNOT)["said"]
