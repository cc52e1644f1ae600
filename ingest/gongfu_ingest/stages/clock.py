"""Refuse stamps of a clock that cannot be right; both stamps are kept with the dead letter.

Estimating a wrong clock's offset is for a later stage of the work: ``offset_ms`` is 0 today.
"""

from gongfu_broker.payloads import Reason
from gongfu_ingest.messages import Draft, Rejected

FUTURE_MS = 5 * 60_000
# No device of ours was made before 2020; an unset clock starts in 1970 or 2000.
EARLIEST_MS = 1_577_836_800_000


def clock(draft: Draft) -> Draft | Rejected:
    """Quarantine messages from the future and from before 2020."""
    if not draft.samples:
        return draft
    newest = max(sample.ts_ms for sample in draft.samples)
    oldest = min(sample.ts_ms for sample in draft.samples)
    if newest > draft.received_ms + FUTURE_MS:
        ahead_s = (newest - draft.received_ms) / 1000
        return Rejected(
            draft, Reason.CLOCK_AHEAD, f"{ahead_s:.0f} s in the future: set the device's clock"
        )
    if oldest < EARLIEST_MS:
        return Rejected(
            draft, Reason.CLOCK_UNSET, f"{oldest} ms is before 2020: set the device's clock"
        )
    return draft
