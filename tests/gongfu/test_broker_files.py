"""``gongfu broker-files`` against a real mosquitto: the registry decides who gets in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gongfu.secrets_file import load_secrets
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.mosquitto_config import UPTIME
from gongfu_broker.ports import Session
from tests.servers.mosquitto import FETCHED, MosquittoProcess, fetched_libraries, free_port

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
ASSET = "id,kind,name,site,lon,lat,position_source,lifecycle,county_code,depot,model,place\n"
NEW = "cab-0081,cabinet,邻礼柜 试点,quzhou,118.86826,28.95,assumed,{},,,邻礼柜 LL-8,衢州 试点\n"
ZONE = "asset_id,zone,metric,product_class\ncab-0081,1,zone_1_celsius,chilled_generic\n"


class Shell:
    """The command line on one state folder and one folder of broker files."""

    def __init__(self, folder: Path) -> None:
        self.state, self.out = folder / "state", folder / "broker"
        self.port = free_port()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gongfu", *words, "--state", str(self.state)],
            env={"PATH": "/usr/bin:/bin", "GONGFU_BROKER__PORT": str(self.port)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def write(self, *words: str) -> dict[str, Any]:
        pid_file = str(self.out / "mosquitto.pid")
        done = self.run(
            "broker-files", "--out", str(self.out), "--pid-file", pid_file, "--json", *words
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def register(self, folder: Path, lifecycle: str) -> None:
        (folder / "assets.csv").write_text(ASSET + NEW.format(lifecycle))
        (folder / "zones.csv").write_text(ZONE)
        files = ("--assets", str(folder / "assets.csv"), "--zones", str(folder / "zones.csv"))
        done = self.run("import", *files)
        assert done.returncode == 0, done.stdout + done.stderr

    async def gets_in(self, dev: str) -> bool:
        secret = load_secrets(self.state, []).devices.get(dev, "")
        try:
            way = AiomqttConnector("127.0.0.1", self.port, timeout_s=5)
            async with way.connect(Session(dev, dev, secret)):
                return True
        except BusDisconnectedError:
            return False


async def test_importing_and_retiring_a_device_lets_it_in_and_out(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    told = shell.write()
    assert told["accounts"] == 119 + 4
    assert set(told["changed"]) == {"mosquitto.conf", "passwords", "acl"}
    with MosquittoProcess(shell.out, shell.port) as broker:
        assert await shell.gets_in("cab-0001")
        for lifecycle, welcome in (("live", True), ("retired", False)):
            before = broker.reloads()
            shell.register(tmp_path, lifecycle)
            told = shell.write("--reload")
            assert {"passwords", "acl"} <= set(told["changed"])
            broker.wait_reloaded(before)
            assert await shell.gets_in("cab-0081") is welcome
            assert await shell.gets_in("cab-0001")


async def test_the_health_password_is_kept_and_works(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.write()
    secret = (shell.out / "health-password").read_text()
    assert shell.write()["changed"] == []
    with MosquittoProcess(shell.out, shell.port):
        way = AiomqttConnector("127.0.0.1", shell.port)
        async with way.connect(Session("health", "health", secret)) as bus:
            await bus.subscribe(UPTIME)
            assert (await anext(aiter(bus.messages()))).topic == UPTIME


def test_the_health_check_of_compose_tells_a_live_broker_from_a_dead_one(tmp_path: Path) -> None:
    client = FETCHED / "usr/bin/mosquitto_sub"
    if not client.exists():
        pytest.skip("no mosquitto_sub on this machine: 'make test-servers' fetches it")
    service = YAML(typ="safe").load(COMPOSE)["services"]["mosquitto"]
    command = service["healthcheck"]["test"][1].replace("$$", "$")
    shell = Shell(tmp_path)
    shell.write()
    command = command.replace("mosquitto_sub", f"{client} -p {shell.port}")
    command = command.replace("/mosquitto/config", str(shell.out))

    def healthy() -> bool:
        words = ["sh", "-c", command]
        done = subprocess.run(words, env=fetched_libraries(), capture_output=True, check=False)
        return done.returncode == 0

    with MosquittoProcess(shell.out, shell.port):
        assert healthy()
    assert not healthy()


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.write()
    assert {path.stat().st_mode & 0o777 for path in shell.out.iterdir()} == {0o600}


def test_a_certificate_without_its_key_is_refused_with_a_sentence(tmp_path: Path) -> None:
    done = Shell(tmp_path).run("broker-files", "--out", str(tmp_path), "--certificate", "c.pem")
    assert done.returncode == 2
    assert "belong together" in done.stderr


def test_a_reload_without_a_running_broker_says_what_to_do(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    pid_file = str(tmp_path / "none.pid")
    done = shell.run("broker-files", "--out", str(shell.out), "--pid-file", pid_file, "--reload")
    assert done.returncode == 2
    assert "start it with the written files" in done.stderr
