"""One device on the bus: commands, configuration, last will, a slow broker."""

import asyncio
import contextlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
import pytest

from gongfu_broker.codec import decode_result, encode
from gongfu_broker.errors import BrokerError
from gongfu_broker.payloads import Ack, Command, Config, Result
from gongfu_broker.topics import Leaf, Topic, parse
from gongfu_firmware_sim.controls import Controls
from gongfu_firmware_sim.link import first_of

if TYPE_CHECKING:
    from tests.firmware_sim.conftest import Platform, Simulation

CABINET_CMD = Topic("hangzhou", "cab-0001", Leaf.CMD)


async def test_a_repeated_command_gets_the_same_answer_each_time(
    simulation: "Simulation", platform: "Platform"
) -> None:
    await awake(simulation, platform)
    order = Command(id="c1", name="unlock", exp=10_000, now=1)
    await platform.tell(CABINET_CMD, encode(order))
    await simulation.until(lambda: len(results(platform)) == 1)
    await platform.tell(CABINET_CMD, encode(order))
    await simulation.until(lambda: len(results(platform)) == 2)
    assert {(r.id, r.st) for r in results(platform)} == {("c1", "ok")}


async def test_a_command_captured_before_a_reboot_is_not_carried_out_again(
    simulation: "Simulation", platform: "Platform"
) -> None:
    await awake(simulation, platform)
    order = Command(id="c1", name="unlock", exp=10_000, now=1)
    await platform.tell(CABINET_CMD, encode(order))
    await simulation.until(lambda: len(results(platform)) == 1)
    await simulation.kill()
    await awake(simulation, platform)
    await platform.tell(CABINET_CMD, encode(order))
    await simulation.until(lambda: len(results(platform)) == 2)
    assert {(r.id, r.st) for r in results(platform)} == {("c1", "ok")}
    with closing(sqlite3.connect(simulation.ring_path)) as db:
        ((state,),) = db.execute("SELECT state FROM controls").fetchall()
    assert len(msgspec.json.decode(state, type=Controls).doors) == 1


async def test_an_expired_command_is_answered_so(
    simulation: "Simulation", platform: "Platform"
) -> None:
    simulation.start()
    await simulation.until(lambda: simulation.status.connected == 3)
    await platform.tell(Topic("hangzhou", "cab-0001", Leaf.ACK), encode(Ack(1, 0, 2_000)))
    await platform.tell(CABINET_CMD, encode(Command(id="c2", name="unlock", exp=1_000, now=1_000)))
    await simulation.until(lambda: len(results(platform)) == 1)
    assert results(platform)[0].st == "expired"


async def test_what_cannot_be_read_is_passed_over_and_the_device_goes_on(
    simulation: "Simulation", platform: "Platform", caplog: pytest.LogCaptureFixture
) -> None:
    simulation.start()
    await simulation.until(lambda: simulation.status.connected == 3)
    for rubbish in (b"", b"{", b'{"boot":-1}', b"\xff\xfe"):
        await platform.tell(Topic("hangzhou", "cab-0001", Leaf.ACK), rubbish)
    acked = simulation.status.acked
    await simulation.until(lambda: simulation.status.acked > acked + 10)
    assert simulation.status.connected == 3
    assert "cab-0001 cannot read a message" in caplog.text


async def test_a_new_configuration_is_taken_over_and_told(
    simulation: "Simulation", platform: "Platform"
) -> None:
    simulation.start()
    await simulation.until(lambda: simulation.status.connected == 3)
    topic = Topic("hangzhou", "cab-0001", Leaf.CFG)
    for rev in (4, 4, 3):
        await platform.tell(topic, encode(Config(rev)))
    await simulation.until(lambda: len(platform.states["cab-0001"]) == 2)
    assert [state.cfg for state in platform.states["cab-0001"]] == [0, 4]


async def test_the_last_will_names_the_connection_it_belongs_to(
    simulation: "Simulation", platform: "Platform"
) -> None:
    simulation.start()
    await simulation.until(lambda: simulation.status.connected == 3)
    platform.broker.drop("veh-0001")
    await simulation.until(lambda: len(platform.states["veh-0001"]) == 3)
    birth, will, again = platform.states["veh-0001"]
    assert (will.online, will.boot, will.conn) == (0, birth.boot, birth.conn)
    assert again.conn > birth.conn
    assert birth.fw


async def test_connection_numbers_grow_over_restarts(
    simulation: "Simulation", platform: "Platform"
) -> None:
    for _ in range(2):
        simulation.start()
        await simulation.until(lambda: simulation.status.connected == 3)
        await simulation.stop()
    births = [state for state in platform.states["cab-0001"] if state.online]
    assert births[1].conn > births[0].conn
    assert births[1].boot == births[0].boot + 1


async def test_duplicates_are_sent_and_harmless(
    simulation: "Simulation", platform: "Platform"
) -> None:
    rates = msgspec.structs.replace(simulation.spec.rates, duplicate_share_of_messages=0.5)
    simulation.spec = msgspec.structs.replace(simulation.spec, rates=rates)
    simulation.start()
    await simulation.until(lambda: simulation.status.duplicates > 20)
    assert platform.conflicts == []


async def test_a_wrong_password_is_reported_once_and_the_others_go_on(
    simulation: "Simulation", caplog: pytest.LogCaptureFixture
) -> None:
    simulation.passwords["cab-0001"] = "wrong"
    simulation.start()
    await simulation.until(lambda: "cannot stay connected" in caplog.text)
    await simulation.until(lambda: simulation.status.acked > 20)
    assert caplog.text.count("cannot stay connected") == 1
    assert simulation.status.connected == 2


async def test_the_first_to_end_ends_the_others_and_its_fault_is_told() -> None:
    ended = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails() -> None:
        raise BrokerError("gone")

    with pytest.raises(BrokerError, match="gone"):
        await first_of(waits(), fails())
    assert ended.is_set()
    with contextlib.suppress(asyncio.CancelledError):
        await first_of(asyncio.sleep(0), waits())


async def test_one_that_forgets_its_cancellation_is_cancelled_again() -> None:
    forgot = asyncio.Event()

    async def forgets_once() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        forgot.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        await first_of(asyncio.sleep(0), forgets_once())
    assert forgot.is_set()


async def awake(simulation: "Simulation", platform: "Platform") -> None:
    """Every device runs, and the cabinet was told the time."""
    simulation.start()
    await simulation.until(lambda: simulation.status.connected == 3)
    await platform.tell(Topic("hangzhou", "cab-0001", Leaf.ACK), encode(Ack(1, 0, 1)))


def results(platform: "Platform") -> list[Result]:
    return [
        decode_result(message.payload)
        for message in platform.heard
        if parse(message.topic).leaf is Leaf.RES
    ]
