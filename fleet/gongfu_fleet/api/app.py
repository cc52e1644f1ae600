"""The HTTP API as one app."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from gongfu_fleet.api import (
    acknowledge_link,
    alarm_quality,
    assets,
    audit,
    commands,
    devices,
    geo,
    health,
    inbox,
    incident_steps,
    incidents,
    live,
    map,  # noqa: A004 - the noun is map
    metrics,
    notices,
    oidc,
    people,
    policies,
    readings,
    session,
    tokens,
)
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.api.edge import BodyLimit, FreshCookies, SecurityHeaders
from gongfu_fleet.api.pages import install_pages
from gongfu_fleet.api.permissions import refuse_undeclared
from gongfu_fleet.api.problems import PROBLEMS, install_problems

OPENAPI_PATH = "/api/openapi.json"
PAGES_PATH = ""
# In the order in which their routes are tried.
NOUNS = (
    session,
    oidc,
    tokens,
    people,
    map,
    geo,
    assets,
    commands,
    devices,
    readings,
    incidents,
    incident_steps,
    inbox,
    alarm_quality,
    acknowledge_link,
    notices,
    live,
    health,
    metrics,
    audit,
    policies,
)


def create_app(deps: ApiDeps, extra: Sequence[APIRouter] = ()) -> FastAPI:
    """The app over these dependencies. Raises MiswiredError when a route says no permission."""
    app = FastAPI(
        title="Gongfu",
        version="1",
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
        lifespan=_lifespan,
    )
    viewer = deps.viewer()
    app.state.deps = deps
    app.state.viewer = viewer
    app.state.places = geo.PackedPlaces(deps.registry)
    app.state.feed = live.LiveFeed(deps, viewer)
    for noun in NOUNS:
        app.include_router(noun.router)
    for router in extra:
        app.include_router(router)
    install_pages(app, deps.static)
    install_problems(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(FreshCookies)
    app.add_middleware(SecurityHeaders)
    refuse_undeclared(app.routes, frozenset({OPENAPI_PATH, PAGES_PATH}))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    deps: ApiDeps = app.state.deps
    feed: live.LiveFeed = app.state.feed
    async with asyncio.TaskGroup() as group:
        group.create_task(feed.run())
        try:
            yield
        finally:
            deps.stopping.set()
