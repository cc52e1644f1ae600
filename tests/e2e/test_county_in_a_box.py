"""The county as ``make run`` starts it, asked over HTTP and by the command line."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from gongfu.bench.house import House, house_settings
from gongfu.simulated_secrets import simulated_secrets
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.ports import Session

ROOT = Path(__file__).parents[2]
SERIES = ROOT / "docs/examples/nab/ambient_temperature_system_failure.csv"


def command(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gongfu", *words, "--state", str(house.settings.state)],
        env={
            "PATH": "/usr/bin:/bin",
            "GONGFU_BROKER__PORT": str(house.settings.broker.port),
            "GONGFU_API__PORT": str(house.settings.api.port),
        },
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def incidents_of(house: House, asset: str, seconds: float = 120) -> list[dict[str, Any]]:
    """Wait for the asset's first incident."""
    with house.sign_in() as client:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            items: list[dict[str, Any]] = client.get(
                f"/api/incidents?state=all&asset={asset}"
            ).json()["items"]
            if items:
                return items
            time.sleep(0.5)
    return []


def test_all_119_devices_connect_and_report(house: House) -> None:
    health = house.health()
    assert health["devices"]["registered"] == 119
    assert health["devices"]["seen"] == 119
    assert health["broker"] == {"connected": True}
    assert health["ingest"]["accepted"] > 100


@pytest.mark.parametrize(
    "path", ["/api/map", "/api/assets", "/api/incidents", "/api/geo/villages", "/api/live"]
)
def test_nobody_reads_without_signing_in(house: House, path: str) -> None:
    import httpx  # noqa: PLC0415 - only here

    assert httpx.get(house.url + path).status_code == 401


def test_both_places_of_the_county_are_on_the_map(house: House) -> None:
    with house.sign_in() as client:
        told = client.get("/api/map").json()
        assert {place["id"] for place in told["places"]} == {"quzhou", "hangzhou"}
        kinds = [asset["kind"] for asset in told["assets"]]
        assert (kinds.count("truck"), kinds.count("cabinet")) == (39, 80)
        villages = client.get("/api/geo/villages").json()["features"]
        assert sum(v["properties"]["served"] for v in villages) == 619


def test_a_compressor_failure_becomes_one_incident_of_the_goods(house: House) -> None:
    found = incidents_of(house, "cab-0007")
    (incident,) = (one for one in found if one["hazard"] == "product_high")
    assert incident["severity"] == "critical"
    assert incident["consequence"] == "product"
    assert incident["peak_celsius"] > incident["limit_celsius"] == 8


def test_a_bad_message_is_listed_with_its_reason(house: House) -> None:
    secret = simulated_secrets(house.settings.state)["cab-0033"]

    async def send() -> None:
        connector = AiomqttConnector("127.0.0.1", house.settings.broker.port)
        session = Session("cab-0033-wrench", "cab-0033", secret)
        async with connector.connect(session) as bus:
            await bus.publish("clf/v1/hangzhou/cab-0033/tel", b"{broken", qos=1)

    asyncio.run(send())
    time.sleep(1)
    done = command(house, "dead-letters", "--json")
    assert done.returncode == 0
    letters = json.loads(done.stdout)["letters"]
    assert [x["reason"] for x in letters if x["payload"] == "{broken"] == ["malformed"]


def test_a_recorded_series_gives_the_incidents_the_readme_tells(house: House) -> None:
    words = ("replay", str(SERIES), "--device", "cab-0080", "--unit", "degF", "--json")
    done = command(house, *words)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["rows"], told["left_out"]) == (7267, [])
    warm = [one for one in told["incidents"] if one["hazard"] in {"air_high", "product_high"}]
    found = sorted((one["recorded_begin"], one["recorded_end"], one["hazard"]) for one in warm)
    assert found == [
        ("2013-12-21 21:00", "2013-12-24 11:00", "air_high"),
        ("2013-12-22 00:00", "2013-12-24 13:00", "product_high"),
    ]
    assert all(one["late"] for one in warm)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--device", "cab-0999"), "not registered"),
        (("--device", "cab-0080", "--metric", "warmth"), "has no warmth"),
        (("--device", "cab-0080", "--speed", "-1"), "positive"),
        (("--device", "cab-0080", "--value-column", "nothing"), "no column 'nothing'"),
    ],
)
def test_a_replay_that_cannot_work_says_why(
    house: House, words: tuple[str, ...], says: str
) -> None:
    done = command(house, "replay", str(SERIES), *words)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_second_run_on_the_same_state_is_refused_by_name(house: House) -> None:
    done = command(house, "run")
    assert done.returncode == 2
    assert f"pid {house.pid}" in done.stderr


def test_a_taken_port_is_named_with_its_holder(house: House, tmp_path: Path) -> None:
    other = House(house_settings(tmp_path / "state"))
    other.settings.api.port = house.settings.api.port
    done = command(other, "run")
    assert done.returncode == 2
    assert f"port {house.settings.api.port}" in done.stderr
    assert "GONGFU_API__PORT" in done.stderr


def test_the_doctor_finds_a_running_county_well(house: House) -> None:
    done = command(house, "doctor", "--json")
    told = json.loads(done.stdout)
    assert told["ok"], told
    assert done.returncode == 0


def test_stopping_leaves_no_process_behind(tmp_path: Path) -> None:
    house = House(house_settings(tmp_path / "state"))
    with house:
        house.wait_connected()
        family = psutil.Process(house.pid).children(recursive=True)
        assert len(family) >= 2
        code = house.stop()
    assert code == 0, house.tail()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    assert "Traceback" not in house.tail()
