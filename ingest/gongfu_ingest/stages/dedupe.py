"""Every number once; the same number with another payload is no duplicate but a fault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b

import msgspec

from gongfu_broker.payloads import Reason, State
from gongfu_ingest.messages import Draft, Duplicate, Rejected
from gongfu_ingest.numbering import Numbering

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
HashLookup = Callable[[str, int, int], bytes | None]


@dataclass(frozen=True)
class Dedupe:
    """Sees the numberings and births as they stand after the message before.

    ``hash_of(dev, boot, seq)`` is the hash of the payload that first bore a number, or None when
    it is no longer known.
    """

    numberings: Mapping[tuple[str, int], Numbering]
    states: Mapping[str, State]
    hash_of: HashLookup

    def __call__(self, draft: Draft) -> Draft | Duplicate | Rejected:
        """Fill ``hash``; tell duplicates and conflicts apart."""
        if draft.address is None:
            raise ValueError("address comes before dedupe")
        hashed = replace(draft, hash=payload_hash(draft.payload))
        dev = draft.address.dev
        if draft.state is not None:
            return Duplicate(hashed) if stale(draft.state, self.states.get(dev)) else hashed
        if draft.number is None:
            return hashed
        boot, seq = draft.number.boot, draft.number.seq
        if not self.numberings.get((dev, boot), Numbering()).has(seq):
            return hashed
        first = self.hash_of(dev, boot, seq)
        if first is None or first == hashed.hash:
            return Duplicate(hashed)
        return Rejected(
            hashed,
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
    except msgspec.DecodeError:
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
