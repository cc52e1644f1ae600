"""Read the payload by its leaf; decoding needs the device's kind, so it follows authorisation."""

from gongfu_broker.codec import decode_event, decode_result, decode_state, decode_telemetry
from gongfu_broker.errors import PayloadError
from gongfu_broker.payloads import Reason
from gongfu_broker.strictness import check_batch_text, check_lowest, check_text
from gongfu_broker.topics import Leaf
from gongfu_ingest.messages import Draft, Numbered, Rejected

# As in the codec: cheaper than the constructor, once per message.
_new = tuple.__new__
_TEL, _BF, _EVT, _STATE = Leaf.TEL, Leaf.BF, Leaf.EVT, Leaf.STATE


def decode(draft: Draft) -> Rejected | None:
    """Fill ``samples``, ``event_ms``, ``number`` or ``state``."""
    if draft.address is None or draft.device is None:
        raise ValueError("address and authorise come before decode")
    leaf = draft.address.leaf
    try:
        if leaf is _TEL or leaf is _BF:
            told = decode_telemetry(draft.device.kind, draft.payload)
            boot, seq, lo, draft.samples, draft.faults, draft.width = told
            if boot is None or seq is None:
                check_text(draft.payload)
            else:
                check_batch_text(draft.payload)
                if lo > seq:
                    check_lowest(seq, lo)
                draft.number = _new(Numbered, (boot, seq, lo))
        else:
            _decode_other(draft, leaf)
    except PayloadError as error:
        return Rejected(Reason(error.reason), error.detail)
    return None


def _decode_other(draft: Draft, leaf: Leaf) -> None:
    """Rare beside telemetry, so the text is read once more without a look at the clock."""
    if leaf is _STATE:
        draft.state = decode_state(draft.payload)
    elif leaf is _EVT:
        event = decode_event(draft.payload)
        check_lowest(event.seq, event.lo)
        draft.number = Numbered(event.boot, event.seq, event.lo)
        draft.event_ms = event.ts
    else:
        decode_result(draft.payload)
    check_text(draft.payload)
