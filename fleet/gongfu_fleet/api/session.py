"""Signing in and out, one's own password, one's own sessions."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import (
    ANYBODY,
    SESSION_COOKIE,
    OwnAccount,
    set_cookie,
    set_session,
)
from gongfu_fleet.domain.people import Permission
from gongfu_fleet.domain.web_session import WebSession
from gongfu_fleet.services.passwords import LONGEST
from gongfu_fleet.services.people import LONGEST_NAME, scope_list
from gongfu_fleet.services.sign_in import SignedIn, Visit

router = APIRouter(tags=["session"])
BROWSER_COOKIE = "gongfu_browser"
BROWSER_MS = 180 * 86_400_000
Password = Annotated[str, Field(max_length=LONGEST)]


class Credentials(BaseModel):
    """Name and password."""

    user: Annotated[str, Field(max_length=LONGEST_NAME)]
    password: Password


class NewPassword(BaseModel):
    """The old password and the new one (12 to 128 characters)."""

    old: Password
    new: Password


class SessionAnswer(BaseModel):
    """Who is signed in; ``csrf`` goes into the header X-CSRF-Token of unsafe requests.

    ``scope`` is a list of KIND:CODE, null is everything.
    """

    user: str
    role: str
    permissions: list[Permission]
    scope: list[str] | None
    csrf: str


class OwnSession(BaseModel):
    """A browser in which the caller is signed in; times are real, UTC ms."""

    id: str
    created_ms: int
    seen_ms: int
    address: str
    agent: str
    current: bool


class OwnSessions(BaseModel):
    """Newest first."""

    items: list[OwnSession]


@router.post("/api/session", dependencies=[ANYBODY])
def sign_in(body: Credentials, request: Request, response: Response, deps: Deps) -> SessionAnswer:
    """Open a session. 401 for a wrong name or password, 429 after too many attempts."""
    signed_in = deps.sign_in.sign_in(
        body.user, body.password, visit=visit_of(request), now_ms=deps.real_ms()
    )
    welcome(request, response, signed_in)
    return _answer(signed_in)


@router.get("/api/session")
def who_am_i(caller: OwnAccount) -> SessionAnswer:
    """The session of the caller."""
    return _answer(caller)


@router.delete("/api/session", status_code=204)
def sign_out(caller: OwnAccount, response: Response, deps: Deps) -> None:
    """End the session."""
    deps.sign_in.sign_out(caller, now_ms=deps.real_ms())
    response.delete_cookie(SESSION_COOKIE)


@router.post("/api/session/password", status_code=204)
def change_password(
    body: NewPassword, caller: OwnAccount, request: Request, response: Response, deps: Deps
) -> None:
    """Set a new password; the account's other sessions end, this one gets a new token."""
    changed = deps.sign_in.change_password(
        caller, old=body.old, new=body.new, now_ms=deps.real_ms()
    )
    set_session(request, response, changed)


@router.get("/api/sessions")
def list_sessions(caller: OwnAccount, deps: Deps) -> OwnSessions:
    """The browsers in which the caller is signed in."""
    found = deps.sign_in.sessions(caller, now_ms=deps.real_ms())
    return OwnSessions(items=[_own(web, caller) for web in found])


@router.delete("/api/sessions/{session_id}", status_code=204)
def end_session(session_id: str, caller: OwnAccount, deps: Deps) -> None:
    """Sign another browser out."""
    deps.sign_in.sign_out(caller, now_ms=deps.real_ms(), session_id=session_id)


def visit_of(request: Request) -> Visit:
    """Where a person signs in from."""
    return Visit(
        address=request.client.host if request.client else "",
        agent=request.headers.get("User-Agent", ""),
        browser=request.cookies.get(BROWSER_COOKIE, ""),
        session=request.cookies.get(SESSION_COOKIE, ""),
    )


def welcome(request: Request, response: Response, signed_in: SignedIn) -> None:
    """The cookies of a session that was just opened."""
    set_session(request, response, signed_in)
    set_cookie(request, response, BROWSER_COOKIE, signed_in.browser, age_ms=BROWSER_MS)


def _answer(signed_in: SignedIn) -> SessionAnswer:
    principal = signed_in.principal
    return SessionAnswer(
        user=principal.user,
        role=principal.role,
        permissions=[one for one in Permission if principal.may(one)],
        scope=scope_list(principal.scope),
        csrf=signed_in.csrf,
    )


def _own(web: WebSession, caller: SignedIn) -> OwnSession:
    return OwnSession(
        id=web.id,
        created_ms=web.created_ms,
        seen_ms=web.seen_ms,
        address=web.address,
        agent=web.agent,
        current=web.id == caller.session_id,
    )
