"""What commands do to a device and leave behind: locks, setpoints, prices, doors. Pure.

``obey`` gives the new state and the answer; the caller makes both durable before it answers.
"""

import logging
from dataclasses import dataclass
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from gongfu_broker.columns import TRAYS
from gongfu_broker.payloads import Command, Result
from gongfu_firmware_sim.doors import Span

_log = logging.getLogger(__name__)
UNLOCKED_MS = 30_000
LOCKED = "sale lock"
WITHOUT_END = 2**53 - 1


class Setpoint(msgspec.Struct, frozen=True):
    """A zone is cooled to this from an instant on."""

    zone: int
    at_ms: int
    celsius: float


class Controls(msgspec.Struct, frozen=True):
    """What holds until the next command: kept on disk, it outlives a reboot.

    ``locks``: from when to when nothing was sold; the last one may go on.
    """

    locks: tuple[Span, ...] = ()
    doors: tuple[Span, ...] = ()
    setpoints: tuple[Setpoint, ...] = ()
    fen_per_kg: dict[int, int] = {}
    said: str = ""

    @property
    def sale_locked(self) -> bool:
        """Whether nothing is sold until a person says otherwise."""
        return bool(self.locks) and self.locks[-1][1] == WITHOUT_END

    def sells_at(self, ts_ms: int) -> bool:
        """Whether customers are let in at the instant."""
        return not any(begin <= ts_ms < end for begin, end in self.locks)


UNTOUCHED = Controls()


@dataclass(frozen=True)
class Abilities:
    """Whether it sells behind a lock, and which zones are cooled."""

    sells: bool = False
    cooled: frozenset[int] = frozenset()


class Controllable(Protocol):
    """A world that commands change."""

    def follow(self, controls: Controls) -> None:
        """From now on the world is as the controls say; nothing of them lies in the past."""
        ...


class _Unlock(msgspec.Struct, forbid_unknown_fields=True):
    """No fields."""


class _Price(msgspec.Struct, forbid_unknown_fields=True):
    tray: Annotated[int, Meta(ge=1, le=TRAYS)]
    fen_per_kg: Annotated[int, Meta(ge=1)]


class _Setpoint(msgspec.Struct, forbid_unknown_fields=True):
    zone: int
    celsius: Annotated[float, Meta(ge=-40, le=30)]


class _Voice(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(max_length=200)]


class _SaleLock(msgspec.Struct, forbid_unknown_fields=True):
    locked: bool


_Said = _Unlock | _Price | _Setpoint | _Voice | _SaleLock
_SHAPES: dict[str, type[_Said]] = {
    "unlock": _Unlock,
    "price": _Price,
    "setpoint": _Setpoint,
    "voice": _Voice,
    "sale_lock": _SaleLock,
}
_FOR_SALE = frozenset({"unlock", "price", "sale_lock"})


class Controller:
    """One device's controls, and the world that follows them."""

    def __init__(
        self, world: Controllable, abilities: Abilities, controls: Controls = UNTOUCHED
    ) -> None:
        self.controls = controls
        self._world = world
        self._abilities = abilities
        world.follow(controls)

    def lock_sale(self, at_ms: int) -> None:
        """Stop selling of one's own accord, from an instant that is not yet measured."""
        locks = _locks(self.controls, at_ms, locked=True)
        self.controls = msgspec.structs.replace(self.controls, locks=locks)
        self._world.follow(self.controls)

    def obey(self, command: Command, at_ms: int) -> Result:
        """Carry a command out at an instant that is not yet measured."""
        self.controls, result = obey(self.controls, command, self._abilities, at_ms=at_ms)
        if result.st == "ok":
            self._world.follow(self.controls)
        return result


def obey(
    controls: Controls, command: Command, abilities: Abilities, *, at_ms: int
) -> tuple[Controls, Result]:
    """The controls after the command, and the answer to it."""
    shape = _SHAPES.get(command.name)
    if shape is None or (command.name in _FOR_SALE and not abilities.sells):
        return controls, _rejected(command, f"unknown command {command.name}")
    try:
        said = msgspec.convert(command.args, shape)
    except msgspec.ValidationError as error:
        return controls, _rejected(command, str(error))
    if isinstance(said, _Unlock) and controls.sale_locked:
        return controls, _rejected(command, LOCKED)
    if isinstance(said, _Setpoint) and said.zone not in abilities.cooled:
        return controls, _rejected(command, f"zone {said.zone} is not cooled")
    return _changed(controls, said, at_ms), Result(command.id, "ok")


def _changed(controls: Controls, said: _Said, at_ms: int) -> Controls:
    change = msgspec.structs.replace
    match said:
        case _Unlock():
            return change(controls, doors=(*controls.doors, (at_ms, at_ms + UNLOCKED_MS)))
        case _Price():
            prices = {**controls.fen_per_kg, said.tray: said.fen_per_kg}
            return change(controls, fen_per_kg=prices)
        case _Setpoint():
            point = Setpoint(said.zone, at_ms, said.celsius)
            return change(controls, setpoints=(*controls.setpoints, point))
        case _Voice():
            _log.info("a device says: %s", said.text)
            return change(controls, said=said.text)
        case _SaleLock():
            return change(controls, locks=_locks(controls, at_ms, locked=said.locked))


def _locks(controls: Controls, at_ms: int, *, locked: bool) -> tuple[Span, ...]:
    if locked == controls.sale_locked:
        return controls.locks
    if locked:
        return (*controls.locks, (at_ms, WITHOUT_END))
    return (*controls.locks[:-1], (controls.locks[-1][0], at_ms))


def _rejected(command: Command, why: str) -> Result:
    return Result(command.id, "rejected", why)
