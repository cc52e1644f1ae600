"""Steps of people and what they add up to, as JSON and back. A stored kind keeps its meaning."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gongfu_fleet.domain.alarms.handling import (
    UNTOUCHED,
    Assigned,
    Closed,
    Closing,
    Commented,
    Decision,
    Disposed,
    Disposition,
    Handling,
    OutOfService,
    Returned,
    Service,
    Shelf,
    Shelved,
    Step,
    Unshelved,
)
from gongfu_fleet.domain.alarms.modifiers import (
    Released,
    SaleLock,
    SaleLocked,
    SaleUnlocked,
    Suppressed,
)
from gongfu_fleet.errors import InvalidError

Data = Mapping[str, Any]  # each kind has its own JSON fields

_KINDS: Mapping[str, type[Step]] = {
    "assigned": Assigned,
    "commented": Commented,
    "shelved": Shelved,
    "unshelved": Unshelved,
    "out_of_service": OutOfService,
    "returned": Returned,
    "disposed": Disposed,
    "closed": Closed,
    "suppressed": Suppressed,
    "released": Released,
    "sale_locked": SaleLocked,
    "sale_unlocked": SaleUnlocked,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_data(step: Step) -> tuple[str, Data]:
    """The kind of a step and its fields."""
    return _NAMES[type(step)], asdict(step)


def from_data(kind: str, data: Data) -> Step:
    """The step of a kind and its fields. Raises InvalidError for a kind that is not known."""
    if kind not in _KINDS:
        raise InvalidError(
            f"The ledger holds an event of unknown kind {kind!r}.",
            "It was written by a newer Gongfu: start that one.",
        )
    if kind == "disposed":
        return Disposed(data["lot"], Decision(data["decision"]), data["note"])
    return _KINDS[kind](**data)


def handling_to_data(handling: Handling) -> dict[str, Any]:  # JSON fields
    """What people did, as JSON fields; those that say nothing are left out."""
    return {name: value for name, value in asdict(handling).items() if value not in (None, ())}


def handling_of(data: Data) -> Handling:
    """What people did, from its JSON fields."""
    if not data:
        return UNTOUCHED
    return Handling(
        assignee=data.get("assignee"),
        shelf=Shelf(**data["shelf"]) if "shelf" in data else None,
        service=Service(**data["service"]) if "service" in data else None,
        dispositions=tuple(_disposition(one) for one in data.get("dispositions", ())),
        closing=Closing(**data["closing"]) if "closing" in data else None,
        keys=tuple(data.get("keys", ())),
        parent=data.get("parent"),
        sale_lock=SaleLock(**data["sale_lock"]) if "sale_lock" in data else None,
    )


def _disposition(data: Data) -> Disposition:
    return Disposition(**{**data, "decision": Decision(data["decision"])})
