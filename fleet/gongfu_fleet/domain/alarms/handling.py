"""What people do about an incident beside acknowledging it. Pure.

Who goes, until when it is shelved, under which work order it is out of service, what becomes of
the goods. Each body below is one event of the ledger; ``handle`` gives the state after it, or
refuses it with the fault and the remedy. A step that changes nothing gives the same object.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from gongfu_fleet.domain.alarms.modifiers import (
    Released,
    SaleLock,
    SaleLocked,
    SaleUnlocked,
    Suppressed,
)
from gongfu_fleet.errors import ConflictError, InvalidError

LONGEST_SHELF_MS = 24 * 3_600_000  # ISA-18.2 wants a limit; 24 h is ours
MOST_LOTS = 100
# The lot that stands for all goods of the zone that no other disposition names.
ALL_LOTS = "*"


class Decision(StrEnum):
    """What becomes of a lot; ``inspect`` holds it until somebody has looked: not the last word."""

    RELEASE = "release"
    INSPECT = "inspect"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Assigned:
    """``to`` takes care of it; None: nobody in particular."""

    to: str | None


@dataclass(frozen=True)
class Commented:
    """Somebody has something to say."""

    text: str


@dataclass(frozen=True)
class Shelved:
    """It is put aside until platform time ``until_ms`` and comes back by itself."""

    until_ms: int
    reason: str


@dataclass(frozen=True)
class Unshelved:
    """It comes back before its time."""


@dataclass(frozen=True)
class OutOfService:
    """The equipment is being repaired under a work order."""

    work_order: str
    note: str


@dataclass(frozen=True)
class Returned:
    """The equipment is in service again."""

    note: str


@dataclass(frozen=True)
class Disposed:
    """What becomes of one lot, or of ``ALL_LOTS``; the newest word on a lot counts."""

    lot: str
    decision: Decision
    note: str


@dataclass(frozen=True)
class Closed:
    """Nothing is left to do."""

    note: str


Own = Suppressed | Released | SaleLocked | SaleUnlocked
Step = (
    Assigned | Commented | Shelved | Unshelved | OutOfService | Returned | Disposed | Closed | Own
)


@dataclass(frozen=True)
class Shelf:
    """Put aside from ``since_ms`` until ``until_ms``, platform time."""

    since_ms: int
    until_ms: int
    by: str | None
    reason: str


@dataclass(frozen=True)
class Service:
    """Out of service since ``since_ms``."""

    since_ms: int
    by: str | None
    work_order: str
    note: str


@dataclass(frozen=True)
class Disposition:
    """The newest word on a lot."""

    lot: str
    decision: Decision
    note: str
    by: str | None
    at_ms: int


@dataclass(frozen=True)
class Closing:
    """Who closed it, when, with which words."""

    by: str | None
    at_ms: int
    note: str


@dataclass(frozen=True)
class Handling:
    """All of it. ``keys`` are those of requests that were done: a repeated one changes nothing.

    ``parent`` is the incident from which this one follows and of which people are told instead.
    """

    assignee: str | None = None
    shelf: Shelf | None = None
    service: Service | None = None
    dispositions: tuple[Disposition, ...] = ()
    closing: Closing | None = None
    keys: tuple[str, ...] = ()
    parent: str | None = None
    sale_lock: SaleLock | None = None

    @property
    def goods_decided(self) -> bool:
        """Whether there is a last word on the goods: none is missing, none still inspected."""
        said = [one.decision for one in self.dispositions]
        return bool(said) and Decision.INSPECT not in said


UNTOUCHED = Handling()


@dataclass(frozen=True)
class Standing:
    """What ``handle`` must know of the incident: ``exposed``, whether goods may have suffered."""

    incident_id: str
    over: bool
    acked: bool
    exposed: bool


@dataclass(frozen=True)
class Moment:
    """When, in platform time, and by whom."""

    at_ms: int
    by: str | None


def handle(was: Handling, step: Step, standing: Standing, moment: Moment) -> Handling:
    """The handling after one step. Raises ConflictError, and InvalidError for a value."""
    if isinstance(step, Commented):
        _require_text(step.text, "A comment says nothing.", "Write what the others should know.")
        return replace(was)
    if was.closing is not None and not isinstance(step, Own):
        if isinstance(step, Closed):
            return was
        raise _refused(
            standing, "it is closed", "Add a comment, or see to the next incident of this zone."
        )
    handler: Callable[..., Handling] = _STEPS[type(step)]
    return handler(was, step, standing, moment)


def voided(was: Handling) -> Handling:
    """The handling after the exposure proved worse than those knew who released goods or closed."""
    kept = tuple(one for one in was.dispositions if one.decision is not Decision.RELEASE)
    if was.closing is None and kept == was.dispositions:
        return was
    return replace(was, dispositions=kept, closing=None)


def _assign(was: Handling, step: Assigned, _standing: Standing, _moment: Moment) -> Handling:
    if step.to is not None:
        _require_text(step.to, "The assignment names nobody.", "Name a person, or null for nobody.")
    return was if step.to == was.assignee else replace(was, assignee=step.to)


def _shelve(was: Handling, step: Shelved, standing: Standing, moment: Moment) -> Handling:
    if standing.over:
        raise _refused(
            standing, "what is over cannot be shelved", "Acknowledge it and say what becomes of it."
        )
    _require_text(step.reason, "Shelving needs a reason.", "Say why it may wait.")
    if not moment.at_ms < step.until_ms <= moment.at_ms + LONGEST_SHELF_MS:
        raise InvalidError(
            "An incident is shelved for at most 24 hours, and not into the past.",
            "Choose a time within the next 24 hours; shelve it again when that has passed.",
        )
    shelf = was.shelf
    if shelf and (shelf.until_ms, shelf.reason) == (step.until_ms, step.reason):
        return was
    return replace(was, shelf=Shelf(moment.at_ms, step.until_ms, moment.by, step.reason))


def _unshelve(was: Handling, _step: Unshelved, _standing: Standing, moment: Moment) -> Handling:
    if was.shelf is None or was.shelf.until_ms <= moment.at_ms:
        return was
    return replace(was, shelf=None)


def _take_out(was: Handling, step: OutOfService, standing: Standing, moment: Moment) -> Handling:
    _require_text(
        step.work_order, "Out of service needs a work order.", "Name the order of the repair."
    )
    if was.service is None:
        service = Service(moment.at_ms, moment.by, step.work_order, step.note)
        return replace(was, service=service)
    if was.service.work_order == step.work_order:
        return was
    raise _refused(
        standing,
        f"it is out of service under work order {was.service.work_order}",
        "Return it to service first.",
    )


def _return(was: Handling, _step: Returned, _standing: Standing, _moment: Moment) -> Handling:
    return was if was.service is None else replace(was, service=None)


def _dispose(was: Handling, step: Disposed, standing: Standing, moment: Moment) -> Handling:
    if not standing.exposed:
        raise _refused(standing, "no goods were exposed", "Close it without a disposition.")
    _require_text(step.lot, "The disposition names no lot.", f"Name one, or {ALL_LOTS} for all.")
    if step.decision is Decision.RELEASE:
        if not standing.over:
            raise _refused(
                standing,
                "goods are not released while the exposure goes on",
                "Inspect or withdraw them, or wait until the zone has recovered.",
            )
        _require_text(step.note, "A release needs its grounds.", "Say what was measured or seen.")
    said = {one.lot: one for one in was.dispositions}
    before = said.get(step.lot)
    if before and (before.decision, before.note) == (step.decision, step.note):
        return was
    said[step.lot] = Disposition(step.lot, step.decision, step.note, moment.by, moment.at_ms)
    if len(said) > MOST_LOTS:
        raise _refused(
            standing, f"it names {MOST_LOTS} lots already", f"Dispose of the rest as {ALL_LOTS}."
        )
    return replace(was, dispositions=tuple(said.values()))


def _suppress(was: Handling, step: Suppressed, *_: object) -> Handling:
    return was if was.parent == step.parent else replace(was, parent=step.parent)


def _release(was: Handling, *_: object) -> Handling:
    return was if was.parent is None else replace(was, parent=None)


def _lock_sale(was: Handling, step: SaleLocked, _standing: Standing, moment: Moment) -> Handling:
    # Once per incident: what a person has unlocked is not locked again behind their back.
    if was.sale_lock is not None:
        return was
    return replace(was, sale_lock=SaleLock(step.command, moment.at_ms))


def _unlock_sale(was: Handling, step: SaleUnlocked, standing: Standing, moment: Moment) -> Handling:
    lock = was.sale_lock
    if lock is None:
        raise _refused(standing, "it has locked no sale", "Unlock the incident that did.")
    if not lock.stands:
        return was
    _require_text(step.note, "Unlocking needs a note.", "Say what was done to the cabinet.")
    if not was.goods_decided:
        raise _refused(
            standing,
            "nobody said yet what becomes of all its goods",
            "Release or withdraw each lot first, or all of the zone.",
        )
    ended = replace(lock, unlock=step.command, until_ms=moment.at_ms, by=moment.by)
    return replace(was, sale_lock=ended)


def _close(was: Handling, step: Closed, standing: Standing, moment: Moment) -> Handling:
    for hindered, why, remedy in _hindrances(was, standing):
        if hindered:
            raise _refused(standing, why, remedy)
    return replace(was, shelf=None, closing=Closing(moment.by, moment.at_ms, step.note))


def _hindrances(was: Handling, standing: Standing) -> tuple[tuple[bool, str, str], ...]:
    waiting = [one.lot for one in was.dispositions if one.decision is Decision.INSPECT]
    return (
        (not standing.over, "it goes on", "Wait until the zone has recovered, or shelve it."),
        (not standing.acked, "nobody has acknowledged it", "Acknowledge it first."),
        (was.service is not None, "it is out of service", "Return it to service first."),
        (
            standing.exposed and not was.dispositions,
            "goods were exposed and nobody said what becomes of them",
            "Release, inspect or withdraw each lot, or all of the zone.",
        ),
        (
            bool(waiting),
            f"the inspection of {', '.join(waiting)} has no result",
            "Release or withdraw what was inspected.",
        ),
    )


def _require_text(text: str, fault: str, remedy: str) -> None:
    if not text.strip():
        raise InvalidError(fault, remedy)


def _refused(standing: Standing, why: str, remedy: str) -> ConflictError:
    return ConflictError(f"Incident {standing.incident_id} cannot take this step: {why}.", remedy)


_STEPS: dict[type, Callable[..., Handling]] = {
    Assigned: _assign,
    Shelved: _shelve,
    Unshelved: _unshelve,
    OutOfService: _take_out,
    Returned: _return,
    Disposed: _dispose,
    Closed: _close,
    Suppressed: _suppress,
    Released: _release,
    SaleLocked: _lock_sale,
    SaleUnlocked: _unlock_sale,
}
