"""``gongfu broker-files`` against a real mosquitto: the registry decides who gets in."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.clock import real_ms
from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.listening import free_port
from gongfu_broker.mosquitto_config import UPTIME
from gongfu_broker.ports import Bus, Session
from gongfu_fleet.services.devices import DeviceDesk
from gongfu_fleet.services.people import By
from tests.servers.mosquitto import (
    FETCHED,
    MosquittoProcess,
    fetched_libraries,
    mosquitto_binary,
)

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

    @contextmanager
    def watching(self, *more: str) -> Iterator[None]:
        """'broker-files --watch' beside a running mosquitto."""
        words = ["broker-files", "--out", str(self.out), "--watch", *more]
        words += ["--pid-file", str(self.out / "mosquitto.pid"), "--state", str(self.state)]
        names = {"PATH": "/usr/bin:/bin", "GONGFU_BROKER__PORT": str(self.port)}
        process = subprocess.Popen(
            [sys.executable, "-m", "gongfu", *words], env=names, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert "accounts" in process.stdout.readline()
            yield
        finally:
            process.terminate()
            process.communicate(timeout=30)

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

    @contextmanager
    def desk(self) -> Iterator[DeviceDesk]:
        """What 'gongfu devices' works with, without the second it takes to start."""
        fleet = open_fleet(Settings(state=self.state))
        try:
            yield fleet.devices
        finally:
            fleet.close()

    def equip(self, device: str) -> str:
        with self.desk() as desk:
            return desk.add(device, by=By("test", real_ms())).secret

    async def gets_in(self, dev: str, secret: str) -> bool:
        try:
            way = AiomqttConnector("127.0.0.1", self.port, timeout_s=5)
            async with way.connect(Session(dev, dev, secret)):
                return True
        except BusDisconnectedError:
            return False


async def test_importing_and_retiring_a_device_lets_it_in_and_out(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    steady = shell.equip("cab-0001")
    shell.register(tmp_path, "live")
    secret = shell.equip("cab-0081")
    told = shell.write()
    assert told["accounts"] == 2 + 5
    assert set(told["changed"]) == {"mosquitto.conf", "passwords", "acl"}
    with MosquittoProcess(shell.out, shell.port) as broker:
        for lifecycle, welcome in (("live", True), ("retired", False)):
            before = broker.reloads()
            shell.register(tmp_path, lifecycle)
            told = shell.write("--reload")
            assert ({"passwords", "acl"} <= set(told["changed"])) is not welcome
            broker.wait_reloaded(before)
            assert await shell.gets_in("cab-0081", secret) is welcome
            assert await shell.gets_in("cab-0001", steady)


async def test_a_watch_lets_a_new_device_in_and_puts_a_revoked_one_out_within_seconds(
    tmp_path: Path,
) -> None:
    shell = Shell(tmp_path)
    secret = shell.equip("cab-0001")
    steady = shell.equip("cab-0002")
    shell.write()
    with MosquittoProcess(shell.out, shell.port) as broker, shell.watching("--reload"):
        way = AiomqttConnector("127.0.0.1", shell.port, timeout_s=5)
        async with (
            way.connect(Session("cab-0001", "cab-0001", secret)) as revoked,
            way.connect(Session("cab-0002", "cab-0002", steady)) as other,
        ):
            ended = asyncio.create_task(end_of(revoked))
            with shell.desk() as desk:
                desk.revoke("cab-0001", by=By("test", real_ms()))
            began_s = asyncio.get_running_loop().time()
            async with asyncio.timeout(30):
                took_s = await ended - began_s
            print(f"\nmosquitto: a revoked device is put out {took_s:.2f} s after it was")
            await other.publish("clf/v1/hangzhou/cab-0002/tel", b"undisturbed", qos=1)
        assert not await shell.gets_in("cab-0001", secret)
        before = broker.reloads()
        new = shell.equip("cab-0003")
        broker.wait_reloaded(before)
        assert await shell.gets_in("cab-0003", new)


async def end_of(bus: Bus) -> float:
    """When the broker ended the connection."""
    with pytest.raises(BusDisconnectedError):
        await anext(aiter(bus.messages()))
    return asyncio.get_running_loop().time()


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


async def test_compose_puts_a_revoked_device_out_without_anybodys_doing(tmp_path: Path) -> None:
    *words, script = YAML(typ="safe").load(COMPOSE)["services"]["mosquitto"]["command"]
    shell = Shell(tmp_path)
    script = script.replace("$$", "$").replace("/mosquitto/config", str(shell.out))
    words.append(script.replace("exec mosquitto", f"exec {mosquitto_binary()}"))
    revoked, steady = shell.equip("cab-0001"), shell.equip("cab-0002")
    shell.write()
    with MosquittoProcess(shell.out, shell.port, words=words), shell.watching():
        way = AiomqttConnector("127.0.0.1", shell.port, timeout_s=5)
        async with way.connect(Session("cab-0001", "cab-0001", revoked)) as bus:
            with shell.desk() as desk:
                desk.revoke("cab-0001", by=By("test", real_ms()))
            began_s = asyncio.get_running_loop().time()
            async with asyncio.timeout(30):
                took_s = await end_of(bus) - began_s
            print(f"\nas in compose: a revoked device is put out {took_s:.2f} s after it was")
        assert (shell.out / "watched").exists()
        assert not await shell.gets_in("cab-0001", revoked)
        assert await shell.gets_in("cab-0002", steady)


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
