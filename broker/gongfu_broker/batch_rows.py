"""The rows of a committed batch, undecided: for readers that pass over most of them at a glance.

Nothing is blanked here: what matters is decoded by ``codec``, so that every reader blanks alike.
"""

import msgspec

from gongfu_broker.codec import KNOWN_VERSION
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf

SAMPLED = (Leaf.TEL, Leaf.BF)


class Rows(msgspec.Struct, frozen=True, gc=False):
    """``s`` holds [dt_ms, columns in the order of the kind], device time is t0 + dt_ms."""

    v: int
    t0: int
    s: list[list[float | None]]


_decode = msgspec.json.Decoder(Rows).decode


def batch_rows(record: CommittedRecord) -> Rows | None:
    """The rows of a ``tel`` or ``bf`` batch; None for anything else, which ``codec`` may read."""
    if record.leaf not in SAMPLED:
        return None
    try:
        rows = _decode(record.payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return rows if rows.v == KNOWN_VERSION else None
