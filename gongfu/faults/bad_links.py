"""R8: devices and ingest speak to the broker through links that lose, crawl, break and fall silent.

Two proxies stand before one broker: one carries 119 devices, one carries ingest. Weather comes to
both. Nothing acknowledged may be lost, and who sits on a dead link must find out by itself within
one and a half times the keep-alive.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gongfu.device_accounts import equip_all
from gongfu.faults.crowd import Crowd, CrowdSpec, crowding
from gongfu.faults.effort import Effort, FaultRun, Figures
from gongfu.faults.proxy import Proxy, proxying
from gongfu.faults.site import RING, Platform, site_settings, until
from gongfu.faults.verdicts import judged_ledger, ledger_figures
from gongfu.faults.weather import CLEAR, Weather
from gongfu.fleet_side import open_fleet
from gongfu.heartbeat import FILE_NAME, WorkerWatch
from gongfu.ingest_side import live_session
from gongfu.secrets_file import Secrets, load_secrets
from gongfu.settings import Settings
from gongfu.wiring import broker_users
from gongfu_broker.access import User
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.listening import free_port
from gongfu_broker.mqtt.client import MqttConnector
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.ports import Session

DEVICES = 119
EVERY_MS = 1_000
FLAP_S = 5.0
IDLE_KEEP_ALIVE_S = 4
DRAINED_S = 180.0
BELIEVED_S = 90.0
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

    @property
    def keys(self) -> Secrets:
        """The accounts of the broker."""
        return load_secrets(self.settings.state)

    def idle(self, name: str) -> Session:
        """A client that only listens."""
        secret = self.keys.replay
        return Session(f"idle-{name}", "replay", secret, keep_alive_s=IDLE_KEEP_ALIVE_S)

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
    time.sleep(links.run.effort.of(3.0, 10.0, 60.0))
    links.both(lambda way: way.weather(CLEAR))
    drained_s = links.whole()
    links.run.say(f"R8: after {name} all was through in {drained_s:.1f} s")
    return drained_s


def _flapping(links: Links) -> float:
    """Five seconds up, five seconds down, by turns broken and silent."""
    for flap in range(links.run.effort.of(1, 2, 12)):
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
    try:
        return asyncio.run(_beliefs(links))
    finally:
        links.both(Proxy.restore)


async def _beliefs(links: Links) -> dict[str, float]:
    """All sides at once; ingest's keep-alive of half a minute is too long for a short run."""
    keep_alives = {"idle_own": IDLE_KEEP_ALIVE_S, "idle_aiomqtt": IDLE_KEEP_ALIVE_S}
    connected = asyncio.Barrier(len(keep_alives) + 1)
    beliefs = [_idle_own(links, connected), _idle_aiomqtt(links, connected)]
    keep_alives["devices"] = links.crowd.spec.keep_alive_s
    beliefs.append(_while(lambda: links.crowd.status.connected > 0))
    if links.run.effort is not Effort.SHORT:
        keep_alives["ingest"] = live_session(links.settings, links.keys).keep_alive_s
        beliefs.append(_while(links.ingest_connected))
    tasks = [asyncio.create_task(belief) for belief in beliefs]
    await connected.wait()
    began = time.monotonic()
    links.devices_way.silence()
    if "ingest" in keep_alives:
        links.ingest_way.silence()
    async with asyncio.timeout(BELIEVED_S):
        ended = await asyncio.gather(*tasks)
    return {
        side: round((end - began) / keep_alive_s, 2)
        for (side, keep_alive_s), end in zip(keep_alives.items(), ended, strict=True)
    }


async def _idle_own(links: Links, connected: asyncio.Barrier) -> float:
    """When ingest's client, with nothing to say, gave up."""
    with suppress(BusDisconnectedError):
        way = MqttConnector("127.0.0.1", links.devices_way.port)
        async with way.intake(links.idle("a")) as intake:
            await connected.wait()
            await intake.take(1)
    return time.monotonic()


async def _idle_aiomqtt(links: Links, connected: asyncio.Barrier) -> float:
    """When a device's client, with nothing to say, gave up."""
    with suppress(BusDisconnectedError):
        way = AiomqttConnector("127.0.0.1", links.devices_way.port)
        async with way.connect(links.idle("b")) as bus:
            await connected.wait()
            await anext(aiter(bus.messages()))
    return time.monotonic()


async def _while(believes: Callable[[], bool]) -> float:
    while believes():  # noqa: ASYNC110 - of another thread, or another process
        await asyncio.sleep(0.05)
    return time.monotonic()


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
            keep_alive_s=run.effort.of(6, 30, 30),
        )
        crowd = stack.enter_context(crowding(spec))
        yield Links(run, settings, platform, ways[0], ways[1], crowd)


def _users(settings: Settings) -> list[User]:
    equip_all(settings)
    fleet = open_fleet(settings)
    try:
        return broker_users(fleet, load_secrets(settings.state))
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
