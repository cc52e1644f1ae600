"""Who may call a route: said at the route, denied by default, checked when the app is made."""

import hmac
from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from gongfu_fleet.api.deps import deps_of
from gongfu_fleet.domain.people import Permission
from gongfu_fleet.errors import ForbiddenError, MiswiredError, SignInError
from gongfu_fleet.services.sign_in import SignedIn

SESSION_COOKIE = "gongfu_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Public:
    """Anybody may call the route."""

    def __call__(self) -> None:
        """Nothing to check."""


class Needs:
    """A signed-in person whose role allows ``permission``; unsafe methods need the CSRF token."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request) -> SignedIn:
        """The caller. Raises SignInError, ForbiddenError."""
        token = request.cookies.get(SESSION_COOKIE)
        if token is None:
            raise SignInError("You are not signed in.", "Sign in first.")
        deps = deps_of(request)
        caller = deps.sign_in.resume(token, now_ms=deps.real_ms())
        sent = request.headers.get(CSRF_HEADER, "")
        if request.method not in SAFE_METHODS and not caller.csrf_is(sent):
            raise ForbiddenError(
                "The request does not come from our own page.",
                f"Send the csrf value of your session in the header {CSRF_HEADER}.",
            )
        if not caller.principal.may(self.permission):
            raise ForbiddenError(
                f"The role {caller.principal.role} may not do this.", "Ask an administrator."
            )
        return caller


class Scrapes:
    """A program with the token for metrics, or a person whose role allows them."""

    def __init__(self) -> None:
        self._person = Needs(Permission.METRICS)

    def __call__(self, request: Request) -> None:
        """Let the caller in. Raises SignInError, ForbiddenError."""
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        token = deps_of(request).metrics_token()
        right = hmac.compare_digest(sent.strip().encode(), token.encode())
        if scheme.lower() != "bearer" or not token or not right:
            self._person(request)


ANYBODY = Depends(Public())
OwnAccount = Annotated[SignedIn, Depends(Needs(Permission.OWN_ACCOUNT))]
Reader = Annotated[SignedIn, Depends(Needs(Permission.READ))]
Acknowledger = Annotated[SignedIn, Depends(Needs(Permission.ACKNOWLEDGE))]
# For routes that check the caller without looking at who it is.
READERS = Depends(Needs(Permission.READ))
AUDITORS = Depends(Needs(Permission.AUDIT))
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
