"""Who may call a route: said at the route, denied by default, checked when the app is made."""

import hmac
from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from gongfu_fleet.api.deps import ApiDeps, deps_of
from gongfu_fleet.api.edge import FRESH_COOKIE
from gongfu_fleet.domain.people import Permission, Principal
from gongfu_fleet.domain.web_session import ABSOLUTE_MS
from gongfu_fleet.errors import ForbiddenError, MiswiredError, SignInError
from gongfu_fleet.services.sign_in import SignedIn

SESSION_COOKIE = "gongfu_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Public:
    """Anybody may call the route."""

    def __call__(self) -> None:
        """Nothing to check."""


class Knows(Public):
    """Anybody may call the route; who shows a session or a token is known to it."""

    def __call__(self, request: Request) -> SignedIn | None:  # type: ignore[override] # FastAPI calls each by its own signature
        """The caller, or None."""
        try:
            return caller_of(request)
        except SignInError:
            return None


class Needs:
    """A person or a token that may do one of ``permissions``.

    Unsafe methods of a session need its CSRF token; no page can send a bearer's header for it.
    ``whole`` is for what cannot be shown in part: who sees a part of the fleet does not see it.
    """

    def __init__(self, *permissions: Permission, whole: bool = False) -> None:
        self.permissions = permissions
        self.whole = whole

    def __call__(self, request: Request) -> SignedIn:
        """The caller. Raises SignInError, ForbiddenError."""
        caller = caller_of(request)
        sent = request.headers.get(CSRF_HEADER, "")
        safe = request.method in SAFE_METHODS or caller.principal.token_id is not None
        if not safe and not caller.csrf_is(sent):
            raise ForbiddenError(
                "The request does not come from our own page.",
                f"Send the csrf value of your session in the header {CSRF_HEADER}.",
            )
        require(caller.principal, *self.permissions)
        if self.whole and not caller.scope.everything:
            raise ForbiddenError(
                "This is about the whole fleet, and you see a part.", "Ask an administrator."
            )
        return caller


class Scrapes:
    """A program with the token for metrics, or whoever may see the figures of everything."""

    def __init__(self) -> None:
        self._person = Needs(Permission.METRICS, whole=True)

    def __call__(self, request: Request) -> None:
        """Let the caller in. Raises SignInError, ForbiddenError."""
        sent, token = bearer_of(request) or "", deps_of(request).metrics_token()
        if token and hmac.compare_digest(sent.encode(), token.encode()):
            return
        self._person(request)


def bearer_of(request: Request) -> str | None:
    """What ``Authorization: Bearer`` says; None when it says something else or nothing."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return sent.strip() if scheme.lower() == "bearer" else None


def caller_of(request: Request) -> SignedIn:
    """Who calls: by a session or by a token, never by both. Raises SignInError."""
    deps, token = deps_of(request), request.cookies.get(SESSION_COOKIE)
    bearer = bearer_of(request)
    if bearer is not None and token is not None:
        raise SignInError("The request shows a session and a token.", "Show one of them.")
    if bearer is not None:
        return deps.tokens.resume(bearer, now_ms=deps.real_ms())
    if token is None:
        raise SignInError("You are not signed in.", "Sign in first.")
    caller = deps.sign_in.resume(token, now_ms=deps.real_ms())
    if caller.fresh:
        # Whatever the answer will be, a problem or a stream: it brings the new token along.
        carrier = Response()
        set_session(request, carrier, caller)
        request.scope["state"][FRESH_COOKIE] = carrier.headers["set-cookie"]
    return caller


def still(deps: ApiDeps, caller: SignedIn, permission: Permission) -> SignedIn:
    """The caller of a long stream as of now. Raises SignInError, ForbiddenError."""
    now_ms = deps.real_ms()
    if caller.principal.token_id:
        found = deps.tokens.resume(caller.token, now_ms=now_ms)
    else:
        found = deps.sign_in.still(caller, now_ms=now_ms)
    require(found.principal, permission)
    return found


def require(principal: Principal, *permissions: Permission) -> None:
    """Raise ForbiddenError unless the caller may one of these."""
    if not any(principal.may(permission) for permission in permissions):
        who = "A token" if principal.token_id else f"The role {principal.role}"
        raise ForbiddenError(f"{who} may not do this.", "Ask an administrator.")


def set_session(request: Request, response: Response, caller: SignedIn) -> None:
    """Give the browser the token of its session."""
    set_cookie(request, response, SESSION_COOKIE, caller.token, age_ms=ABSOLUTE_MS)


def set_cookie(request: Request, response: Response, name: str, value: str, *, age_ms: int) -> None:
    """A cookie that no script reads and no other site sends along."""
    response.set_cookie(
        name,
        value,
        max_age=age_ms // 1000,
        httponly=True,
        samesite="lax",
        secure=deps_of(request).secure_cookies or request.url.scheme == "https",
    )


ANYBODY = Depends(Public())
Visitor = Annotated[SignedIn | None, Depends(Knows())]
OwnAccount = Annotated[SignedIn, Depends(Needs(Permission.OWN_ACCOUNT))]
Reader = Annotated[SignedIn, Depends(Needs(Permission.READ))]
Acknowledger = Annotated[SignedIn, Depends(Needs(Permission.ACKNOWLEDGE))]
# Of the two, the command itself decides which is needed.
Commander = Annotated[SignedIn, Depends(Needs(Permission.COMMAND, Permission.UNLOCK))]
Assigner = Annotated[SignedIn, Depends(Needs(Permission.ASSIGN))]
Shelver = Annotated[SignedIn, Depends(Needs(Permission.SHELVE))]
Disposer = Annotated[SignedIn, Depends(Needs(Permission.DISPOSE))]
DeviceAdmin = Annotated[SignedIn, Depends(Needs(Permission.DEVICES))]
PolicyEditor = Annotated[SignedIn, Depends(Needs(Permission.POLICIES))]
PeopleAdmin = Annotated[SignedIn, Depends(Needs(Permission.PEOPLE))]
# For routes that check the caller without looking at who it is.
READERS = Depends(Needs(Permission.READ))
AUDITORS = Depends(Needs(Permission.AUDIT, whole=True))
SCRAPERS = Depends(Scrapes())


def refuse_undeclared(routes: Iterable[BaseRoute], allowed: frozenset[str]) -> None:
    """Raise MiswiredError if a route declares no permission and its path is not ``allowed``."""
    for route in flat(routes):
        path = str(getattr(route, "path", route))
        if isinstance(route, APIRoute):
            if not _declares(route.dependant):
                raise MiswiredError(
                    f"The route {path} says nobody who may call it.",
                    "Give it a parameter such as Reader, or ANYBODY among its dependencies.",
                )
        elif path not in allowed:
            raise MiswiredError(
                f"The route {path} goes round the permissions.", "Make it an API route."
            )


def flat(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Routes with those of included routers in their place."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from flat(included.routes)


def _declares(dependant: Dependant) -> bool:
    return any(
        isinstance(inner.call, Public | Needs | Scrapes) or _declares(inner)
        for inner in dependant.dependencies
    )
