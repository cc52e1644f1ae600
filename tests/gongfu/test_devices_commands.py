"""``gongfu devices …`` as commands: what they print, what they refuse; no secret is lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gongfu.cli.main import app

OK, CANNOT = 0, 2
OF_A_FACTORY = "aB3dE5gH7jK9mN1pQ3sT5vX7"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests here: each has cabinets of its own."""
    return tmp_path_factory.mktemp("devices") / "state"


def gongfu(state: Path, *words: str, code: int = OK) -> dict[str, Any]:  # Any: JSON
    words = ("devices", *words, "--state", str(state), "--json")
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout.splitlines()[-1]) if code == OK else {"said": result.stderr}


def logins(state: Path, device: str) -> list[str]:
    found = gongfu(state, "list")["devices"]
    (one,) = (view for view in found if view["id"] == device)
    return [credential["login"] for credential in one["credentials"]]


def actions(state: Path, device: str) -> list[str]:
    words = ("audit", "list", "--limit", "200", "--state", str(state), "--json")
    entries = json.loads(CliRunner().invoke(app, words).stdout)["entries"]
    return [entry["action"] for entry in entries if entry["object"] == f"device:{device}"]


def test_a_device_gets_a_secret_a_second_one_and_loses_both(state: Path) -> None:
    made = gongfu(state, "add", "cab-0001")
    assert (made["device"], made["login"], len(made["secret"])) == ("cab-0001", "cab-0001", 32)
    new = gongfu(state, "rotate", "cab-0001", "--overlap-hours", "1")
    assert new["login"] == "cab-0001_b"
    assert new["secret"] != made["secret"]
    assert logins(state, "cab-0001") == ["cab-0001", "cab-0001_b"]
    assert gongfu(state, "revoke", "cab-0001") == {"device": "cab-0001", "revoked": 2}
    assert logins(state, "cab-0001") == []
    done = ["device.add", "device.revoke", "device.rotate"]
    assert sorted(actions(state, "cab-0001")) == done


def test_one_of_two_credentials_is_revoked_by_its_id(state: Path) -> None:
    gongfu(state, "add", "cab-0002")
    gongfu(state, "rotate", "cab-0002")
    found = gongfu(state, "list")["devices"]
    (view,) = (one for one in found if one["id"] == "cab-0002")
    gongfu(state, "revoke", "cab-0002", "--credential", view["credentials"][0]["id"])
    assert logins(state, "cab-0002") == ["cab-0002_b"]


def test_without_overlap_the_old_secret_ends_at_once(state: Path) -> None:
    gongfu(state, "add", "cab-0003")
    gongfu(state, "rotate", "cab-0003", "--overlap-hours", "0")
    assert logins(state, "cab-0003") == ["cab-0003"]


def test_a_code_hands_a_device_over_once(state: Path) -> None:
    before = gongfu(state, "add", "cab-0004")
    code = gongfu(state, "code", "cab-0004", "--days", "1")["code"]
    words = ("claim", code.lower(), "--operator", "quzhou")
    taken = gongfu(state, *words)
    assert taken["secret"] != before["secret"]
    found = {view["id"]: view for view in gongfu(state, "list")["devices"]}
    assert found["cab-0004"]["operator"] == "quzhou"
    assert "No device has this code" in gongfu(state, *words, code=CANNOT)["said"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "cab-9999"), "no asset cab-9999"),
        (("rotate", "cab-9999"), "no asset cab-9999"),
        (("revoke", "cab-9999"), "no asset cab-9999"),
        (("code", "cab-9999"), "no asset cab-9999"),
        (("revoke", "cab-0005"), "no such credential"),
        (("revoke", "cab-0005", "--credential", "x"), "no such credential"),
        (("claim", "00000-00000-00000-00000", "--operator", "quzhou"), "No device has this code"),
        (("claim", "too short", "--operator", "quzhou"), "No device has this code"),
        (("claim", "x", "--operator", "No Name"), "no name of an operator"),
        (("rotate", "cab-0005", "--overlap-hours", "721"), "Invalid value"),
        (("code", "cab-0005", "--days", "0"), "Invalid value"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_remedy(
    state: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in gongfu(state, *words, code=CANNOT)["said"]


def test_a_second_first_secret_and_a_third_one_are_refused(state: Path) -> None:
    gongfu(state, "add", "cab-0006")
    assert "has a secret already" in gongfu(state, "add", "cab-0006", code=CANNOT)["said"]
    gongfu(state, "rotate", "cab-0006")
    assert "rotation is under way" in gongfu(state, "rotate", "cab-0006", code=CANNOT)["said"]
    assert logins(state, "cab-0006") == ["cab-0006", "cab-0006_b"]


@pytest.mark.parametrize(("encoding", "first"), [("utf-8-sig", 10), ("gb18030", 12)])
def test_a_list_is_imported_in_either_encoding_and_its_secrets_are_written_once(
    state: Path, tmp_path: Path, encoding: str, first: int
) -> None:
    one, other = f"cab-00{first}", f"cab-00{first + 1}"
    file, out = tmp_path / "devices.csv", tmp_path / "secrets.csv"
    rows = f"device,secret,备注\n{one},,衢州\n{other},{OF_A_FACTORY},供销社\n"
    file.write_bytes(rows.encode(encoding))
    told = gongfu(state, "import", str(file), "--out", str(out))
    assert told == {"devices": 2, "secrets": str(out)}
    lines = [line.split(",") for line in out.read_text().splitlines()]
    assert lines[0] == ["device", "login", "secret"]
    assert [line[0] for line in lines[1:]] == [one, other]
    assert len(lines[1][2]) == 32
    assert lines[2][2] == OF_A_FACTORY
    assert out.stat().st_mode & 0o777 == 0o600
    again = gongfu(state, "import", str(file), "--out", str(out), code=CANNOT)
    assert "is there already" in again["said"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column 'device'"),
        (b"device,secret\n", "names no device"),
        (b"name,password\ncab-0020,\n", "no column 'device'"),
        (b"device,secret\ncab-0020,\ncab-0020,\n", "line 3"),
        (b"device,secret\n,x\n", "line 2"),
        (b"device,secret\ncab-0020,\ncab-9999,\n", "no asset cab-9999"),
        (b"device,secret\ncab-0020,\ncab-0021,password\n", "128 random bits"),
        (b"device,secret\ncab-0020,\xff\xff\n", "neither UTF-8 nor GB18030"),
        (b'device,secret\ncab-0020,"' + b"x" * 200_000 + b'"\n', "save it as CSV"),
    ],
)
def test_a_list_with_one_fault_gives_nobody_a_secret(
    state: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    file, out = tmp_path / "devices.csv", tmp_path / "secrets.csv"
    file.write_bytes(content)
    assert said in gongfu(state, "import", str(file), "--out", str(out), code=CANNOT)["said"]
    assert not out.exists()
    assert logins(state, "cab-0020") == []


def test_secrets_that_could_not_be_written_are_not_made(state: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "devices.csv", tmp_path / "none" / "secrets.csv"
    file.write_text("device\ncab-0030\n")
    words = ("import", str(file), "--out", str(out))
    assert "is no folder" in gongfu(state, *words, code=CANNOT)["said"]
    assert logins(state, "cab-0030") == []
