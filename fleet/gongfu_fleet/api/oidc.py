"""Signing in at a provider: there and back again by redirects of the browser."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from gongfu_fleet.api.deps import ApiDeps, Deps
from gongfu_fleet.api.permissions import ANYBODY
from gongfu_fleet.api.session import visit_of, welcome
from gongfu_fleet.domain.oidc import FLOW_MS
from gongfu_fleet.errors import (
    ConflictError,
    FleetError,
    NotFoundError,
    ProviderError,
    SignInError,
    TooManyAttemptsError,
)
from gongfu_fleet.services.oidc import Return, SingleSignOn

router = APIRouter(prefix="/api/oidc", tags=["session"], dependencies=[ANYBODY])
FLOW_COOKIE = "gongfu_oidc"
FLOW_PATH = "/api/oidc"
LONGEST = 4_096
# What the page is told, and tells; the reason itself stands in the audit log only.
WORDS: tuple[tuple[type[FleetError], str], ...] = (
    (SignInError, "refused"),
    (ConflictError, "taken"),
    (TooManyAttemptsError, "wait"),
    (ProviderError, "away"),
)
Documented = dict[int | str, dict[str, Any]]  # Any: as FastAPI types it
ELSEWHERE: Documented = {303: {"description": "Where the browser goes on"}}


class Offer(BaseModel):
    """Whether one may sign in at a provider, and what the button says of it."""

    available: bool
    label: str


class Answer(BaseModel):
    """The query with which a provider sends a browser back (RFC 6749, RFC 9207)."""

    code: Annotated[str | None, Query(max_length=LONGEST)] = None
    state: Annotated[str | None, Query(max_length=LONGEST)] = None
    iss: Annotated[str | None, Query(max_length=LONGEST)] = None
    error: Annotated[str | None, Query(max_length=LONGEST)] = None


@router.get("")
def offer(deps: Deps) -> Offer:
    """Whether there is a provider."""
    sso = deps.oidc
    return Offer(available=sso is not None, label=sso.label if sso else "")


@router.get("/start", status_code=303, response_class=RedirectResponse, responses=ELSEWHERE)
def start(request: Request, deps: Deps) -> Response:
    """Send the browser to the provider. 404 when there is none."""
    try:
        secret, address = _sso(deps).begin(now_ms=deps.real_ms())
    except (TooManyAttemptsError, ProviderError) as fault:
        return _home(fault)
    answer = RedirectResponse(address, status_code=303)
    answer.set_cookie(
        FLOW_COOKIE,
        secret,
        max_age=FLOW_MS // 1000,
        path=FLOW_PATH,
        httponly=True,
        # Lax, not strict: the browser comes back from another site.
        samesite="lax",
        secure=deps.secure_cookies or request.url.scheme == "https",
    )
    return answer


@router.get("/callback", status_code=303, response_class=RedirectResponse, responses=ELSEWHERE)
def callback(request: Request, back: Annotated[Answer, Query()], deps: Deps) -> Response:
    """Open a session for who comes back, and go to the page; it is told when that fails."""
    secret = request.cookies.get(FLOW_COOKIE, "")
    answer = Return(code=back.code, state=back.state, issuer=back.iss, error=back.error)
    try:
        signed_in = _sso(deps).finish(
            answer, secret, visit=visit_of(request), now_ms=deps.real_ms()
        )
    except (SignInError, ConflictError, TooManyAttemptsError, ProviderError) as fault:
        return _home(fault)
    home = _home()
    welcome(request, home, signed_in)
    return home


def _sso(deps: ApiDeps) -> SingleSignOn:
    if deps.oidc is None:
        raise NotFoundError("There is no sign-in provider.", "Sign in by name and password.")
    return deps.oidc


def _home(fault: FleetError | None = None) -> Response:
    word = next((told for kind, told in WORDS if isinstance(fault, kind)), "")
    answer = RedirectResponse(f"/?sso={quote(word)}" if word else "/", status_code=303)
    # One secret, one return: whatever came of it.
    answer.delete_cookie(FLOW_COOKIE, path=FLOW_PATH)
    return answer
