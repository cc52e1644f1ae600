"""The whole simulator against a platform that stores, acknowledges, or does neither."""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest

from gongfu_broker.columns import DeviceKind
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.errors import ScenarioError
from gongfu_firmware_sim.faults import NO_FAULTS, FaultKind, Injection
from gongfu_firmware_sim.ring import read_ledger

if TYPE_CHECKING:
    from tests.firmware_sim.conftest import Platform, Simulation

MINUTE_MS = 60_000


async def test_every_device_is_born_connected_and_stores_what_it_measured(
    simulation: "Simulation", platform: "Platform"
) -> None:
    simulation.start()
    await simulation.until(lambda: simulation.status.acked > 60)
    assert simulation.status.connected == 3
    assert {dev for dev, _, _ in platform.stored} == {"cab-0001", "cab-0002", "veh-0001"}
    assert [state.online for state in platform.states["cab-0001"]] == [1]
    assert platform.conflicts == []


async def test_a_clean_stop_says_offline_and_leaves_the_acknowledged_in_the_ledger(
    simulation: "Simulation", platform: "Platform"
) -> None:
    simulation.start()
    await simulation.until(lambda: simulation.status.acked > 20)
    await simulation.stop()
    assert platform.states["veh-0001"][-1].online == 0
    ledger = {(d, b, s): payload for d, b, s, payload in read_ledger(simulation.ring_path)}
    assert len(ledger) == simulation.status.acked
    assert all(platform.stored[key] == payload for key, payload in ledger.items())


async def test_nothing_unacknowledged_is_lost_over_kills_and_no_stamp_is_used_twice(
    simulation: "Simulation", platform: "Platform"
) -> None:
    for answering in (True, False, True, False, True):
        platform.answering = answering
        simulation.start()
        await simulation.until(lambda: simulation.status.sent > 40)
        await simulation.kill()
    platform.answering = True
    simulation.start()
    await simulation.until(lambda: simulation.status.sent > 40 and simulation.status.in_ring < 5)
    await simulation.stop()
    boots = {boot for _, boot, _ in platform.stored}
    assert boots == {1, 2, 3, 4, 5, 6}
    assert platform.conflicts == []
    for dev in ("cab-0001", "veh-0001"):
        for boot in boots - {6}:
            seqs = [seq for b, seq in platform.messages(dev) if b == boot]
            assert seqs == list(range(1, len(seqs) + 1))
        kind = DeviceKind.TRUCK if dev.startswith("veh") else DeviceKind.CABINET
        stamps = platform.stamps(dev, kind)
        assert len(stamps) == len(set(stamps))


async def test_after_a_lost_connection_the_backlog_comes_as_backfill_and_live_goes_on(
    simulation: "Simulation", platform: "Platform"
) -> None:
    simulation.start()
    await simulation.until(lambda: simulation.status.acked > 10)
    platform.answering = False
    await simulation.until(lambda: simulation.status.in_ring > 30)
    platform.answering = True
    for dev in ("cab-0001", "cab-0002", "veh-0001"):
        platform.broker.drop(dev)
    await simulation.until(lambda: simulation.status.in_ring < 5)
    resent = [told for told in platform.leaves.values() if Leaf.BF in told]
    assert len(resent) > 20
    assert [state.online for state in platform.states["cab-0001"]] == [1, 0, 1]
    conns = [state.conn for state in platform.states["cab-0001"]]
    assert conns[0] == conns[1] < conns[2]
    assert platform.conflicts == []


async def test_a_message_the_platform_never_takes_is_dropped_and_the_next_ones_say_so(
    simulation: "Simulation", platform: "Platform"
) -> None:
    platform.refused.add(("cab-0001", 1, 3))
    simulation.start()
    await simulation.until(lambda: simulation.status.dropped == 1, within_s=20)
    await simulation.until(lambda: platform.floors["cab-0001", 1] == 4)
    await simulation.until(lambda: ("cab-0001", 1, 4) in platform.stored)
    await simulation.stop()
    ledger = {(dev, seq) for dev, _, seq, _ in read_ledger(simulation.ring_path)}
    assert ("cab-0001", 3) not in ledger
    assert ("cab-0001", 4) in ledger


async def test_an_absent_platform_makes_no_device_drop_anything(
    simulation: "Simulation", platform: "Platform"
) -> None:
    platform.answering = False
    simulation.pace = replace(simulation.pace, resend_s=0.05, resend_most_s=0.05)
    simulation.start()
    await simulation.until(lambda: simulation.status.backfilled > 100)
    assert simulation.status.dropped == 0


async def test_a_radio_gap_takes_a_device_offline_and_its_rows_follow_late(
    simulation: "Simulation", platform: "Platform"
) -> None:
    gap = Injection(
        "cab-0001", FaultKind.RADIO_GAP, simulation.spec.start_ms + 5 * MINUTE_MS, 10 * 60
    )
    simulation.spec = msgspec.structs.replace(simulation.spec, injections=(gap,), rates=NO_FAULTS)
    simulation.start()
    await simulation.until(lambda: len(platform.states.get("cab-0001", [])) == 3)
    await simulation.until(lambda: len(platform.stamps("cab-0001", DeviceKind.CABINET)) > 16)
    assert [state.online for state in platform.states["cab-0001"]] == [1, 0, 1]
    stamps = platform.stamps("cab-0001", DeviceKind.CABINET)
    minutes = [stamp for stamp in stamps if stamp % 1_000 == 0]
    assert all(b - a == MINUTE_MS for a, b in pairwise(minutes))


async def test_a_device_without_a_password_is_refused_before_anything_is_sent(
    simulation: "Simulation", platform: "Platform"
) -> None:
    stranger = msgspec.structs.replace(simulation.spec.devices[0], dev="cab-0099")
    simulation.passwords = {"cab-0001": "secret"}
    simulation.spec = msgspec.structs.replace(simulation.spec, devices=(stranger,))
    simulation.start()
    with pytest.raises(ScenarioError, match="no password for cab-0099"):
        await simulation.until(lambda: False)
    assert platform.heard == []
