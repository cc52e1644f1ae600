"""What the generated files do to a real mosquitto: reload, TLS, restart, health account."""

import asyncio
import gc
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.access import User, device_user, ingest_user
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.mosquitto_config import (
    UPTIME,
    MosquittoSettings,
    TlsFiles,
    access_list,
    configuration,
    generated_files,
    health_user,
    matches_secret,
    password_list,
)
from gongfu_broker.ports import Bus, Device, Message, Session
from gongfu_broker.topics import uplink_filters
from tests.servers.mosquitto import Mosquitto

SHIPPED = Path(__file__).parents[2] / "broker/mosquitto"
FIRST, SECOND = (Device(f"cab-000{n}", "hangzhou", DeviceKind.CABINET) for n in (1, 2))
INGEST = Session("x", "ingest-p0", "secret-i", persistent=True)
TEL = "clf/v1/hangzhou/cab-0001/tel"


def accounts(*devices: Device) -> list[User]:
    return [ingest_user("ingest-p0", "secret-i"), *(device_user(d, f"of-{d.dev}") for d in devices)]


def session(device: Device) -> Session:
    return Session(device.dev, device.dev, f"of-{device.dev}")


def connector(broker: Mosquitto) -> AiomqttConnector:
    return AiomqttConnector("127.0.0.1", broker.port, timeout_s=5)


async def first(bus: Bus) -> Message:
    async with asyncio.timeout(5):
        return await anext(aiter(bus.messages()))


async def gets_in(broker: Mosquitto, device: Device) -> bool:
    try:
        async with connector(broker).connect(session(device)) as bus:
            await bus.publish(f"clf/v1/hangzhou/{device.dev}/tel", b"here", qos=1)
    except BusDisconnectedError:
        return False
    return True


async def test_a_device_registered_later_gets_in_after_a_reload(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users=accounts(FIRST)) as broker:
        assert not await gets_in(broker, SECOND)
        async with connector(broker).connect(session(FIRST)) as steady:
            broker.reload(accounts(FIRST, SECOND))
            assert await gets_in(broker, SECOND)
            await steady.publish(TEL, b"still connected", qos=1)


async def test_a_revoked_device_is_put_out_by_a_reload_and_stays_out(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users=accounts(FIRST, SECOND)) as broker:
        async with connector(broker).connect(session(SECOND)) as revoked:
            broker.reload(accounts(FIRST))
            with pytest.raises(BusDisconnectedError):
                await first(revoked)
        assert not await gets_in(broker, SECOND)
        assert await gets_in(broker, FIRST)


async def test_a_new_secret_ends_the_connection_made_with_the_old_one(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users=accounts(FIRST)) as broker:
        async with connector(broker).connect(session(FIRST)) as thief:
            broker.reload([device_user(FIRST, "new secret")])
            with pytest.raises(BusDisconnectedError):
                await first(thief)
        renewed = Session(FIRST.dev, FIRST.dev, "new secret")
        async with connector(broker).connect(renewed) as bus:
            await bus.publish(TEL, b"here", qos=1)


async def test_nobody_takes_over_a_connection_by_its_client_id(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users=accounts(FIRST, SECOND)) as broker:
        async with connector(broker).connect(session(FIRST)) as bus:
            posing = Session(FIRST.dev, SECOND.dev, f"of-{SECOND.dev}")
            async with connector(broker).connect(posing):
                await bus.publish(TEL, b"undisturbed", qos=1)


async def test_what_waits_for_ingest_survives_a_restart_of_the_broker(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users=accounts(FIRST)) as broker:
        async with connector(broker).connect(INGEST) as ingest:
            for topic_filter in uplink_filters():
                await ingest.subscribe(topic_filter, qos=1)
        async with connector(broker).connect(session(FIRST)) as device:
            await device.publish(TEL, b"waiting", qos=1)
        broker.stop()
        broker.start()
        async with connector(broker).connect(INGEST) as ingest:
            assert (await first(ingest)).payload == b"waiting"


