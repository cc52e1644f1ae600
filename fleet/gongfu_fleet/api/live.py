"""The fleet as it changes: one snapshot a second for all listeners, server-sent events."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from pydantic import TypeAdapter
from starlette.responses import StreamingResponse

from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.api.permissions import Reader, still
from gongfu_fleet.domain.people import Permission
from gongfu_fleet.domain.scope import Scope
from gongfu_fleet.errors import ConflictError, FleetError
from gongfu_fleet.services.fleet_view import AssetView, FleetViewer

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/live", tags=["live"])
STEP_S = 1.0
ALIVE_S = 15.0
ASK_S = 3.0
MOST_LISTENERS = 200
AS_JSON = TypeAdapter(AssetView)


@dataclass(frozen=True)
class Snapshot:
    """The fleet at one moment; assets are JSON already, versions are per scope that listens."""

    now_ms: int
    assets: Mapping[str, bytes]
    versions: Mapping[Scope, int]
    commands: Mapping[Scope, int]


def nobody() -> bool:
    """Of a listener who hears of no commands."""
    return False


@dataclass
class LiveFeed:
    """Takes snapshots while somebody listens. A slow listener skips snapshots, it never queues."""

    deps: ApiDeps
    viewer: FleetViewer
    step_s: float = STEP_S
    alive_s: float = ALIVE_S
    ask_s: float = ASK_S
    _listening: Counter[Scope] = field(default_factory=Counter)
    _snapshot: Snapshot | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _failing: bool = False

    async def run(self) -> None:
        """Take snapshots until ``stopping`` is set; then wake every listener to let it end."""
        stopping = self.deps.stopping
        try:
            while not stopping.is_set():
                if self._listening:
                    await self._step()
                try:
                    await asyncio.wait_for(stopping.wait(), self.step_s)
                except TimeoutError:
                    continue
        finally:
            self._wake()

    async def listen(
        self,
        scope_now: Callable[[], Scope | None],
        *,
        hears_commands: Callable[[], bool] = nobody,
    ) -> AsyncIterator[bytes]:
        """Events until the end of the app, or until ``scope_now`` gives None: not welcome.

        It is asked every few seconds, so that who may see less sees less at once.
        """
        if self._listening.total() >= MOST_LISTENERS:
            raise ConflictError("Too many pages listen already.", "Try again in a minute.")
        scope = await asyncio.to_thread(scope_now)
        sent: Mapping[str, bytes] = {}
        version: int | None = None
        commanded = 0
        alive_s = asked_s = time.monotonic()
        while scope is not None:
            with self._counted(scope):
                snapshot = await self._next()
                if snapshot is None:
                    return
                assets = self._inside(snapshot, scope)
                new = snapshot.versions.get(scope, version)
                text = _changes(snapshot, assets, sent, versions=(version, new))
                if hears_commands():
                    was, commanded = commanded, snapshot.commands.get(scope, commanded)
                    text += _counter("commands", was, commanded)
                if text:
                    yield text
            sent, version = assets, new
            now_s = time.monotonic()
            if now_s - asked_s >= self.ask_s:
                asked_s, scope = now_s, await asyncio.to_thread(scope_now)
            if now_s - alive_s >= self.alive_s:
                alive_s = now_s
                yield b": alive\n\n"

    @contextmanager
    def _counted(self, scope: Scope) -> Iterator[None]:
        self._listening[scope] += 1
        try:
            yield
        finally:
            self._listening[scope] -= 1
            if not self._listening[scope]:
                del self._listening[scope]

    async def _step(self) -> None:
        try:
            self._snapshot = await asyncio.to_thread(self._take)
        except Exception:
            if not self._failing:
                log.exception("live: the fleet cannot be read; listeners keep what they have")
            self._failing = True
            return
        if self._failing:
            log.warning("live: the fleet can be read again")
        self._failing = False
        self._wake()

    def _take(self) -> Snapshot:
        scopes = [*self._listening]
        versions = {scope: self.deps.incidents.version(scope) for scope in scopes}
        commands = {scope: self.deps.commands.version(scope) for scope in scopes}
        assets = {view.id: AS_JSON.dump_json(view) for view in self.viewer.views().values()}
        return Snapshot(self.deps.clock.now_ms(), assets, versions, commands)

    def _inside(self, snapshot: Snapshot, scope: Scope) -> Mapping[str, bytes]:
        if scope.everything:
            return snapshot.assets
        return {
            key: snapshot.assets[key] for key in self.viewer.assets(scope) if key in snapshot.assets
        }

    async def _next(self) -> Snapshot | None:
        if self.deps.stopping.is_set():
            return None
        await self._changed.wait()
        return None if self.deps.stopping.is_set() else self._snapshot

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


@router.get("", response_class=StreamingResponse)
async def live(request: Request, caller: Reader) -> StreamingResponse:
    """``fleet`` events with the assets that changed, ``incidents`` events with a version.

    ``commands`` events with a version too, for those who may command.
    """
    feed: LiveFeed = request.app.state.feed
    deps = feed.deps
    now = caller.principal

    def scope_now() -> Scope | None:
        nonlocal now
        try:
            found = still(deps, caller, Permission.READ)
        except FleetError:
            return None
        now = found.principal
        return found.scope

    def hears_commands() -> bool:
        return now.may(Permission.COMMAND) or now.may(Permission.UNLOCK)

    return StreamingResponse(
        feed.listen(scope_now, hears_commands=hears_commands),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _changes(
    snapshot: Snapshot,
    assets: Mapping[str, bytes],
    sent: Mapping[str, bytes],
    *,
    versions: tuple[int | None, int | None],
) -> bytes:
    text = b""
    changed = [asset for key, asset in assets.items() if sent.get(key) != asset]
    old, new = versions
    if changed or old is None:
        data = b'{"now_ms":%d,"assets":[%b]}' % (snapshot.now_ms, b",".join(changed))
        text = b"event: fleet\ndata: %b\n\n" % data
    return text + _counter("incidents", old, new)


def _counter(name: str, old: int | None, new: int | None) -> bytes:
    if new is None or new == old:
        return b""
    return b'event: %b\ndata: {"version":%d}\n\n' % (name.encode(), new)
