"""What stands in ``data`` of the kinds of event that the platform reads.

Other kinds are kept in the log as they are. Unknown fields are tolerated. A cabinet tells of each
opening once its door is shut and its trays stand still, and of each sale when it is decided.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gongfu_broker.columns import TRAYS
from gongfu_broker.payloads import Event

SessionId = Annotated[
    str, Meta(min_length=1, max_length=64, description="made by the device, one per opening")
]


class Door(msgspec.Struct, frozen=True):
    """Kind ``door``: an edge."""

    open: Literal[0, 1]


class Taken(msgspec.Struct, frozen=True):
    """What a tray lost between two plateaus of its weight; negative: it gained."""

    tray: Annotated[int, Meta(ge=1, le=TRAYS)]
    kg: Annotated[float, Meta(ge=-100, le=100)]


class SessionEnd(msgspec.Struct, frozen=True):
    """Kind ``session``: an opening and its evidence by weight; ``ts`` is when it was over.

    ``by`` customer is a sale, ``by`` operator filling or service, which nobody pays.
    """

    session: SessionId
    by: Literal["customer", "operator"]
    open_s: Annotated[float, Meta(ge=0, description="how long the door was open")]
    taken: Annotated[list[Taken], Meta(max_length=TRAYS)] = []

    @property
    def owed(self) -> bool:
        """Whether a customer took something."""
        return self.by == "customer" and any(one.kg > 0 for one in self.taken)


class Purchase(msgspec.Struct, frozen=True):
    """Kind ``purchase``: how a session was decided; ``ts`` is when.

    ``paid`` and ``dispute`` (held, and sent to review) settle it; ``pending`` does not.
    """

    session: SessionId
    st: Literal["paid", "pending", "dispute"]
    fen: Annotated[int, Meta(ge=0, le=10**9, description="hundredths of a yuan")] = 0

    @property
    def settles(self) -> bool:
        """Whether nobody has to wait for it any more."""
        return self.st != "pending"


class SaleLock(msgspec.Struct, frozen=True):
    """Kind ``sale_lock``: the cabinet stopped selling by itself."""

    locked: bool
    celsius: float | None = None


EVENT_KINDS: Mapping[str, type[msgspec.Struct]] = {
    "door": Door,
    "session": SessionEnd,
    "purchase": Purchase,
    "sale_lock": SaleLock,
}


def told_by(event: Event) -> msgspec.Struct | None:
    """What the event says; None for a kind nobody reads, and for data that do not fit it."""
    shape = EVENT_KINDS.get(event.kind)
    if shape is None:
        return None
    try:
        return msgspec.convert(event.data, shape)
    except msgspec.ValidationError:
        return None
