"""Commands to devices: what may be asked of which asset, and what becomes of it. Pure.

``requested → sent → ok | rejected | failed | expired | timeout``. A command that was never sent by
its expiry is expired: certainly not done. One that was sent and not answered is a timeout: nobody
knows; the device's own word, should it still come, replaces it. All times are platform time.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.domain.people import Permission
from gongfu_fleet.errors import InvalidError

LIFE_MS = 30_000
REPEAT_MS = 5_000
SHORTEST_REASON = 4
LONGEST_REASON = 200
LONGEST_SPEECH = 120
LONGEST_ANSWER = 500
TRAYS = 8
MOST_FEN_PER_KG = 1_000_000
COLDEST_CELSIUS, WARMEST_CELSIUS = -30.0, 25.0


class Name(StrEnum):
    """What a device can be told."""

    UNLOCK = "unlock"
    PRICE = "price"
    SETPOINT = "setpoint"
    VOICE = "voice"
    SALE_LOCK = "sale_lock"


NEEDED: Mapping[Name, Permission] = {
    Name.UNLOCK: Permission.UNLOCK,
    Name.PRICE: Permission.COMMAND,
    Name.SETPOINT: Permission.COMMAND,
    Name.VOICE: Permission.COMMAND,
    Name.SALE_LOCK: Permission.COMMAND,
}
# A truck has no lock, no trays and no customers.
FOR_CABINETS = frozenset({Name.UNLOCK, Name.PRICE, Name.SALE_LOCK})
Args = Mapping[str, Any]  # each command has its own


class State(StrEnum):
    """How far a command is."""

    REQUESTED = "requested"
    SENT = "sent"
    OK = "ok"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    TIMEOUT = "timeout"


OPEN = frozenset({State.REQUESTED, State.SENT})
# What a device can still answer: silence is no answer.
UNANSWERED = OPEN | {State.TIMEOUT}


@dataclass(frozen=True)
class Command:
    """One command; ``answer`` is what the device said beside its verdict, JSON as text."""

    id: str
    asset: str
    site: str
    name: Name
    args: Args
    reason: str
    by: str
    requested_ms: int
    exp_ms: int
    state: State = State.REQUESTED
    sent_ms: int | None = None
    ended_ms: int | None = None
    answer: str | None = None


def checked(asset: Asset, name: Name, args: Args, reason: str) -> str:
    """The reason as it is kept. Raises InvalidError for what this asset cannot be told."""
    if not asset.reports:
        raise InvalidError(f"{asset.id} is {asset.lifecycle}.", "Command assets that report.")
    if name in FOR_CABINETS and asset.kind is not AssetKind.CABINET:
        raise InvalidError(f"A {asset.kind} knows no {name}.", "Choose a cabinet.")
    _CHECKS[name](asset, args)
    kept = reason.strip()
    if len(kept) > LONGEST_REASON or (kept and not kept.isprintable()):
        raise InvalidError(
            "The reason is too long or has odd characters.",
            f"Write one line of at most {LONGEST_REASON} characters.",
        )
    if name is Name.UNLOCK and len(kept) < SHORTEST_REASON:
        raise InvalidError(
            "An unlock needs a reason.", f"Write at least {SHORTEST_REASON} characters."
        )
    return kept


def sent(command: Command, now_ms: int) -> Command:
    """It may have left the platform from now on; said before it does."""
    if command.state is not State.REQUESTED:
        return command
    return replace(command, state=State.SENT, sent_ms=now_ms)


def overdue(command: Command, now_ms: int, *, grace_ms: int) -> Command:
    """The command as the clock leaves it: ended when its time is over.

    ``grace_ms``: how long after the expiry an answer given in time may still be on its way.
    """
    if command.state is State.REQUESTED and now_ms >= command.exp_ms:
        return replace(command, state=State.EXPIRED, ended_ms=now_ms)
    if command.state is State.SENT and now_ms >= command.exp_ms + grace_ms:
        return replace(command, state=State.TIMEOUT, ended_ms=now_ms)
    return command


def answered(
    command: Command,
    verdict: Literal["ok", "rejected", "failed", "expired"],
    answer: str | None,
    now_ms: int,
) -> Command:
    """The device's word, once: the first one counts, and only for what was sent."""
    if command.state not in UNANSWERED or command.state is State.REQUESTED:
        return command
    kept = answer[:LONGEST_ANSWER] if answer else None
    return replace(command, state=State(verdict), ended_ms=now_ms, answer=kept)


def answer_text(answer: object) -> str | None:
    """What a device said, as JSON; None for nothing."""
    return None if answer is None else json.dumps(answer, ensure_ascii=False)


def _unlock(_asset: Asset, args: Args) -> None:
    _fields(args)


def _price(_asset: Asset, args: Args) -> None:
    _fields(args, "tray", "fen_per_kg")
    _whole(args["tray"], "tray", 1, TRAYS)
    _whole(args["fen_per_kg"], "fen_per_kg", 1, MOST_FEN_PER_KG)


def _setpoint(asset: Asset, args: Args) -> None:
    """Inside the limits of what the zone keeps: no command may spoil the goods."""
    _fields(args, "zone", "celsius")
    zone = next((zone for zone in asset.zones if zone.zone == args["zone"]), None)
    if zone is None or isinstance(args["zone"], bool):
        raise InvalidError(f"{asset.id} has no such zone.", "Look at the zones of the asset.")
    celsius = args["celsius"]
    if isinstance(celsius, bool) or not isinstance(celsius, int | float):
        raise InvalidError("celsius is no number.", "Write degrees Celsius.")
    low, high = zone.policy.low_celsius, zone.policy.high_celsius
    coldest = COLDEST_CELSIUS if low is None else low
    warmest = WARMEST_CELSIUS if high is None else high
    if not coldest <= celsius <= warmest:
        raise InvalidError(
            f"{celsius:g} °C lies outside the limits of zone {zone.zone}.",
            f"Choose {coldest:g} to {warmest:g} °C.",
        )


def _voice(_asset: Asset, args: Args) -> None:
    _fields(args, "text")
    text = args["text"]
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        raise InvalidError("There is nothing to say.", "Write one line of text.")
    if len(text) > LONGEST_SPEECH:
        raise InvalidError("That is too much to say.", f"At most {LONGEST_SPEECH} characters.")


def _sale_lock(_asset: Asset, args: Args) -> None:
    _fields(args, "locked")
    if not isinstance(args["locked"], bool):
        raise InvalidError("locked is neither true nor false.", "Write one of them.")


def _fields(args: Args, *names: str) -> None:
    if set(args) != set(names):
        wanted = ", ".join(names) or "no fields"
        raise InvalidError("These are not the fields of the command.", f"Write {wanted}.")


def _whole(value: object, name: str, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidError(f"{name} is out of range.", f"Write a whole number {least} to {most}.")


_CHECKS = {
    Name.UNLOCK: _unlock,
    Name.PRICE: _price,
    Name.SETPOINT: _setpoint,
    Name.VOICE: _voice,
    Name.SALE_LOCK: _sale_lock,
}
