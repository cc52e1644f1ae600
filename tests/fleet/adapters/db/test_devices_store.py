"""Devices' credentials and codes in the store, on SQLite and on PostgreSQL."""

from functools import partial

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.devices import SqlDevices
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.devices import Hashes
from gongfu_fleet.domain.scope import parse_grant, scope_of
from gongfu_fleet.errors import ConflictError, NotFoundError, TooManyAttemptsError
from gongfu_fleet.services.devices import DeviceDesk, Wanted
from gongfu_fleet.services.people import By

NOW = 1_790_000_000_000
HOUR = 3_600_000
BY = By("test", NOW)
LATER = partial(By, "test")
QUZHOU = scope_of([parse_grant("operator:quzhou")])
NOBODYS = "00000-00000-00000-00000"


class Spelled:
    """Fits the port SecretHasher; nothing here asks a broker."""

    def hashes(self, secret: str) -> Hashes:
        return Hashes(f"nats {secret}", f"mosquitto {secret}")


@pytest.fixture
def desk(county: Engine) -> DeviceDesk:
    return DeviceDesk(SqlDevices(county), SqlRegistry(county), Spelled())


def test_credentials_keep_what_they_are_through_rotation_and_revocation(
    desk: DeviceDesk, county: Engine
) -> None:
    first = desk.add("cab-0001", by=BY)
    second = desk.rotate("cab-0001", overlap_s=3600, by=LATER(NOW + 1))
    old, new = desk.store.credentials()
    assert (old.login, new.login) == ("cab-0001", "cab-0001_b")
    assert old.hashes == Hashes(f"nats {first.secret}", f"mosquitto {first.secret}")
    assert new.hashes == Hashes(f"nats {second.secret}", f"mosquitto {second.secret}")
    assert (old.expires_ms, new.expires_ms) == (NOW + 1 + HOUR, None)
    assert [desk.store.expired(at) for at in (NOW + HOUR, NOW + 1 + HOUR)] == [0, 1]
    assert desk.revoke("cab-0001", by=LATER(NOW + 2)) == 2
    assert {one.revoked_ms for one in desk.store.credentials()} == {NOW + 2}
    assert desk.store.revision() == 3
    found = SqlAuditLog(county)
    assert [entry.action for entry in found.page(3)] == [
        "device.revoke",
        "device.rotate",
        "device.add",
    ]
    assert found.verify().fault is None


def test_a_list_is_taken_whole_or_not_at_all(desk: DeviceDesk) -> None:
    desk.add("cab-0002", by=BY)
    before = desk.store.revision()
    with pytest.raises(ConflictError):
        desk.add_all({"cab-0001": "", "cab-0002": ""}, by=BY)
    with pytest.raises(NotFoundError):
        desk.add_all({"cab-0001": "", "cab-9999": ""}, by=BY)
    assert [one.device for one in desk.store.credentials()] == ["cab-0002"]
    assert desk.store.revision() == before


def test_a_scope_sees_its_own_devices_only(desk: DeviceDesk) -> None:
    desk.add_all({"cab-0001": "", "cab-0070": ""}, by=BY)
    assert [one.device for one in desk.store.credentials(QUZHOU)] == ["cab-0070"]
    desk.print_code("cab-0001", days=1, by=BY)
    desk.print_code("cab-0070", days=1, by=BY)
    assert [claim.device for claim in desk.store.claims(QUZHOU)] == ["cab-0070"]
    with pytest.raises(NotFoundError):
        desk.revoke("cab-0001", by=By("theirs", NOW, QUZHOU))


def test_a_code_is_good_once_until_its_date_or_a_newer_one(desk: DeviceDesk) -> None:
    before = desk.add("cab-0001", by=BY)
    _, older = desk.print_code("cab-0001", days=1, by=BY)
    claim, newer = desk.print_code("cab-0001", days=1, by=BY)
    for code, at_ms in ((older, NOW), (newer, claim.expires_ms)):
        with pytest.raises(NotFoundError):
            desk.claim(Wanted(code, "quzhou"), by=LATER(at_ms))
    taken = desk.claim(Wanted(newer, "quzhou", "quzhou"), by=LATER(NOW + 1))
    assert desk.registry.assets()["cab-0001"].operator == "quzhou"
    assert desk.registry.assets()["cab-0001"].site == "quzhou"
    alive = [one.id for one in desk.store.credentials() if one.lives(NOW + 1)]
    assert alive == [taken.credential.id] != [before.credential.id]
    with pytest.raises(NotFoundError):
        desk.claim(Wanted(newer, "quzhou"), by=LATER(NOW + 2))
    assert desk.store.claims() == []


def test_the_sixth_wrong_code_waits_and_a_right_one_clears_the_count(desk: DeviceDesk) -> None:
    _, code = desk.print_code("cab-0001", days=1, by=BY)
    for _ in range(4):
        with pytest.raises(NotFoundError):
            desk.claim(Wanted(NOBODYS, "quzhou"), by=BY)
    desk.claim(Wanted(code, "quzhou"), by=BY)
    for _ in range(5):
        with pytest.raises(NotFoundError):
            desk.claim(Wanted(NOBODYS, "quzhou"), by=BY)
    with pytest.raises(TooManyAttemptsError):
        desk.claim(Wanted(NOBODYS, "quzhou"), by=BY)
