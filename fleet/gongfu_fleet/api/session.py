"""Signing in and out, one's own password."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import ANYBODY, SESSION_COOKIE, OwnAccount
from gongfu_fleet.domain.people import ABSOLUTE_MS
from gongfu_fleet.services.sign_in import LONGEST_NAME, LONGEST_PASSWORD, SignedIn

router = APIRouter(prefix="/api/session", tags=["session"])
Password = Annotated[str, Field(max_length=LONGEST_PASSWORD)]


class Credentials(BaseModel):
    """Name and password."""

    user: Annotated[str, Field(max_length=LONGEST_NAME)]
    password: Password


class NewPassword(BaseModel):
    """The old password and the new one (12 to 128 characters)."""

    old: Password
    new: Password


class SessionAnswer(BaseModel):
    """Who is signed in; ``csrf`` goes into the header X-CSRF-Token of unsafe requests."""

    user: str
    role: str
    csrf: str


@router.post("", dependencies=[ANYBODY])
def sign_in(body: Credentials, request: Request, response: Response, deps: Deps) -> SessionAnswer:
    """Open a session. 401 for a wrong name or password, 429 after five attempts a minute."""
    signed_in = deps.sign_in.sign_in(
        body.user, body.password, address=_address(request), now_ms=deps.real_ms()
    )
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=ABSOLUTE_MS // 1000,
        httponly=True,
        samesite="lax",
        secure=deps.secure_cookies or request.url.scheme == "https",
    )
    return _answer(signed_in)


@router.get("")
def who_am_i(caller: OwnAccount) -> SessionAnswer:
    """The session of the caller."""
    return _answer(caller)


@router.delete("", status_code=204)
def sign_out(caller: OwnAccount, response: Response, deps: Deps) -> None:
    """End the session."""
    deps.sign_in.sign_out(caller.token)
    response.delete_cookie(SESSION_COOKIE)


@router.post("/password", status_code=204)
def change_password(body: NewPassword, caller: OwnAccount, request: Request, deps: Deps) -> None:
    """Set a new password; the account's other sessions end."""
    deps.sign_in.change_password(
        caller, old=body.old, new=body.new, address=_address(request), now_ms=deps.real_ms()
    )


def _answer(signed_in: SignedIn) -> SessionAnswer:
    principal = signed_in.principal
    return SessionAnswer(user=principal.user, role=principal.role, csrf=signed_in.csrf)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
