"""The way of a message through ingest, as a list one can read.

decode the topic → authorise → rate → decode the payload → dedupe → clock → validity. What leaves
the end is committed; what leaves early is a duplicate or a dead letter. Nothing is
dropped silently.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gongfu_broker.payloads import State
from gongfu_broker.ports import Device
from gongfu_ingest.device_clock import FOREVER_MS, DeviceClock
from gongfu_ingest.messages import Draft, Verdict
from gongfu_ingest.numbering import Numbering
from gongfu_ingest.rate import RateLimit
from gongfu_ingest.stages.address import address
from gongfu_ingest.stages.authorise import Authorise
from gongfu_ingest.stages.clock import Clock
from gongfu_ingest.stages.decode import decode
from gongfu_ingest.stages.dedupe import Dedupe, HashLookup
from gongfu_ingest.stages.rate import rate
from gongfu_ingest.stages.validity import validity

K = TypeVar("K")
V = TypeVar("V")
# A stage fills the draft in place and returns None, or ends its way.
Stage = Callable[[Draft], Verdict | None]


@dataclass(frozen=True, slots=True)
class Growing(Generic[K, V]):
    """What is committed, below what this batch has settled so far. ``fresh`` is saved with it."""

    known: Mapping[K, V]
    fresh: dict[K, V] = field(default_factory=dict)

    def get(self, key: K) -> V | None:
        """The newest value, or None."""
        found = self.fresh.get(key)
        return self.known.get(key) if found is None else found

    def put(self, key: K, value: V) -> None:
        """Settle a value; what is committed stays as it is until the commit."""
        self.fresh[key] = value


@dataclass(frozen=True)
class Known:
    """What was committed before a batch; rows are kept ``kept_ms`` long."""

    devices: Mapping[str, Device]
    numberings: Mapping[tuple[str, int], Numbering]
    clocks: Mapping[tuple[str, int], DeviceClock]
    states: Mapping[str, State]
    hash_of: HashLookup
    kept_ms: int = FOREVER_MS


@dataclass(frozen=True)
class View:
    """What the stages may look at: it grows as the batch is settled."""

    devices: Mapping[str, Device]
    numberings: Growing[tuple[str, int], Numbering]
    clocks: Growing[tuple[str, int], DeviceClock]
    states: Growing[str, State]
    hash_of: HashLookup
    kept_ms: int


def stages(view: View, limit: RateLimit | None = None) -> tuple[Stage, ...]:
    """The stages in their order; without a limit, devices may say as much as they like."""
    return (
        address,
        Authorise(view.devices),
        *([rate(limit)] if limit else []),
        decode,
        Dedupe(view.numberings, view.states, view.hash_of),
        Clock(view.clocks, view.kept_ms),
        validity,
    )


def stages_again(view: View) -> tuple[Stage, ...]:
    """The stages for a message whose number is settled already."""
    clock = Clock(view.clocks, view.kept_ms)
    return (address, Authorise(view.devices), decode, clock, validity)


def run(pipeline: tuple[Stage, ...], draft: Draft) -> Verdict | None:
    """Pass a message through the stages until one of them ends its way; None: it is accepted."""
    for stage in pipeline:
        verdict = stage(draft)
        if verdict is not None:
            return verdict
    return None
