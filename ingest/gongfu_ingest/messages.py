"""What flows through the pipeline: a draft that stages fill in, or a verdict that ends its way."""

from dataclasses import dataclass
from typing import NamedTuple

from gongfu_broker.codec import Sample
from gongfu_broker.payloads import Reason, State
from gongfu_broker.ports import Device
from gongfu_broker.topics import Topic
from gongfu_ingest.numbering import Numbering


class Numbered(NamedTuple):
    """The identity of a numbered message, and the oldest number its device still holds."""

    boot: int
    seq: int
    lo: int


@dataclass(slots=True)
class Draft:
    """A message on its way, filled in place; a field is None until the stage that fills it.

    ``numbering``: what was settled of its boot before it. ``width``: how many columns its samples
    bear at most. ``event_ms``: the stamp of an event.
    ``offset_ms``: resolved time = device time + offset. ``clock_unproven``: it came late, or its
    clock is slow. Passing the stages again gives the same draft again.
    """

    topic: str
    payload: bytes
    received_ms: int
    retained: bool = False
    address: Topic | None = None
    device: Device | None = None
    number: Numbered | None = None
    numbering: Numbering | None = None
    samples: tuple[Sample, ...] = ()
    width: int = 0
    event_ms: int | None = None
    state: State | None = None
    faults: tuple[str, ...] = ()
    offset_ms: int = 0
    clock_unproven: bool = False


class Rejected(NamedTuple):
    """The message ends in the dead letters; its number, where it has one, is settled."""

    reason: Reason
    detail: str


class Duplicate(NamedTuple):
    """The message was committed before; its number is acknowledged again."""


Verdict = Rejected | Duplicate
