"""A cabinet that nobody can tell stops selling by itself when its goods are too warm."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from gongfu_broker.codec import decode_event
from gongfu_broker.columns import DeviceKind
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.controls import UNTOUCHED, WITHOUT_END, Abilities, Controller, Controls
from gongfu_firmware_sim.faults import FaultKind, FaultRates, Injection
from gongfu_firmware_sim.fleet import Fleet, Unit
from gongfu_firmware_sim.link import Identity, Link
from gongfu_firmware_sim.outbox import Outbox, Pace, Range
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.ring import Ring
from gongfu_firmware_sim.sale_guard import DELAY_MS, GRACE_MS, KEPT, Goods, SaleGuard
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_firmware_sim.status import SimStatus

MINUTE = 60_000
START_MS = 1_790_000_000_000
MILK = Goods(8.0, MINUTE)  # follows the air at once, nearly


def row(celsius: float | None, kg: float = 5.0) -> tuple[float | None, ...]:
    return (celsius, 0, *([kg] * 8))


def locks_after(guard: SaleGuard, minutes: int, celsius: float = 20.0, **how: object) -> list[int]:
    """In which minutes it wants to lock, warm and cut off unless said otherwise."""
    given: dict[str, object] = {"cut_off": True, "controls": UNTOUCHED, **how}
    return [
        minute
        for minute in range(minutes)
        if guard.feel(minute * MINUTE, row(celsius), **given)  # type: ignore[arg-type]
    ]


def test_it_locks_after_its_delay_above_the_critical_limit_while_cut_off() -> None:
    assert locks_after(SaleGuard(MILK), 30)[0] == DELAY_MS // MINUTE


def test_it_leaves_the_decision_to_a_platform_that_it_can_reach() -> None:
    assert locks_after(SaleGuard(MILK), 30, cut_off=False) == []


def test_at_the_limit_goods_are_still_good() -> None:
    assert locks_after(SaleGuard(MILK), 30, celsius=8.0) == []


def test_what_is_locked_is_not_locked_again() -> None:
    assert locks_after(SaleGuard(MILK), 30, controls=Controls(locks=((0, WITHOUT_END),))) == []


def test_goods_follow_the_air_slowly() -> None:
    guard = SaleGuard(KEPT["dairy"])
    for minute in range(60):
        guard.feel(minute * MINUTE, row(4.0), cut_off=True, controls=UNTOUCHED)
    for minute in range(60, 121):
        guard.feel(minute * MINUTE, row(14.0), cut_off=True, controls=UNTOUCHED)
    assert guard.celsius == pytest.approx(14 - 10 / 2.71828, abs=0.1)  # one time constant


def test_after_filling_and_after_a_person_has_unlocked_it_may_be_warm_for_half_an_hour() -> None:
    guard = SaleGuard(MILK)
    guard.feel(-MINUTE, row(4.0, kg=1.0), cut_off=True, controls=UNTOUCHED)
    found = [
        minute
        for minute in range(60)
        if guard.feel(minute * MINUTE, row(20.0, kg=9.0), cut_off=True, controls=UNTOUCHED)
    ]
    assert found[0] == GRACE_MS // MINUTE
    assert locks_after(SaleGuard(MILK), 60, controls=Controls(locks=((-9, 0),)))[0] == 30


def test_rows_without_a_temperature_and_of_a_doors_edge_are_no_evidence() -> None:
    guard = SaleGuard(MILK)
    assert not guard.feel(0, (None, 1), cut_off=True, controls=UNTOUCHED)
    assert guard.celsius is None


@dataclass
class HandClock:
    """Moves when told."""

    ms: int
    speed: float = 1.0

    def now_ms(self) -> int:
        return self.ms


def cut_off_cabinet(hours: int) -> tuple[Unit, Controller]:
    """Its compressor has stopped for so long, and its link never runs."""
    stop = Injection("cab-0001", FaultKind.COMPRESSOR_STOP, START_MS, hours * 3_600)
    device = DeviceSpec("cab-0001", DeviceKind.CABINET, "hangzhou", ("dairy",))
    spec = ScenarioSpec(7, START_MS, (device,), (stop,), FaultRates())
    model, outbox = Cabinet(device, spec), Outbox(1, {}, pace=Pace())
    identity = Identity(
        dev="cab-0001", site="hangzhou", secret="-", boot=1, fw="", model="", seed=7,
        duplicate_share=0,
    )  # fmt: skip
    link = Link(identity, outbox, connector=MemoryBroker([]), status=SimStatus())
    controller = Controller(model, Abilities(sells=True, cooled=frozenset({1})))
    guard = SaleGuard(KEPT["dairy"])
    unit = Unit(
        "cab-0001", model, outbox, Recorder(7, "cab-0001", outbox), link, START_MS,
        controller=controller, guard=guard,
    )  # fmt: skip
    return unit, controller


def test_a_cut_off_cabinet_whose_compressor_stops_sells_no_more_and_will_tell(
    tmp_path: Path,
) -> None:
    hours, clock = 12, HandClock(START_MS)
    unit, controller = cut_off_cabinet(hours)
    ring = Ring(tmp_path / "devices.db")
    ring.start(["cab-0001"])
    with ThreadPoolExecutor(1) as thread:
        fleet = Fleet([unit], ring, clock=clock, thread=thread, status=SimStatus())

        async def live() -> None:
            for _ in range(hours * 6):
                clock.ms += 10 * MINUTE
                await fleet.turn()

        asyncio.run(live())
    assert controller.controls.sale_locked
    messages = ring.read("cab-0001", Range(1, 1, 5_000))
    events = [decode_event(one.payload) for one in messages if one.leaf is Leaf.EVT]
    (told,) = [event for event in events if event.kind == "sale_lock"]
    assert told.data["locked"] is True
    assert told.data["celsius"] > 8.0
    assert not controller.controls.sells_at(told.ts + 11 * MINUTE)
    ring.close()
    again = Ring(tmp_path / "devices.db")  # the lock outlives a reboot
    assert again.start(["cab-0001"])["cab-0001"].controls.sale_locked
    again.close()
