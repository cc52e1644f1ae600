"""What a JSON reader lets pass and ingest must not: bytes that are no UTF-8, names that come twice.

Asked once, before a message is accepted; readers of the log take what was accepted then.
"""

import json

from gongfu_broker.errors import PayloadError
from gongfu_broker.payloads import Reason

# Colons of a batch without and with ``lo``: it has no texts, so each colon is a name.
_NAMES = 5
_NAMES_WITH_LO = 6


def check_batch_text(payload: bytes) -> None:
    """Raise PayloadError when a decoded batch is no UTF-8 or has a name twice.

    A batch that decoded has its five names; with five colons, or six and a ``lo``, none is twice.
    """
    colons = payload.count(b":")
    plain = colons == _NAMES or (colons == _NAMES_WITH_LO and b'"lo"' in payload)
    if not plain or not payload.isascii():
        check_text(payload)


def check_text(payload: bytes) -> None:
    """Raise PayloadError when a JSON object is no UTF-8 or has a name twice, at any depth."""
    try:
        json.loads(payload.decode(), object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise PayloadError(Reason.MALFORMED, f"{type(error).__name__}: {error}"[:500]) from None


def check_lowest(seq: int, lo: int) -> None:
    """Raise PayloadError when the oldest number still held is above the message's own."""
    if lo > seq:
        raise PayloadError(
            Reason.MALFORMED, f"lo {lo} is above seq {seq}: lo is the oldest seq still in the ring"
        )


def _each_once(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise ValueError(f"the name {name!r} comes twice")
        seen.add(name)
