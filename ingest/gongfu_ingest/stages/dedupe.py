"""Every number once; the same number with another payload is no duplicate but a fault."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import msgspec

from gongfu_broker.payloads import Reason, State
from gongfu_ingest.messages import Draft, Duplicate, Rejected, Verdict
from gongfu_ingest.numbering import Numbering

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
HashLookup = Callable[[str, int, int], bytes | None]
_NOTHING = Numbering()


class Numberings(Protocol):
    """What is settled of each (device, boot) after the message before."""

    def get(self, key: tuple[str, int], /) -> Numbering | None:
        """None: nothing yet."""
        ...


class States(Protocol):
    """The newest birth or will of each device after the message before."""

    def get(self, key: str, /) -> State | None:
        """None: nothing yet."""
        ...


@dataclass(frozen=True)
class Dedupe:
    """Sees the numberings and births as they stand after the message before.

    ``hash_of(dev, boot, seq)`` is the hash of the payload that first bore a number, or None when
    it is no longer known. It is asked only when a number comes again.
    """

    numberings: Numberings
    states: States
    hash_of: HashLookup

    def __call__(self, draft: Draft) -> Verdict | None:
        """Fill ``numbering``; tell duplicates and conflicts apart."""
        if draft.address is None:
            raise ValueError("address comes before dedupe")
        dev, number = draft.address.dev, draft.number
        if number is None:
            old = draft.state is not None and stale(draft.state, self.states.get(dev))
            return Duplicate() if old else None
        boot, seq, _ = number
        draft.numbering = numbering = self.numberings.get((dev, boot)) or _NOTHING
        if not numbering.has(seq):
            return None
        return self._again(draft.payload, dev, number)

    def _again(self, payload: bytes, dev: str, number: tuple[int, int, int]) -> Verdict:
        boot, seq, _ = number
        first = self.hash_of(dev, boot, seq)
        if first is None or first == payload_hash(payload):
            return Duplicate()
        return Rejected(
            Reason.SEQ_CONFLICT,
            f"boot {boot} seq {seq} came before with another payload: "
            "the device's boot counter repeats, replace its storage",
        )


def payload_hash(payload: bytes) -> bytes:
    """Eight bytes that tell payloads apart.

    ``lo`` is left out: it rises when a device sends the same message again after a drop.
    """
    try:
        fields = _fields.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return blake2b(payload, digest_size=8).digest()
    kept = b",".join(bytes(fields[name]) for name in sorted(fields) if name != "lo")
    return blake2b(kept, digest_size=8).digest()


def stale(new: State, known: State | None) -> bool:
    """Whether a birth or will belongs to an older connection than the known one, or repeats it.

    Within one connection the birth comes first, the will last.
    """
    if known is None:
        return False
    return (new.boot, new.conn, -new.online) <= (known.boot, known.conn, -known.online)
