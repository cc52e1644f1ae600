"""Devices with certificates of our own authority, against a real mosquitto that is watched over."""

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gongfu.ca import (
    KEY,
    Authority,
    Signed,
    key_pem,
    make_authority,
    new_key,
    requested_key,
    required_authority,
)
from gongfu.cli import ca, devices
from gongfu.cli.broker_files import Request, write_broker_files
from gongfu.device_accounts import DeviceAccounts, adopt_former
from gongfu.errors import CertificateError
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.secrets_file import Secrets
from gongfu.settings import Settings
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.clock import real_ms
from gongfu_broker.listening import free_port
from gongfu_broker.mosquitto_config import MosquittoSettings, password_list
from gongfu_broker.nats_config import NatsSettings, render
from gongfu_broker.ports import Bus, Session
from gongfu_fleet.domain.audit import Sought
from gongfu_fleet.domain.devices import DAY_MS, Credential
from gongfu_fleet.errors import ConflictError, NotFoundError
from gongfu_fleet.services.people import By
from tests.broker.mqtt.authority import Authority as ServerAuthority
from tests.servers.mosquitto import MosquittoProcess

TREE = "clf/v1/hangzhou/cab-000{}/{}"


def by() -> By:
    return By("test", real_ms())


@dataclass
class House:
    """A state folder with an authority, and a mosquitto whose files are kept up."""

    folder: Path
    fleet: FleetSide
    authority: Authority
    server: ServerAuthority
    keys: Secrets
    port: int
    certificates_port: int

    def give(self, device: str, *, days: int = 30) -> tuple[Credential, ssl.SSLContext]:
        """A certificate for a device, taken up by the registry, as its client holds it."""
        key = new_key()
        signed = self.authority.issue(device, key.public_key(), days=days, now_ms=real_ms())
        credential = self.fleet.devices.certify(device, signed.facts, by=by())
        return credential, self.held(signed, key)

    def held(self, signed: Signed, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
        context, file = self.server.trusted(), self.folder / f"{signed.facts.serial}.pem"
        file.write_text(signed.pem + key_pem(key))
        context.load_cert_chain(file)
        return context

    def way(self, context: ssl.SSLContext) -> AiomqttConnector:
        return AiomqttConnector("127.0.0.1", self.certificates_port, timeout_s=5, tls=context)

    @asynccontextmanager
    async def ingest(self) -> AsyncIterator[Bus]:
        """Ingest, which hears every device."""
        way = AiomqttConnector("127.0.0.1", self.port, timeout_s=5)
        async with way.connect(Session("any", "ingest-p0", self.keys.ingest)) as bus:
            await bus.subscribe("clf/v1/+/+/tel")
            yield bus


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("certificates")
    settings = Settings(state=folder / "state")
    fleet, server = open_fleet(settings), ServerAuthority(folder / "server", "server-ca")
    authority = make_authority(settings.state, real_ms() - 10 * DAY_MS)
    house = House(
        folder,
        fleet,
        authority,
        server,
        adopt_former(fleet, settings),
        free_port(),
        free_port(),
    )
    try:
        with Watched(house, settings):
            yield house
    finally:
        fleet.close()


class Watched:
    """mosquitto with 'broker-files --watch' beside it."""

    def __init__(self, house: House, settings: Settings) -> None:
        self._out = house.folder / "broker"
        files, tls_port = house.server.server(), free_port()
        pid_file = self._out / "mosquitto.pid"
        mosquitto = MosquittoSettings(
            self._out,
            self._out / "data",
            port=house.port,
            tls=files,
            tls_port=tls_port,
            certificates_port=house.certificates_port,
            pid_file=pid_file,
        )
        write_broker_files(settings, Request(self._out, mosquitto, reload=False), as_json=True)
        self._words = ["broker-files", "--out", str(self._out), "--watch", "--reload"]
        self._words += ["--pid-file", str(pid_file), "--state", str(settings.state)]
        self._words += ["--certificate", str(files.certificate), "--key", str(files.key)]
        self._words += ["--tls-port", str(tls_port)]
        self._words += ["--certificates-port", str(house.certificates_port)]
        self._names = {"PATH": "/usr/bin:/bin", "GONGFU_BROKER__PORT": str(house.port)}
        self._broker = MosquittoProcess(self._out, house.port)

    def __enter__(self) -> None:
        self._broker.start()
        self._watch = subprocess.Popen(
            [sys.executable, "-m", "gongfu", *self._words],
            env=self._names,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._watch.stdout is not None
        assert "accounts" in self._watch.stdout.readline()

    def __exit__(self, *_: object) -> None:
        self._watch.terminate()
        self._watch.communicate(timeout=30)
        self._broker.stop()


async def gets_in(house: House, context: ssl.SSLContext) -> bool:
    """Whether CONNECT is answered with yes; the names in it are lies."""
    connect = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05a-lie"
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", house.certificates_port, ssl=context
        )
    except OSError:
        return False
    try:
        writer.write(connect)
        return await reader.readexactly(4) == b"\x20\x02\x00\x00"
    except (OSError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.transport.abort()


async def heard(listener: Bus, speaker: Bus, topic: str) -> bool:
    """Whether what is said is passed on within a moment."""
    await speaker.publish(topic, b"said", qos=1)
    try:
        async with asyncio.timeout(0.3):
            return (await anext(aiter(listener.messages()))).topic == topic
    except TimeoutError:
        return False


async def until(listener: Bus, speaker: Bus, topic: str, *, passed_on: bool) -> float:
    """Seconds until the broker passes it on, or does not any more."""
    began_s = asyncio.get_running_loop().time()
    async with asyncio.timeout(30):
        while await heard(listener, speaker, topic) is not passed_on:
            pass
    return asyncio.get_running_loop().time() - began_s


async def test_a_certificate_speaks_and_hears_for_its_own_device_whatever_connect_says(
    house: House,
) -> None:
    _, context = house.give("cab-0002")
    lie = Session("cab-0003", "cab-0003", "anything")
    async with house.ingest() as ingest, house.way(context).connect(lie) as device:
        await until(ingest, device, TREE.format(2, "tel"), passed_on=True)
        for other in (TREE.format(3, "tel"), TREE.format(2, "ack"), "clf/v1/quzhou/cab-0002/tel"):
            assert not await heard(ingest, device, other)
        await device.subscribe("#")
        assert await heard(device, ingest, TREE.format(2, "ack"))
        assert not await heard(device, ingest, TREE.format(3, "ack"))


async def test_a_revoked_certificate_is_out_within_seconds_and_its_device_goes_on_with_others(
    house: House,
) -> None:
    ended, context = house.give("cab-0001")
    _, successor = house.give("cab-0001")
    house.fleet.devices.add("cab-0001", by=by())
    tel, ack, lie = TREE.format(1, "tel"), TREE.format(1, "ack"), Session("a", "b", "c")
    async with (
        house.ingest() as ingest,
        house.way(context).connect(lie) as device,
        house.way(successor).connect(lie) as new,
    ):
        await device.subscribe(ack)
        await until(ingest, device, tel, passed_on=True)
        assert await heard(device, ingest, ack)
        house.fleet.devices.revoke("cab-0001", by=by(), credential_id=ended.id)
        took_s = await until(ingest, device, tel, passed_on=False)
        print(f"\nmosquitto: a revoked certificate is out {took_s:.2f} s after it was")
        assert not await heard(device, ingest, ack)
        assert await heard(ingest, new, tel)
    assert not await gets_in(house, context)
    assert await gets_in(house, successor)


async def test_foreign_expired_and_missing_certificates_do_not_get_in(house: House) -> None:
    key = new_key()
    foreign = make_authority(house.folder / "foreign", real_ms())
    posing = foreign.issue("cab-0004", key.public_key(), days=30, now_ms=real_ms())
    early_ms = real_ms() - 5 * DAY_MS
    expired = house.authority.issue("cab-0004", key.public_key(), days=1, now_ms=early_ms)
    good = house.authority.issue("cab-0004", key.public_key(), days=1, now_ms=real_ms())
    assert await gets_in(house, house.held(good, key))
    for context in (house.held(posing, key), house.held(expired, key), house.server.trusted()):
        assert not await gets_in(house, context)


async def test_a_signed_certificate_that_the_registry_does_not_know_says_nothing(
    house: House,
) -> None:
    key = new_key()
    unknown = house.authority.issue("cab-0005", key.public_key(), days=1, now_ms=real_ms())
    way = house.way(house.held(unknown, key))
    async with house.ingest() as ingest, way.connect(Session("a", "b", "c")) as device:
        assert not await heard(ingest, device, TREE.format(5, "tel"))


def test_a_device_has_two_certificates_at_most_and_each_is_in_the_audit_log(
    house: House,
) -> None:
    made = [house.give("cab-0006")[0] for _ in range(2)]
    with pytest.raises(ConflictError, match="two certificates"):
        house.give("cab-0006")
    with pytest.raises(NotFoundError, match="no asset"):
        house.give("cab-9999")
    noted = house.fleet.audit.page(2, sought=Sought(action="device.certificate"))
    assert {entry.object for entry in noted} == {"device:cab-0006"}
    assert {json.loads(entry.data)["serial"] for entry in noted} == {one.serial for one in made}
    assert house.fleet.audit.verify().fault is None


def test_no_password_opens_the_account_of_a_certificate_on_either_broker(house: House) -> None:
    credential, _ = house.give("cab-0009")
    users = DeviceAccounts(house.fleet).users(real_ms())
    assert credential.login in {user.name for user in users}
    # NATS takes an empty password for an account that has none, so it must not know this one.
    assert credential.login not in render(NatsSettings(house.folder), users)
    assert credential.login not in password_list(users)


def test_the_certificate_of_a_retired_device_is_ended(house: House) -> None:
    credential, _ = house.give("cab-0010")
    accounts = DeviceAccounts(house.fleet)
    users = accounts.users(real_ms())
    assert credential.serial not in accounts.ended_certificates(users)
    retired = [user for user in users if not user.name.startswith("cab-0010")]
    assert credential.serial in accounts.ended_certificates(retired)


def test_the_command_line_tells_a_certificate_and_its_key_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ca.init(state=tmp_path, as_json=True)
    made = json.loads(capsys.readouterr().out)
    ca.show(state=tmp_path, as_json=True)
    assert json.loads(capsys.readouterr().out) == made
    devices.certificate("cab-0001", days=2, state=tmp_path, as_json=True)
    told = json.loads(capsys.readouterr().out)
    key = serialization.load_pem_private_key(told["key"].encode(), None)
    found = x509.load_pem_x509_certificate(told["certificate"].encode())
    found.verify_directly_issued_by(x509.load_pem_x509_certificate(made["certificate"].encode()))
    assert found.public_key() == key.public_key()
    assert found.fingerprint(hashes.SHA256()).hex() == told["fingerprint"]
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr = tmp_path / "device.csr"
    signed = request.sign(new_key(), hashes.SHA256())
    csr.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    devices.certificate("cab-0001", csr=csr, days=2, state=tmp_path)
    printed = capsys.readouterr().out
    assert "BEGIN CERTIFICATE" in printed
    assert "PRIVATE KEY" not in printed
    devices.show(state=tmp_path)
    listed = [line for line in capsys.readouterr().out.splitlines() if "cab-0001 " in line]
    assert told["login"] in listed[0]


def test_of_a_devices_own_request_only_the_key_counts(house: House) -> None:
    key = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ingest-p0")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    public = requested_key(request.public_bytes(serialization.Encoding.PEM))
    signed = house.authority.issue("cab-0007", public, days=1, now_ms=real_ms())
    made = x509.load_pem_x509_certificate(signed.pem.encode())
    assert made.public_key() == key.public_key()
    assert made.subject.rfc4514_string() == f"CN=cab-0007_x{signed.facts.serial[-12:]}"


def test_weak_and_broken_requests_are_refused() -> None:
    weak = rsa.generate_private_key(65_537, 1024)  # noqa: S505 - to be refused
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.sign(weak, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(CertificateError, match="2048"):
        requested_key(request)
    with pytest.raises(CertificateError, match="no certificate request"):
        requested_key(b"-----BEGIN CERTIFICATE REQUEST-----")
    good = builder.sign(new_key(), hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    forged = x509.load_der_x509_csr(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(CertificateError, match="not signed with its own key"):
        requested_key(forged.public_bytes(serialization.Encoding.PEM))


def test_the_authority_is_made_once_and_its_key_is_for_its_owner(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="gongfu ca init"):
        required_authority(tmp_path)
    made = make_authority(tmp_path, real_ms())
    assert required_authority(tmp_path).pem == made.pem
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600
    with pytest.raises(CertificateError, match="already"):
        make_authority(tmp_path, real_ms())
    make_authority(tmp_path / "other", real_ms())
    (tmp_path / KEY).write_bytes((tmp_path / "other" / KEY).read_bytes())
    with pytest.raises(CertificateError, match="not the key"):
        required_authority(tmp_path)


def test_the_list_of_ended_certificates_changes_with_them_only(house: House) -> None:
    now_ms = real_ms()
    one = house.authority.revocations(["0a"], "", now_ms)
    assert house.authority.revocations(["0a"], one, now_ms + DAY_MS) == one
    two = x509.load_pem_x509_crl(house.authority.revocations(["0a", "0b"], one, now_ms).encode())
    assert {entry.serial_number for entry in two} == {10, 11}
    assert two.next_update_utc == house.authority.ends


@pytest.mark.parametrize("days", [0, 1826])
def test_a_certificate_lasts_a_day_to_five_years(house: House, days: int) -> None:
    with pytest.raises(CertificateError, match="choose 1 to 1825"):
        house.authority.issue("cab-0008", new_key().public_key(), days=days, now_ms=real_ms())
