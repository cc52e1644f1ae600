"""What a batch becomes: log entries, points, dead letters, numberings, links. Pure; no storage."""

from collections import ChainMap, Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gongfu_broker.columns import COLUMNS
from gongfu_broker.payloads import Reason, State
from gongfu_broker.topics import Leaf
from gongfu_ingest.log import Entry
from gongfu_ingest.messages import Draft, Duplicate, Rejected
from gongfu_ingest.numbering import Numbering
from gongfu_ingest.pipeline import Known, Outcome, run, stages
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stages.dedupe import payload_hash

Numberings = Mapping[tuple[str, int], Numbering]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or a value in an accepted one, that was refused."""

    draft: Draft
    reason: str
    detail: str

    @property
    def hash(self) -> bytes:
        """Tells dead letters of one topic apart."""
        return self.draft.hash or payload_hash(self.draft.payload)


@dataclass
class Settlement:
    """Everything one commit writes, and whom to acknowledge afterwards."""

    entries: list[Entry] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    numberings: dict[tuple[str, int], Numbering] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    acks: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def settle(batch: Iterable[Draft], known: Known) -> Settlement:
    """Run the pipeline over a batch, each message seeing what the ones before it settled."""
    out = Settlement()
    seen: dict[tuple[str, int, int], bytes] = {}

    def hash_of(dev: str, boot: int, seq: int) -> bytes | None:
        return seen.get((dev, boot, seq)) or known.hash_of(dev, boot, seq)

    view = Known(
        known.devices,
        ChainMap(out.numberings, known.numberings),
        ChainMap(out.states, known.states),
        hash_of,
    )
    pipeline = stages(view)
    for draft in batch:
        outcome = run(pipeline, draft)
        if _would_overflow(outcome, view.numberings):
            # Not acknowledged: the device sends it again once older gaps are filled.
            out.counts["deferred"] += 1
            continue
        _book(out, outcome)
        _number(out, outcome, view.numberings, seen)
    return out


def _book(out: Settlement, outcome: Outcome) -> None:
    draft = outcome if isinstance(outcome, Draft) else outcome.draft
    if draft.address is not None and draft.device is not None and not draft.retained:
        out.heard[draft.address.dev] = draft.received_ms
    if isinstance(outcome, Duplicate):
        out.counts["duplicates"] += 1
    elif isinstance(outcome, Rejected):
        out.counts["rejected"] += 1
        out.dead.append(DeadLetter(draft, outcome.reason, outcome.detail))
    else:
        _accept(out, draft)
    _greet(out, draft)


def _accept(out: Settlement, draft: Draft) -> None:
    if draft.address is None or draft.device is None:
        raise ValueError("only what passed every stage is accepted")
    dev, kind = draft.address.dev, draft.device.kind
    number = draft.number
    boot, seq = (number.boot, number.seq) if number else (None, None)
    out.counts["accepted"] += 1
    out.counts["samples"] += len(draft.samples)
    if draft.state is not None:
        out.states[dev] = draft.state
    out.entries.append(
        Entry(
            received_ms=draft.received_ms,
            offset_ms=draft.offset_ms,
            site=draft.address.site,
            dev=dev,
            kind=kind,
            leaf=draft.address.leaf,
            boot=boot,
            mseq=seq,
            hash=draft.hash,
            payload=draft.payload,
        )
    )
    if draft.faults:
        out.counts["blanked_values"] += len(draft.faults)
        detail = "; ".join(draft.faults)[:500]
        out.dead.append(DeadLetter(draft, Reason.OUT_OF_RANGE, f"value left out: {detail}"))
    out.points += _points(draft)


def _points(draft: Draft) -> Iterable[Point]:
    if draft.device is None:
        return
    names = [column.name for column in COLUMNS[1, draft.device.kind]]
    # Without a number the payload's own hash ranks rows, so that any order gives the same store.
    boot, seq = 0, int.from_bytes(draft.hash[:6], "big")
    if draft.number:
        boot, seq = draft.number.boot, draft.number.seq
    for index, sample in enumerate(draft.samples):
        values = {n: v for n, v in zip(names, sample.values, strict=True) if v is not None}
        if values:
            rank = Rank(boot, seq, index)
            yield Point(sample.ts_ms + draft.offset_ms, draft.device.dev, rank, values)


def _greet(out: Settlement, draft: Draft) -> None:
    """A birth is answered with what is durable of its boot."""
    born = draft.address and draft.address.leaf is Leaf.STATE and draft.state
    if born and draft.address and born.online and not draft.retained:
        out.acks.setdefault((draft.address.site, draft.address.dev), set()).add(born.boot)


def _would_overflow(outcome: Outcome, numberings: Numberings) -> bool:
    draft = outcome if isinstance(outcome, Draft) else outcome.draft
    if draft.address is None or draft.number is None:
        return False
    known = numberings.get((draft.address.dev, draft.number.boot), Numbering())
    known = known.give_up_below(draft.number.lo)
    return known.full and not known.has(draft.number.seq) and draft.number.seq != known.prefix + 1


def _number(
    out: Settlement,
    outcome: Outcome,
    numberings: Numberings,
    seen: dict[tuple[str, int, int], bytes],
) -> None:
    draft = outcome if isinstance(outcome, Draft) else outcome.draft
    if draft.address is None or draft.number is None:
        return
    dev, boot, seq = draft.address.dev, draft.number.boot, draft.number.seq
    known = numberings.get((dev, boot), Numbering())
    settled = known.add(seq).give_up_below(draft.number.lo)
    out.counts["lost"] += settled.lost - known.lost
    out.numberings[dev, boot] = settled
    seen.setdefault((dev, boot, seq), draft.hash)
    out.acks.setdefault((draft.address.site, dev), set()).add(boot)
