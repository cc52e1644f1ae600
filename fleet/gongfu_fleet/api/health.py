"""How the platform is doing: numbers for everybody, names for those who may see them."""

from collections.abc import Iterator, Mapping

from fastapi import APIRouter
from pydantic import BaseModel

from gongfu_fleet.api.deps import ApiDeps, Deps, Viewer
from gongfu_fleet.api.permissions import Visitor
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.people import Permission
from gongfu_fleet.ports import Connection, ConsumerLag
from gongfu_fleet.services.flow import Flow, Room
from gongfu_fleet.services.jobs import JobState

router = APIRouter(tags=["health"])
LARGE_LAG = 10_000
MANY_MISSING = 0.1
MOST_NAMED = 5


class Devices(BaseModel):
    """Devices that should report, that are connected, that were ever heard."""

    registered: int
    connected: int
    seen: int


class Broker(BaseModel):
    """The connection between ingest and the broker."""

    connected: bool


class Health(BaseModel):
    """``degraded`` when there is a problem; each problem is a sentence with its remedy.

    Who is not signed in is told no problem by name, no jobs and no room; who sees a part of the
    fleet is told the devices of that part, and no problem of the rest.
    """

    status: str
    now_ms: int
    speed: float
    devices: Devices
    ingest: dict[str, int]
    consumers: list[ConsumerLag]
    broker: Broker
    jobs: list[JobState]
    flow: Flow | None
    room: Room | None
    problems: list[str]


@router.get("/health")
def health(deps: Deps, viewer: Viewer, caller: Visitor) -> Health:
    """The state of the way of a reading."""
    everything = _examine(deps, viewer.assets())
    reader = caller is not None and caller.principal.may(Permission.READ)
    if caller is not None and reader and caller.scope.everything:
        return everything
    told = everything.model_copy(update={"jobs": [], "room": None, "problems": []})
    if caller is not None and reader:
        own = _examine(deps, viewer.assets(caller.scope), within=True)
        return told.model_copy(update={"devices": own.devices, "problems": own.problems})
    told.flow = None
    if everything.problems:
        told.problems = [f"{len(everything.problems)} problems; sign in to read them."]
    return told


def _examine(deps: ApiDeps, assets: Mapping[str, Asset], *, within: bool = False) -> Health:
    registered = [asset.id for asset in assets.values() if asset.reports]
    connections = deps.connections.devices()
    devices = _count(registered, connections)
    consumers = list(deps.ingest.consumers())
    connected = deps.ingest.broker_connected()
    wrong = [dev for dev in registered if dev in connections and connections[dev].clock_offset_ms]
    told = [
        *_problems(devices, consumers=consumers, connected=connected),
        # What others noticed may name any device.
        *(() if within else (one for troubles in deps.troubles for one in troubles())),
        *_clocks({dev: connections[dev].clock_offset_ms for dev in wrong}),
    ]
    problems = list(dict.fromkeys(told))  # two sources may know the same
    return Health(
        status="degraded" if problems else "ok",
        now_ms=deps.clock.now_ms(),
        speed=deps.clock.speed,
        devices=devices,
        ingest=dict(deps.ingest.counters()),
        consumers=consumers,
        broker=Broker(connected=connected),
        jobs=list(deps.jobs()),
        flow=deps.flow(),
        room=deps.room(),
        problems=problems,
    )


def _count(registered: list[str], connections: Mapping[str, Connection]) -> Devices:
    heard = [connections[dev] for dev in registered if dev in connections]
    return Devices(
        registered=len(registered),
        connected=sum(c.online for c in heard),
        seen=sum(c.heard_ms is not None for c in heard),
    )


def _problems(devices: Devices, *, consumers: list[ConsumerLag], connected: bool) -> Iterator[str]:
    if not connected:
        yield "Ingest is not connected to the broker; see that it runs, devices keep their data."
    missing = devices.registered - devices.connected
    if missing > MANY_MISSING * devices.registered:
        yield f"{missing} of {devices.registered} devices are not connected; the map names them."
    for consumer in consumers:
        if consumer.lag > LARGE_LAG:
            yield f"{consumer.name} is {consumer.lag} records behind; see its log for the reason."


def _clocks(wrong: Mapping[str, int]) -> Iterator[str]:
    if wrong:
        named = [f"{dev} is {_span(ms)}" for dev, ms in sorted(wrong.items())[:MOST_NAMED]]
        more = ", …" if len(wrong) > MOST_NAMED else ""
        yield (
            f"The clocks of {len(wrong)} devices are wrong ({', '.join(named)}{more}): set them; "
            "their stamps are corrected meanwhile."
        )


def _span(offset_ms: int) -> str:
    minutes = abs(offset_ms) / 60_000
    sizes = ((1_440, "d"), (60, "h"), (1, "min"))
    per, unit = next((size for size in sizes if minutes >= 2 * size[0]), sizes[-1])
    return f"{minutes / per:.0f} {unit} {'slow' if offset_ms > 0 else 'fast'}"