async def test_the_health_account_hears_the_uptime_and_nothing_else(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users=[*accounts(FIRST), health_user("secret-h")]) as broker:
        checking = Session("health", "health", "secret-h")
        async with connector(broker).connect(checking) as health:
            await health.subscribe("#")
            await health.subscribe("$SYS/#")
            async with connector(broker).connect(session(FIRST)) as device:
                await device.publish(TEL, b"private", qos=1)
            assert (await first(health)).topic == UPTIME


def certificate(folder: Path, name: str) -> TlsFiles:
    """A certificate for 127.0.0.1 that vouches for itself."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine: no certificate can be made")
    files = TlsFiles(folder / "certificate.pem", folder / "key.pem")
    curve = "ec -pkeyopt ec_paramgen_curve:prime256v1"
    names = f"-subj /CN={name} -addext subjectAltName=IP:127.0.0.1"
    wanted = f"openssl req -x509 -newkey {curve} -nodes -days 2 {names}".split()
    written = ["-keyout", str(files.key), "-out", str(files.certificate)]
    subprocess.run([*wanted, *written], check=True, capture_output=True)
    return files


def trusting(files: TlsFiles) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files.certificate))


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_devices_speak_over_tls_and_check_whom_they_speak_to(tmp_path: Path) -> None:
    files = certificate(tmp_path, "broker")
    with Mosquitto(tmp_path, users=accounts(FIRST), tls=files) as broker:
        safe = AiomqttConnector("127.0.0.1", broker.tls_port, tls=trusting(files))
        async with safe.connect(session(FIRST)) as bus:
            await bus.publish(TEL, b"sealed", qos=1)
        mistrusting = ssl.create_default_context()
        for context in (mistrusting, None):
            wrong = AiomqttConnector("127.0.0.1", broker.tls_port, timeout_s=5, tls=context)
            with pytest.raises(BusDisconnectedError):
                async with wrong.connect(session(FIRST)):
                    pass
        gc.collect()


async def test_a_renewed_certificate_is_taken_by_a_reload(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users=accounts(FIRST), tls=certificate(tmp_path, "old")) as broker:
        renewed = certificate(tmp_path, "new")
        broker.reload(accounts(FIRST))
        safe = AiomqttConnector("127.0.0.1", broker.tls_port, tls=trusting(renewed))
        async with safe.connect(session(FIRST)) as bus:
            await bus.publish(TEL, b"sealed", qos=1)


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_a_hash_is_matched_by_its_own_secret_only(secret: str, other: str) -> None:
    line = password_list([User("cab-0001", secret, (), ())])
    hashed = line.strip().split(":", 1)[1]
    assert matches_secret(hashed, secret)
    assert matches_secret(hashed, other) == (secret == other)


@pytest.mark.parametrize("broken", ["", "$6$a$b", "$7$x$a$b", "$7$101$!$!", "plain"])
def test_what_is_no_hash_matches_nothing(broken: str) -> None:
    assert not matches_secret(broken, "")


def test_unchanged_accounts_keep_their_line_so_that_files_change_only_with_the_registry() -> None:
    before = password_list(accounts(FIRST))
    after = password_list(accounts(FIRST, SECOND), before)
    assert after.startswith(before)
    assert password_list(accounts(FIRST, SECOND), after) == after


def test_no_secret_stands_in_a_generated_file() -> None:
    files = generated_files(MosquittoSettings(Path("f"), Path("d")), accounts(FIRST))
    assert not [name for name, text in files.items() if "secret-i" in text or "of-cab" in text]


def test_a_name_that_would_break_the_files_is_refused() -> None:
    with pytest.raises(BrokerError, match="cannot be an account"):
        password_list([User("cab:1\nroot", "secret", (), ())])


def test_the_shipped_example_is_what_compose_generates() -> None:
    folder = Path("/mosquitto/config")
    tls = TlsFiles(Path("/run/secrets/mqtt_certificate"), Path("/run/secrets/mqtt_key"))
    settings = MosquittoSettings(folder, Path("/mosquitto/data"), host="0.0.0.0", tls=tls)  # noqa: S104 - of a container
    assert (SHIPPED / "mosquitto.conf").read_text() == configuration(settings)
    assert (SHIPPED / "acl.example").read_text() == access_list(accounts(FIRST))
