"""A device that says far more than it should is quarantined; it keeps what was refused.

Refused before it is read, so its number is not settled and not acknowledged: the device sends it
again later, and whatever fits then is taken.
"""

from collections.abc import Callable

from gongfu_broker.payloads import Reason
from gongfu_broker.topics import Leaf
from gongfu_ingest.messages import Draft, Rejected
from gongfu_ingest.rate import SIZE_BYTES, STATE_RESERVE, RateLimit

_BF, _STATE = Leaf.BF, Leaf.STATE


def rate(limit: RateLimit) -> Callable[[Draft], Rejected | None]:
    """The stage: let a message pass and pay for it, or reject it."""
    live = limit.live.full_ms
    step_ms, when_full_ms = limit.live.step_ms, live.get

    def check(draft: Draft) -> Rejected | None:
        topic = draft.address
        if topic is None:
            raise ValueError("address comes before rate")
        # A device that is well finds its bucket full. Two calls fewer, once per message.
        dev, now_ms = topic.dev, draft.received_ms
        full, short = when_full_ms(dev, 0) <= now_ms, len(draft.payload) < SIZE_BYTES
        if full and short and topic.leaf is not _BF:
            live[dev] = now_ms + step_ms
            return None
        return _look_closer(limit, draft, dev, topic.leaf)

    return check


def _look_closer(limit: RateLimit, draft: Draft, dev: str, leaf: Leaf) -> Rejected | None:
    bucket = limit.late if leaf is _BF else limit.live
    reserve = STATE_RESERVE if leaf is _STATE else 0
    fits = bucket.spend(dev, draft.received_ms, len(draft.payload), reserve=reserve)
    # What the broker kept from earlier and hands over to a new session is nobody's haste.
    if fits or draft.retained:
        return None
    return Rejected(
        Reason.RATE_LIMITED,
        f"{dev} sends more than {limit.per_s:g} messages a second for long: it keeps what is "
        "refused; find out why it does, or raise GONGFU_INGEST__DEVICE_PER_S",
    )
