"""What devices sign in with, for administrators: a secret made here is told once."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import DeviceAdmin
from gongfu_fleet.domain.devices import MOST_CODE_DAYS, MOST_OVERLAP_MS, Credential
from gongfu_fleet.services.devices import LONGEST_NAME, DeviceView, Issued, Wanted
from gongfu_fleet.services.people import By
from gongfu_fleet.services.sign_in import SignedIn

router = APIRouter(tags=["devices"])
DAY_S = 86_400
LONGEST_CODE = 60


class CredentialAnswer(BaseModel):
    """A living credential; ``login`` is the user name at the broker. Times are real, UTC ms."""

    id: str
    kind: str
    login: str
    created_ms: int
    expires_ms: int | None


class DeviceAnswer(BaseModel):
    """A device; ``code_expires_ms`` is set while a code to claim it is out."""

    id: str
    site: str
    operator: str
    reports: bool
    credentials: list[CredentialAnswer]
    code_expires_ms: int | None


class DeviceList(BaseModel):
    """By id."""

    items: list[DeviceAnswer]


class SecretMade(BaseModel):
    """A new secret, never told again; ``login`` is user name and client id."""

    device: str
    credential: str
    login: str
    secret: str


class Rotation(BaseModel):
    """For how many seconds the old secret is good yet."""

    overlap_s: Annotated[int, Field(ge=0, le=MOST_OVERLAP_MS // 1000)] = DAY_S


class Ended(BaseModel):
    """How many credentials ended."""

    revoked: int


class CodeWish(BaseModel):
    """For how many days the code is good."""

    days: Annotated[int, Field(ge=1, le=MOST_CODE_DAYS)] = 90


class CodeMade(BaseModel):
    """A one-time code for the device's sticker, never told again."""

    code: str
    expires_ms: int


class ClaimWish(BaseModel):
    """The code as it is typed in, who runs the device from now on, and where it stands."""

    code: Annotated[str, Field(max_length=LONGEST_CODE)]
    operator: Annotated[str, Field(max_length=LONGEST_NAME)]
    site: Annotated[str, Field(max_length=LONGEST_NAME)] | None = None


@router.get("/api/devices")
def list_devices(caller: DeviceAdmin, deps: Deps) -> DeviceList:
    """The devices of the caller's scope with their living credentials."""
    return DeviceList(items=[_view(view) for view in deps.devices.all(_by(caller, deps))])


@router.post("/api/devices/{asset_id}/secret", status_code=201)
def add_secret(asset_id: str, caller: DeviceAdmin, deps: Deps) -> SecretMade:
    """Give a device its first secret. 409 when it has one."""
    return _made(deps.devices.add(asset_id, by=_by(caller, deps)))


@router.post("/api/devices/{asset_id}/rotation", status_code=201)
def rotate_secret(asset_id: str, body: Rotation, caller: DeviceAdmin, deps: Deps) -> SecretMade:
    """A new secret; the old one is good for a while more."""
    by = _by(caller, deps)
    return _made(deps.devices.rotate(asset_id, overlap_s=body.overlap_s, by=by))


@router.delete("/api/devices/{asset_id}/credentials")
def revoke_all(asset_id: str, caller: DeviceAdmin, deps: Deps) -> Ended:
    """End all credentials; the broker puts the device out within seconds."""
    return Ended(revoked=deps.devices.revoke(asset_id, by=_by(caller, deps)))


@router.delete("/api/devices/{asset_id}/credentials/{credential_id}")
def revoke_one(asset_id: str, credential_id: str, caller: DeviceAdmin, deps: Deps) -> Ended:
    """End one credential."""
    by = _by(caller, deps)
    return Ended(revoked=deps.devices.revoke(asset_id, by=by, credential_id=credential_id))


@router.post("/api/devices/{asset_id}/code", status_code=201)
def make_code(asset_id: str, body: CodeWish, caller: DeviceAdmin, deps: Deps) -> CodeMade:
    """A code to print on the device; an older one ends."""
    claim, code = deps.devices.print_code(asset_id, days=body.days, by=_by(caller, deps))
    return CodeMade(code=code, expires_ms=claim.expires_ms)


@router.post("/api/claims", status_code=201)
def claim_device(body: ClaimWish, caller: DeviceAdmin, deps: Deps) -> SecretMade:
    """Take a device over by its code: a new secret, and whoever had it before is out.

    404 for a code that is wrong, used or too old; 429 after too many of them.
    """
    wanted = Wanted(body.code, body.operator, body.site)
    return _made(deps.devices.claim(wanted, by=_by(caller, deps)))


def _by(caller: SignedIn, deps: Deps) -> By:
    return By(caller.principal.actor, deps.real_ms(), caller.scope)


def _made(issued: Issued) -> SecretMade:
    one = issued.credential
    return SecretMade(device=one.device, credential=one.id, login=one.login, secret=issued.secret)


def _view(view: DeviceView) -> DeviceAnswer:
    return DeviceAnswer(
        id=view.asset.id,
        site=view.asset.site,
        operator=view.asset.operator,
        reports=view.asset.reports,
        credentials=[_credential(one) for one in view.credentials],
        code_expires_ms=view.claim.expires_ms if view.claim else None,
    )


def _credential(one: Credential) -> CredentialAnswer:
    return CredentialAnswer(
        id=one.id,
        kind=one.kind,
        login=one.login,
        created_ms=one.created_ms,
        expires_ms=one.expires_ms,
    )
