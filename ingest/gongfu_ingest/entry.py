"""A message that was accepted, before it has its place in the log."""

from typing import NamedTuple

from gongfu_broker.columns import DeviceKind
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf

KINDS = {kind.value: kind for kind in DeviceKind}
LEAVES = {leaf.value: leaf for leaf in Leaf}


class Entry(NamedTuple):
    """A record before it has its place in the log; ``kind`` and ``leaf`` as plain text."""

    received_ms: int
    offset_ms: int
    site: str
    dev: str
    kind: str
    leaf: str
    boot: int | None
    mseq: int | None
    payload: bytes


def committed(seq: int, entry: Entry) -> CommittedRecord:
    """The entry at its place in the log."""
    # The same as CommittedRecord(…) in half the time: every record passes here.
    *address, kind, leaf, boot, mseq, payload = entry
    told = (seq, *address, KINDS[kind], LEAVES[leaf], boot, mseq, payload)
    return tuple.__new__(CommittedRecord, told)
