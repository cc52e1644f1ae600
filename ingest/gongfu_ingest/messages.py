"""What flows through the pipeline: a draft gains fields stage by stage, or leaves it."""

from dataclasses import dataclass

from gongfu_broker.codec import Sample
from gongfu_broker.payloads import Reason, State
from gongfu_broker.ports import Device
from gongfu_broker.topics import Topic


@dataclass(frozen=True, slots=True)
class Numbered:
    """The identity of a numbered message, and the oldest number its device still holds."""

    boot: int
    seq: int
    lo: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A message on its way; a field is None until the stage that fills it."""

    topic: str
    payload: bytes
    received_ms: int
    retained: bool = False
    address: Topic | None = None
    device: Device | None = None
    number: Numbered | None = None
    samples: tuple[Sample, ...] = ()
    state: State | None = None
    faults: tuple[str, ...] = ()
    hash: bytes = b""
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message ends in the dead letters; its number, where it has one, is settled."""

    draft: Draft
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The message was committed before; its number is acknowledged again."""

    draft: Draft
