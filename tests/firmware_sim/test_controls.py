"""What commands change in a device: its door, its thermostat, whether it sells."""

from dataclasses import dataclass

import pytest

from gongfu_broker.payloads import Command
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.controls import (
    UNLOCKED_MS,
    UNTOUCHED,
    WITHOUT_END,
    Abilities,
    Controller,
    Controls,
    Setpoint,
    obey,
)
from gongfu_firmware_sim.scenario import ScenarioSpec
from gongfu_firmware_sim.truck import Truck

CABINET = Abilities(sells=True, cooled=frozenset({1}))
HOUR_MS = 3_600_000


def told(name: str, **args: object) -> Command:
    return Command(id="c1", name=name, exp=1, now=0, args=args)


@dataclass
class World:
    controls: Controls | None = None

    def follow(self, controls: Controls) -> None:
        self.controls = controls


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("dance", {}),
        ("unlock", {"door": 1}),
        ("price", {"tray": 9, "fen_per_kg": 1}),
        ("price", {"tray": 1}),
        ("setpoint", {"zone": 2, "celsius": 4.0}),
        ("setpoint", {"zone": 1, "celsius": 400.0}),
        ("voice", {"text": 7}),
        ("sale_lock", {"locked": "yes"}),
    ],
)
def test_what_cannot_be_done_is_rejected_and_changes_nothing(
    name: str, args: dict[str, object]
) -> None:
    after, result = obey(UNTOUCHED, told(name, **args), CABINET, at_ms=5)
    assert after == UNTOUCHED
    assert result.st == "rejected"
    assert result.res


def test_a_truck_has_nothing_to_unlock_or_to_sell() -> None:
    for command in (told("unlock"), told("sale_lock", locked=True)):
        assert obey(UNTOUCHED, command, Abilities(), at_ms=5)[1].st == "rejected"


def test_a_sale_lock_refuses_to_unlock_until_it_is_lifted() -> None:
    world = World()
    cabinet = Controller(world, CABINET)
    assert cabinet.obey(told("sale_lock", locked=True), 5).st == "ok"
    refused = cabinet.obey(told("unlock"), 6)
    assert (refused.st, refused.res) == ("rejected", "sale lock")
    assert Controller(World(), CABINET, cabinet.controls).obey(told("unlock"), 7).st == "rejected"
    cabinet.obey(told("sale_lock", locked=False), 8)
    assert cabinet.obey(told("unlock"), 9).st == "ok"
    assert world.controls == Controls(locks=((5, 8),), doors=((9, 9 + UNLOCKED_MS),))


def weighed(tray: tuple[float | None, ...]) -> list[float]:
    return [kg for kg in tray if kg is not None]


def test_behind_a_sale_lock_nobody_is_served_but_refills_go_on(county: ScenarioSpec) -> None:
    free, locked = (Cabinet(county.devices[0], county) for _ in range(2))
    noon_ms, night_ms = county.start_ms + 4 * HOUR_MS, county.start_ms + 14 * HOUR_MS
    locked.follow(Controls(locks=((noon_ms, WITHOUT_END),)))
    morning = (county.start_ms, noon_ms)
    assert locked.moments(*morning) == free.moments(*morning)
    afternoon = (noon_ms + HOUR_MS // 2, night_ms)
    opened = [[m.door for m in box.moments(*afternoon)].count(1) for box in (free, locked)]
    assert opened[0] > 0 == opened[1]
    trays = zip(*(m.values[2:10] for m in locked.moments(*afternoon)), strict=True)
    assert all(max(tray) - min(tray) < 0.05 for tray in map(weighed, trays))
    dawn = (county.start_ms + 20 * HOUR_MS, county.start_ms + 24 * HOUR_MS)
    assert [m.door for m in locked.moments(*dawn)].count(1) > 0


def test_prices_and_what_is_said_are_kept() -> None:
    cabinet = Controller(World(), CABINET)
    cabinet.obey(told("price", tray=3, fen_per_kg=1_280), 5)
    cabinet.obey(told("voice", text="请关好门"), 6)
    assert cabinet.controls == Controls(fen_per_kg={3: 1_280}, said="请关好门")


def test_an_unlocked_door_opens_and_closes_and_is_counted(county: ScenarioSpec) -> None:
    at_ms = county.start_ms + HOUR_MS
    cabinet, untouched = (Cabinet(county.devices[0], county) for _ in range(2))
    before = cabinet.moments(county.start_ms, at_ms)  # what was measured stays as it was
    cabinet.follow(Controls(doors=((at_ms + 1, at_ms + 1 + UNLOCKED_MS),)))
    assert cabinet.moments(county.start_ms, at_ms) == before
    doors = [m.door for m in cabinet.moments(at_ms, at_ms + 60_000) if m.door is not None]
    usual = [m.door for m in untouched.moments(at_ms, at_ms + 60_000) if m.door is not None]
    assert (usual, doors) == ([], [1, 0])


def mean_celsius(world: Cabinet | Truck, column: int, after_ms: int) -> float:
    rows = world.moments(after_ms, after_ms + 3 * HOUR_MS)
    read = [row.values[column] for row in rows if row.closes]
    known = [value for value in read if value is not None]
    return sum(known) / len(known)


def test_a_setpoint_moves_the_air_of_its_zone_and_of_no_other(county: ScenarioSpec) -> None:
    at_ms = county.start_ms
    truck, untouched = (Truck(county.devices[2], county) for _ in range(2))
    truck.follow(Controls(setpoints=(Setpoint(2, at_ms, -24.0),)))
    later_ms = at_ms + 2 * HOUR_MS
    moved = mean_celsius(truck, 1, later_ms) - mean_celsius(untouched, 1, later_ms)
    assert moved == pytest.approx(-24.0 + 19.55, abs=0.2)
    assert mean_celsius(truck, 0, later_ms) == mean_celsius(untouched, 0, later_ms)


def test_the_newest_setpoint_counts(county: ScenarioSpec) -> None:
    at_ms = county.start_ms
    cabinet, untouched = (Cabinet(county.devices[0], county) for _ in range(2))
    points = (Setpoint(1, at_ms, 7.0), Setpoint(1, at_ms + 60_000, 3.8))
    cabinet.follow(Controls(setpoints=points))
    later_ms = at_ms + 2 * HOUR_MS
    assert mean_celsius(cabinet, 0, later_ms) == pytest.approx(
        mean_celsius(untouched, 0, later_ms), abs=0.1
    )
