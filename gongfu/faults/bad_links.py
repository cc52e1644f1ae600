"""R8: devices and ingest speak to the broker through links that lose, crawl, break and fall silent.

Two proxies stand before one broker: one carries 119 devices, one carries ingest. Weather comes to
both. Nothing acknowledged may be lost, and who sits on a dead link must find out by itself within
one and a half times the keep-alive.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gongfu.bench.house import free_port
from gongfu.directory import RegisteredDevices
from gongfu.faults.crowd import Crowd, CrowdSpec, crowding
from gongfu.faults.effort import Effort, FaultRun, FaultTestError, Figures
from gongfu.faults.proxy import Proxy, proxying
from gongfu.faults.site import RING, Platform, site_settings, until
from gongfu.faults.verdicts import judged_ledger, ledger_figures
from gongfu.faults.weather import CLEAR, Weather
from gongfu.fleet_side import open_fleet
from gongfu.heartbeat import FILE_NAME, WorkerWatch
from gongfu.ingest_side import live_session
from gongfu.secrets_file import load_secrets
from gongfu.settings import Settings
from gongfu.wiring import broker_users
from gongfu_broker.access import User
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.mqtt.client import MqttConnector
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.ports import Session

DEVICES = 119
EVERY_MS = 1_000
FLAP_S = 5.0
IDLE_KEEP_ALIVE_S = 4
DRAINED_S = 180.0
SETTLED_S = 60.0
WEATHERS = {
    "lossy": Weather(loss=0.2),
    "distant": Weather(delay_s=0.2, jitter_s=0.05),
    "narrow": Weather(bytes_per_s=4_000),  # 32 kbit/s
    "all_of_it": Weather(delay_s=0.2, bytes_per_s=4_000, loss=0.2),
}


@dataclass(frozen=True)
class Links:
    """The whole stand."""

    run: FaultRun
    settings: Settings
    platform: Platform
    devices_way: Proxy
    ingest_way: Proxy
    crowd: Crowd

    def both(self, act: Callable[[Proxy], None]) -> None:
        """Do the same to both ways."""
        act(self.devices_way)
        act(self.ingest_way)

    def ingest_connected(self) -> bool:
        """What the worker believes, no more than two seconds ago."""
        return WorkerWatch(self.settings.state / FILE_NAME).connected()

    def whole(self) -> float:
        """Seconds until all are connected and nothing but the newest is unacknowledged."""
        status, began = self.crowd.status, time.monotonic()

        def settled() -> bool:
            everybody = status.connected == DEVICES and self.ingest_connected()
            return everybody and status.in_ring <= 2 * DEVICES

        until(settled, "all is sent", self.platform.worker, within_s=DRAINED_S)
        return time.monotonic() - began


def bad_links(run: FaultRun) -> Figures:
    """All weathers one after the other on one stand."""
    with _stand(run) as links:
        links.whole()
        names = run.effort.of(["all_of_it"], list(WEATHERS), list(WEATHERS))
        drained = {name: _storm(links, name, WEATHERS[name]) for name in names}
        drained["flapping"] = _flapping(links)
        found = _half_open(links)
        drained["half_open"] = links.whole()
        settings = links.settings
    return {
        "runs": len(drained),
        **ledger_figures(judged_ledger(settings)),
        "dead_link_found_in_keep_alives": found,
        "drained_s": {name: round(seconds, 1) for name, seconds in drained.items()},
    }


def _storm(links: Links, name: str, weather: Weather) -> float:
    """Bad weather for a while; seconds until all that waited is through."""
    links.both(lambda way: way.weather(weather))
    time.sleep(links.run.effort.of(4.0, 20.0, 60.0))
    links.both(lambda way: way.weather(CLEAR))
    drained_s = links.whole()
    links.run.say(f"R8: after {name} all was through in {drained_s:.1f} s")
    return drained_s


def _flapping(links: Links) -> float:
    """Five seconds up, five seconds down, by turns broken and silent."""
    for flap in range(links.run.effort.of(1, 4, 12)):
        if flap % 2:
            links.both(Proxy.silence)
        else:
            links.both(lambda way: way.reset(refuse=True))
        time.sleep(links.run.effort.of(2.0, FLAP_S, FLAP_S))
        links.both(Proxy.restore)
        time.sleep(links.run.effort.of(2.0, FLAP_S, FLAP_S))
    return links.whole()


def _half_open(links: Links) -> dict[str, float]:
    """How long each side believes in a dead link, in times of its keep-alive."""
    found = {f"idle_{client}": _idle_client(links, client) for client in ("own", "aiomqtt")}
    links.whole()
    began = time.monotonic()
    links.devices_way.silence()
    found["devices"] = _notices(links, began, lambda: links.crowd.status.connected > 0)
    links.devices_way.restore()
    if links.run.effort is not Effort.SHORT:  # ingest's keep-alive is half a minute
        links.whole()
        began = time.monotonic()
        links.ingest_way.silence()
        found["ingest"] = _notices(links, began, links.ingest_connected)
        links.ingest_way.restore()
    return {side: round(times, 2) for side, times in found.items()}


def _notices(links: Links, began: float, believes: Callable[[], bool]) -> float:
    house = links.platform.worker
    until(lambda: not believes(), "a dead link is noticed", house, within_s=SETTLED_S)
    took_s = time.monotonic() - began
    keep_alive_s = links.crowd.spec.keep_alive_s
    own = live_session(links.settings, load_secrets(links.settings.state, [])).keep_alive_s
    return took_s / (own if believes == links.ingest_connected else keep_alive_s)


def _idle_client(links: Links, client: str) -> float:
    """How long an idle client believes in a dead link: ingest's own, or the devices' aiomqtt."""
    keys = load_secrets(links.settings.state, [])
    session = Session("fault-test", "replay", keys.replay, keep_alive_s=IDLE_KEEP_ALIVE_S)
    port = links.devices_way.port

    async def listen() -> None:
        if client == "own":
            async with MqttConnector("127.0.0.1", port).intake(session) as intake:
                await fall_silent()
                await intake.take(1)
        else:
            async with AiomqttConnector("127.0.0.1", port).connect(session) as bus:
                await fall_silent()
                await anext(aiter(bus.messages()))

    began: list[float] = []

    async def fall_silent() -> None:
        await asyncio.sleep(0.5)
        links.devices_way.silence()
        began.append(time.monotonic())

    try:
        asyncio.run(listen())
    except BusDisconnectedError:
        return (time.monotonic() - began[0]) / IDLE_KEEP_ALIVE_S
    finally:
        links.devices_way.restore()
    raise FaultTestError("somebody spoke through a silent link: the proxy leaks")


@contextmanager
def _stand(run: FaultRun) -> Iterator[Links]:
    settings = site_settings(run.folder / "state")
    users, port = _users(settings), free_port()
    with ExitStack() as stack:
        stack.enter_context(_broker(run.folder / "broker", port, users))
        ways = [stack.enter_context(proxying("127.0.0.1", port, seed=run.seed)) for _ in range(2)]
        settings.broker.port = ways[1].port
        platform = Platform(settings, {"GONGFU_BROKER__HOST": "127.0.0.1"})
        stack.callback(platform.worker.stop)
        platform.start_worker()
        spec = CrowdSpec(
            state=str(settings.state),
            ring=str(settings.state / RING),
            port=ways[0].port,
            every_ms=EVERY_MS,
            devices=DEVICES,
            keep_alive_s=run.effort.of(9, 30, 30),
        )
        crowd = stack.enter_context(crowding(spec))
        yield Links(run, settings, platform, ways[0], ways[1], crowd)


def _users(settings: Settings) -> list[User]:
    fleet = open_fleet(settings)
    try:
        devices = RegisteredDevices(fleet.registry)
        return broker_users(devices, load_secrets(settings.state, devices.devices()))
    finally:
        fleet.close()


@contextmanager
def _broker(folder: Path, port: int, users: list[User]) -> Iterator[None]:
    broker = EmbeddedBroker(NatsSettings(folder.resolve(), port=port), users)
    with asyncio.Runner() as runner:
        runner.run(broker.start())
        try:
            yield
        finally:
            runner.run(broker.stop())
