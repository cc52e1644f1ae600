"""docker-compose.yml as a text: no engine runs here, so tests hold what can be read off it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from gongfu.cli.main import app
from gongfu.settings import PREFIX, known_names

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = YAML(typ="safe").load(FILE)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: body for name, body in SERVICES.items() if body["image"].startswith("gongfu:")}
PUBLISHED = {"8883:8883", "80:8080", "443:8443", "443:8443/udp"}
each_service = pytest.mark.parametrize("name", SERVICES)


def secret_names() -> set[str]:
    return set(COMPOSE["secrets"])


def test_the_file_keeps_the_schema_of_compose() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*checker, FILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_a_county_needs_is_there() -> None:
    wanted = {"mosquitto", "influxdb", "grafana", "postgres", "worker", "api", "caddy"}
    assert wanted <= set(SERVICES)


@each_service
def test_every_image_is_pinned_to_a_full_version(name: str) -> None:
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.match(r"\d+\.\d+(\.\d+)?(-[a-z]+)?$", tag), tag
    assert "latest" not in tag


@each_service
def test_no_service_is_root_or_may_write_to_its_image(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]  # noqa: S108 - of the container
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@each_service
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    check, lasting = SERVICES[name]["healthcheck"], SERVICES[name]["restart"] != "no"
    assert ("test" in check) == lasting
    assert lasting or check == {"disable": True}


def test_only_caddy_gets_a_capability_back() -> None:
    assert {n: s["cap_add"] for n, s in SERVICES.items() if "cap_add" in s} == {
        "caddy": ["NET_BIND_SERVICE"]
    }


def test_only_tls_ports_and_the_redirect_are_published() -> None:
    published = {port for service in SERVICES.values() for port in service.get("ports", [])}
    assert published == PUBLISHED
    assert {name for name, service in SERVICES.items() if "ports" in service} == {
        "caddy",
        "mosquitto",
    }


def test_only_the_edge_reaches_the_world_and_no_database_is_on_it() -> None:
    outward = {n for n, body in COMPOSE["networks"].items() if not (body or {}).get("internal")}
    assert outward == {"edge"}
    assert {n for n, s in SERVICES.items() if "edge" in s["networks"]} == {"caddy", "mosquitto"}


@each_service
def test_no_secret_stands_in_the_environment(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|TOKEN|SECRET|DATABASE__URL", key):
            assert key.endswith("_FILE"), key
            assert str(value).startswith("/run/secrets/"), key


def test_every_secret_is_a_file_outside_git_and_is_used() -> None:
    folder = ROOT / "deploy/secrets"
    assert {Path(body["file"]).parent for body in COMPOSE["secrets"].values()} == {
        Path("deploy/secrets")
    }
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == secret_names()
    ignored = subprocess.run(["git", "check-ignore", "-q", folder / "x"], cwd=ROOT, check=False)
    assert ignored.returncode == 0


@each_service
def test_a_secret_that_is_read_is_mounted(name: str) -> None:
    if name in {"prepare", "accounts", "simulator"}:
        # They share the platform's environment and never speak to InfluxDB.
        assert "influx_token" not in SERVICES[name]["secrets"]
        return
    text = str(SERVICES[name].get("environment", "")) + str(SERVICES[name].get("command", ""))
    read = set(re.findall(r"/run/secrets/(\w+)", text))
    assert read <= set(SERVICES[name].get("secrets", []))


@pytest.mark.parametrize("name", OURS)
def test_every_gongfu_name_in_the_environment_means_something(name: str) -> None:
    names = {key for key in OURS[name]["environment"] if key.startswith(PREFIX)}
    assert names <= known_names()


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_the_platform_exists_with_its_options(name: str) -> None:
    command, *words = OURS[name]["command"]
    known = typer.main.get_command(app)
    found = known.get_command(None, command)  # type: ignore[attr-defined] # a group, untyped by typer
    assert found is not None
    found.make_context(command, list(words))


def test_the_health_check_of_the_worker_is_a_command_of_the_platform() -> None:
    check, program, command = SERVICES["worker"]["healthcheck"]["test"]
    assert (check, program) == ("CMD", "gongfu")
    assert typer.main.get_command(app).get_command(None, command)  # type: ignore[attr-defined] # as above


def test_prepare_writes_the_configuration_that_is_shipped_as_the_example(tmp_path: Path) -> None:
    words = [word for word in OURS["prepare"]["command"] if not word.startswith("--out")]
    out, state = tmp_path / "out", tmp_path / "state"
    done = subprocess.run(
        [sys.executable, "-m", "gongfu", *words, f"--out={out}", f"--state={state}"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shipped = ROOT / "broker/mosquitto/mosquitto.conf"
    assert (out / "mosquitto.conf").read_text() == shipped.read_text()


def test_who_watches_the_accounts_writes_the_same_files_as_prepare() -> None:
    watching, before = (OURS[name] for name in ("accounts", "prepare"))
    assert watching["command"] == ["broker-files", "--watch", *before["command"][1:]]
    assert watching["environment"] == before["environment"]
    assert set(watching["volumes"]) <= set(before["volumes"])
    assert watching["restart"] == "unless-stopped"


def test_mosquitto_finds_its_files_where_prepare_says_they_are() -> None:
    at = next(w.split("=")[1] for w in OURS["prepare"]["command"] if w.startswith("--at="))
    mounts = {m["source"]: m["target"] for m in SERVICES["mosquitto"]["volumes"] if "source" in m}
    assert mounts["broker-files"] == at
    assert "broker-files:/broker-files" in OURS["prepare"]["volumes"]


@each_service
def test_every_mounted_file_of_the_repository_exists(name: str) -> None:
    texts = [mount for mount in SERVICES[name].get("volumes", []) if isinstance(mount, str)]
    for source, _, mode in (m.split(":") for m in texts if m.startswith("./")):
        assert (ROOT / source).exists(), source
        assert mode == "ro"


@each_service
def test_every_named_volume_is_declared(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source = mount["source"] if isinstance(mount, dict) else mount.split(":")[0]
        assert source.startswith("./") or source in COMPOSE["volumes"]


def test_grafana_reads_its_dashboards_from_where_they_are_mounted() -> None:
    provider = next((ROOT / "grafana/provisioning/dashboards").iterdir())
    path = YAML(typ="safe").load(provider)["providers"][0]["options"]["path"]
    assert f"./grafana/generated:{path}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "grafana/generated" / Path(home).name).exists()
    assert home.startswith(f"{path}/")


@each_service
def test_what_depends_on_another_waits_until_that_is_ready(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        ends = SERVICES[other]["restart"] == "no"
        wanted = "service_completed_successfully" if ends else "service_healthy"
        assert how == {"condition": wanted}


@each_service
def test_who_must_speak_to_each_other_share_a_network(name: str) -> None:
    for other in SERVICES[name].get("depends_on", {}):
        if {name, other} in ({"mosquitto", "prepare"}, {"api", "worker"}, {"simulator", "worker"}):
            continue  # they meet in a volume
        assert set(SERVICES[name]["networks"]) & set(SERVICES[other]["networks"])


@each_service
def test_health_checks_of_shell_words_are_whole(name: str) -> None:
    kind, *words = SERVICES[name]["healthcheck"].get("test", ["CMD"])
    if kind == "CMD-SHELL":
        assert shlex.split(words[0].replace("$$", "$"))
