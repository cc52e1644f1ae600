"""The way of a message through ingest, as a list one can read.

decode the topic → authorise → decode the payload → dedupe → clock → validity. What leaves the end
is committed; what leaves early is a duplicate or a dead letter. Nothing is dropped silently.
"""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass

from gongfu_broker.payloads import State
from gongfu_broker.ports import Device
from gongfu_ingest.messages import Draft, Duplicate, Rejected
from gongfu_ingest.numbering import Numbering
from gongfu_ingest.stages.address import address
from gongfu_ingest.stages.authorise import Authorise
from gongfu_ingest.stages.clock import clock
from gongfu_ingest.stages.decode import decode
from gongfu_ingest.stages.dedupe import Dedupe, HashLookup
from gongfu_ingest.stages.validity import validity

Outcome = Draft | Rejected | Duplicate
Stage = Callable[[Draft], Outcome]


@dataclass(frozen=True)
class Known:
    """What the stages may look at: views that grow as the batch is settled."""

    devices: Mapping[str, Device]
    numberings: MutableMapping[tuple[str, int], Numbering]
    states: MutableMapping[str, State]
    hash_of: HashLookup


def stages(known: Known) -> tuple[Stage, ...]:
    """The stages in their order."""
    return (
        address,
        Authorise(known.devices),
        decode,
        Dedupe(known.numberings, known.states, known.hash_of),
        clock,
        validity,
    )


def run(pipeline: tuple[Stage, ...], draft: Draft) -> Outcome:
    """Pass a message through the stages until one of them ends its way."""
    for stage in pipeline:
        outcome = stage(draft)
        if not isinstance(outcome, Draft):
            return outcome
        draft = outcome
    return draft
