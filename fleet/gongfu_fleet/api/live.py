"""The fleet as it changes: one snapshot a second for all listeners, server-sent events."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from pydantic import TypeAdapter
from starlette.responses import StreamingResponse

from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.api.permissions import Reader
from gongfu_fleet.errors import ConflictError, FleetError
from gongfu_fleet.services.fleet_view import AssetView, FleetViewer

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/live", tags=["live"])
STEP_S = 1.0
ALIVE_S = 15.0
MOST_LISTENERS = 200
AS_JSON = TypeAdapter(AssetView)


@dataclass(frozen=True)
class Snapshot:
    """The fleet at one moment; assets are JSON already."""

    now_ms: int
    assets: Mapping[str, bytes]
    incidents_version: int


@dataclass
class LiveFeed:
    """Takes snapshots while somebody listens. A slow listener skips snapshots, it never queues."""

    deps: ApiDeps
    viewer: FleetViewer
    step_s: float = STEP_S
    alive_s: float = ALIVE_S
    _listeners: int = 0
    _snapshot: Snapshot | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _failing: bool = False

    async def run(self) -> None:
        """Take snapshots until ``stopping`` is set; then wake every listener to let it end."""
        stopping = self.deps.stopping
        try:
            while not stopping.is_set():
                if self._listeners:
                    await self._step()
                try:
                    await asyncio.wait_for(stopping.wait(), self.step_s)
                except TimeoutError:
                    continue
        finally:
            self._wake()

    async def listen(self, is_welcome: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Events until the end of the app, or until ``is_welcome`` (asked every 15 s) says no."""
        if self._listeners >= MOST_LISTENERS:
            raise ConflictError("Too many pages listen already.", "Try again in a minute.")
        self._listeners += 1
        try:
            sent: Mapping[str, bytes] = {}
            version: int | None = None
            checked_s = time.monotonic()
            while (snapshot := await self._next()) is not None:
                if text := _changes(snapshot, sent, version):
                    yield text
                sent, version = snapshot.assets, snapshot.incidents_version
                if time.monotonic() - checked_s >= self.alive_s:
                    checked_s = time.monotonic()
                    if not await asyncio.to_thread(is_welcome):
                        return
                    yield b": alive\n\n"
        finally:
            self._listeners -= 1

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
        version = self.deps.incidents.version()
        assets = {view.id: AS_JSON.dump_json(view) for view in self.viewer.views().values()}
        return Snapshot(self.deps.clock.now_ms(), assets, version)

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
    """``fleet`` events with the assets that changed, ``incidents`` events with a version."""
    feed: LiveFeed = request.app.state.feed
    deps = feed.deps

    def is_welcome() -> bool:
        try:
            deps.sign_in.resume(caller.token, now_ms=deps.real_ms())
        except FleetError:
            return False
        return True

    return StreamingResponse(
        feed.listen(is_welcome),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _changes(snapshot: Snapshot, sent: Mapping[str, bytes], version: int | None) -> bytes:
    text = b""
    changed = [asset for key, asset in snapshot.assets.items() if sent.get(key) != asset]
    if changed or version is None:
        data = b'{"now_ms":%d,"assets":[%b]}' % (snapshot.now_ms, b",".join(changed))
        text = b"event: fleet\ndata: %b\n\n" % data
    if snapshot.incidents_version != version:
        text += b'event: incidents\ndata: {"version":%d}\n\n' % snapshot.incidents_version
    return text
