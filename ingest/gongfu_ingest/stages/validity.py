"""A message in which every value was impossible is no measurement."""

from gongfu_broker.payloads import Reason
from gongfu_ingest.messages import Draft, Rejected


def validity(draft: Draft) -> Rejected | None:
    """Reject when nothing but faults is left; single faults travel on and are counted."""
    if not draft.faults:
        return None
    if any(value is not None for sample in draft.samples for value in sample.values):
        return None
    return Rejected(Reason.OUT_OF_RANGE, "; ".join(draft.faults)[:500])
