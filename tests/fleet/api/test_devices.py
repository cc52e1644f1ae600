"""Secrets by API: told once, in scope, replaced with an overlap, taken over by a code once."""

from collections.abc import Callable

import httpx
import pytest

from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import parse_grant, scope_of
from gongfu_fleet.services.people import By, add_account
from tests.fleet.api.conftest import HASHER, NOW

Browser = Callable[[str], httpx.Client]


def logins(client: httpx.Client, device: str) -> list[str]:
    items = client.get("/api/devices").json()["items"]
    (found,) = (item for item in items if item["id"] == device)
    return [one["login"] for one in found["credentials"]]


def deeds(deps: ApiDeps) -> list[str]:
    return [entry.action for entry in deps.audit.page(20) if entry.action.startswith("device.")]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_secret_is_told_once_rotated_with_an_overlap_and_revoked(
    deps: ApiDeps, browser: Browser
) -> None:
    admin = browser("admin")
    made = admin.post("/api/devices/cab-0001/secret").json()
    assert len(made["secret"]) >= 32
    assert made["login"] == "cab-0001"
    assert made["secret"] not in admin.get("/api/devices").text
    assert admin.post("/api/devices/cab-0001/secret").status_code == 409
    new = admin.post("/api/devices/cab-0001/rotation", json={"overlap_s": 60}).json()
    assert new["login"] == "cab-0001_b"
    assert logins(admin, "cab-0001") == ["cab-0001", "cab-0001_b"]
    again = admin.post("/api/devices/cab-0001/rotation", json={"overlap_s": 60})
    assert again.status_code == 409
    assert admin.delete(f"/api/devices/cab-0001/credentials/{new['credential']}").is_success
    assert logins(admin, "cab-0001") == ["cab-0001"]
    assert admin.delete("/api/devices/cab-0001/credentials").json() == {"revoked": 1}
    assert admin.delete("/api/devices/cab-0001/credentials").status_code == 404
    told = ["device.revoke", "device.revoke", "device.rotate", "device.add"]
    assert deeds(deps) == told
    assert deps.audit.verify().fault is None


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_code_hands_a_device_to_an_operator_once_and_puts_its_former_one_out(
    deps: ApiDeps, browser: Browser
) -> None:
    admin = browser("admin")
    before = admin.post("/api/devices/cab-0001/secret").json()
    code = admin.post("/api/devices/cab-0001/code", json={"days": 1}).json()["code"]
    scope = scope_of([parse_grant("operator:quzhou")])
    name, password = "of-quzhou", "password of of-quzhou"
    add_account(
        deps.sign_in.people, HASHER, (name, Role.ADMIN, password), by=By("test", NOW), scope=scope
    )
    theirs = browser(name)
    assert theirs.post("/api/devices/cab-0001/secret").status_code == 404
    foreign = theirs.post("/api/claims", json={"code": code, "operator": "hangzhou"})
    assert foreign.status_code == 403
    typed = code.lower().replace("-", " ")
    taken = theirs.post("/api/claims", json={"code": typed, "operator": "quzhou"})
    assert taken.status_code == 201, taken.text
    assert taken.json()["device"] == "cab-0001"
    (living,) = deps.devices.all(By("test", deps.real_ms(), scope))[0].credentials
    assert living.id == taken.json()["credential"] != before["credential"]
    assert theirs.post("/api/claims", json={"code": code, "operator": "quzhou"}).status_code == 404
    assert deeds(deps)[:2] == ["device.claim", "device.claim"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_wrong_codes_make_one_wait(browser: Browser) -> None:
    admin, wish = browser("admin"), {"code": "00000-00000-00000-00000", "operator": "quzhou"}
    found = [admin.post("/api/claims", json=wish).status_code for _ in range(6)]
    assert found == [404] * 5 + [429]
