"""Commands over a real broker: sent until answered, replayed in vain (S3)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gongfu.security.replays import (
    CABINET,
    CMD,
    SITE,
    USERS,
    Platform,
    replayed_unlocks,
    running,
    session,
    until,
)
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BrokerError
from gongfu_broker.listening import free_port
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.topics import DOWN, Leaf, Topic, uplink_filters
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.commands import LIFE_MS, REPEAT_MS, State
from gongfu_fleet.services.seed import seed_registry


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('downlink')}/fleet.db")
    upgrade(engine)
    seed_registry(SqlRegistry(engine))
    yield engine
    engine.dispose()


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[AiomqttConnector]:
    settings = NatsSettings(tmp_path / "broker", port=free_port())
    broker = EmbeddedBroker(settings, USERS)
    await broker.start()
    yield AiomqttConnector("127.0.0.1", settings.port)
    await broker.stop()


async def test_a_captured_unlock_opens_nothing_however_it_is_replayed(
    county: Engine, tmp_path: Path
) -> None:
    found = await replayed_unlocks(county, tmp_path, times=20)
    print(f"S3: {found}")
    assert found.succeeded == 0
    assert found.replayed >= 42
    # Nobody heard the device that has no right to; the others were answered, and nothing more.
    assert 22 <= found.answered < 2 * 20


async def test_the_downlinks_account_says_commands_and_hears_nothing_else(
    nats: AiomqttConnector,
) -> None:
    async with (
        nats.connect(session(CABINET)) as cabinet,
        nats.connect(session("downlink")) as downlink,
    ):
        for leaf in set(DOWN) - {Leaf.OTA}:
            await cabinet.subscribe(str(Topic(SITE, CABINET, leaf)))
        for filters in (*uplink_filters(), "#", "clf/v1/+/+/ack", "$SYS/#"):
            with pytest.raises(BrokerError, match="refuses"):
                await downlink.subscribe(filters)
        for leaf in (Leaf.ACK, Leaf.CFG, Leaf.CMD):
            await downlink.publish(str(Topic(SITE, CABINET, leaf)), leaf.encode())
        async with asyncio.timeout(5):
            assert (await anext(aiter(cabinet.messages()))).payload == b"cmd"


async def test_a_lost_link_is_told_and_what_is_open_goes_on_afterwards(county: Engine) -> None:
    broker = MemoryBroker(USERS)
    platform = Platform(county, broker)
    async with (
        running(platform.downlink.run()),
        broker.connect(session("downlink", "spy")) as spy,
    ):
        await spy.subscribe(CMD)
        command = platform.unlock()
        told = aiter(spy.messages())
        assert (await anext(told)).topic == CMD
        broker.drop("downlink")
        await until(lambda: bool(platform.downlink.troubles()))
        platform.clock.now += REPEAT_MS
        assert command.id.encode() in (await anext(told)).payload
        await until(lambda: not platform.downlink.troubles())
        platform.clock.now += LIFE_MS
        await until(lambda: platform.state(command) is State.SENT)
        platform.clock.now += LIFE_MS
        await until(lambda: platform.state(command) is State.TIMEOUT)


async def test_without_an_account_for_them_commands_only_expire(county: Engine) -> None:
    platform = Platform(county, MemoryBroker([]))
    platform.downlink.session = None
    async with running(platform.downlink.run()):
        command = platform.unlock()
        platform.clock.now += LIFE_MS
        await until(lambda: platform.state(command) is State.EXPIRED)
    assert not platform.downlink.troubles()
