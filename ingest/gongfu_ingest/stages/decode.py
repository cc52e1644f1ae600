"""Read the payload by its leaf; decoding needs the device's kind, so it follows authorisation."""

from dataclasses import replace

from gongfu_broker.codec import decode_event, decode_result, decode_state, decode_telemetry
from gongfu_broker.errors import PayloadError
from gongfu_broker.payloads import Reason
from gongfu_broker.topics import Leaf
from gongfu_ingest.messages import Draft, Numbered, Rejected


def decode(draft: Draft) -> Draft | Rejected:
    """Fill ``samples``, ``number`` or ``state``."""
    try:
        return _by_leaf(draft)
    except PayloadError as error:
        return Rejected(draft, Reason(error.reason), error.detail)


def _by_leaf(draft: Draft) -> Draft:
    if draft.address is None or draft.device is None:
        raise ValueError("address and authorise come before decode")
    leaf = draft.address.leaf
    if leaf is Leaf.STATE:
        return replace(draft, state=decode_state(draft.payload))
    if leaf is Leaf.RES:
        decode_result(draft.payload)
        return draft
    if leaf is Leaf.EVT:
        event = decode_event(draft.payload)
        return replace(draft, number=Numbered(event.boot, event.seq, event.lo))
    told = decode_telemetry(draft.device.kind, draft.payload)
    number = None
    if told.boot is not None and told.seq is not None:
        number = Numbered(told.boot, told.seq, told.lo)
    return replace(draft, samples=told.samples, faults=told.faults, number=number)
