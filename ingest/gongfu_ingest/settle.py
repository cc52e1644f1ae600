"""What a batch becomes: log entries, rows, dead letters, numberings, links. Pure; no storage."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.payloads import Reason, State
from gongfu_ingest.device_clock import DeviceClock
from gongfu_ingest.entry import Entry
from gongfu_ingest.firsts import Firsts
from gongfu_ingest.messages import Draft, Duplicate, Verdict
from gongfu_ingest.numbering import Numbering
from gongfu_ingest.pipeline import Growing, Known, View, run, stages, stages_again
from gongfu_ingest.rate import RateLimit
from gongfu_ingest.second_hearing import Letter
from gongfu_ingest.stages.dedupe import payload_hash
from gongfu_ingest.stores.hot import Row, Shape


def _shapes(kind: DeviceKind) -> list[Shape]:
    """The names of the first none, one, two, … columns."""
    names = tuple(column.name for column in COLUMNS[1, kind])
    return [names[:width] for width in range(len(names) + 1)]


_SHAPES = {str(kind): _shapes(kind) for kind in DeviceKind}
_NOTHING = Numbering()
# A flood is one row per topic, or it would fill the disk.
_ONE_ROW = bytes(8)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or a value in an accepted one, that was refused."""

    draft: Draft
    reason: str
    detail: str

    @property
    def hash(self) -> bytes:
        """Tells dead letters of one topic apart."""
        if self.reason == Reason.RATE_LIMITED:
            return _ONE_ROW
        return payload_hash(self.draft.payload)


@dataclass
class Settlement:
    """Everything one commit writes, and whom to acknowledge afterwards: (device, boot) → site."""

    entries: list[Entry] = field(default_factory=list)
    rows: dict[Shape, list[Row]] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)
    numberings: dict[tuple[str, int], Numbering] = field(default_factory=dict)
    clocks: dict[tuple[str, int], DeviceClock] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    acks: dict[tuple[str, int], str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def settle(batch: Iterable[Draft], known: Known, limit: RateLimit | None = None) -> Settlement:
    """Run the pipeline over a batch, each message seeing what the ones before it settled.

    What passes the limit is spent there, and nowhere else does anything change.
    """
    out = Settlement()
    firsts = Firsts(out.entries, out.dead, known.hash_of)
    view = View(
        known.devices,
        Growing(known.numberings, out.numberings),
        Growing(known.clocks, out.clocks),
        Growing(known.states, out.states),
        firsts.hash_of,
        known.kept_ms,
    )
    pipeline = stages(view, limit)
    for draft in batch:
        verdict = run(pipeline, draft)
        if draft.numbering is not None and draft.numbering.islands and _would_overflow(draft):
            # Not acknowledged: the device sends it again once older gaps are filled.
            out.counts["deferred"] += 1
            continue
        if verdict is None:
            _accept(out, draft)
        else:
            _refuse(out, draft, verdict)
        _note(out, draft)
    out.counts["accepted"] = len(out.entries)
    return out


def settle_again(letters: Iterable[Letter], known: Known, out: Settlement) -> list[int]:
    """Take in the letters that can be true by now; gives their ids. Nobody is acknowledged."""
    view = View(
        known.devices,
        Growing(known.numberings, out.numberings),
        Growing(known.clocks, out.clocks),
        Growing(known.states, out.states),
        known.hash_of,
        known.kept_ms,
    )
    pipeline = stages_again(view)
    taken = []
    for letter in letters:
        if run(pipeline, letter.draft) is None:
            _accept(out, letter.draft)
            taken.append(letter.id)
    out.counts["heard_again"] += len(taken)
    return taken


def _would_overflow(draft: Draft) -> bool:
    number = draft.number
    if number is None or draft.numbering is None:
        return False
    known = draft.numbering.give_up_below(number.lo)
    return known.full and not known.has(number.seq) and number.seq != known.prefix + 1


def _refuse(out: Settlement, draft: Draft, verdict: Verdict) -> None:
    if isinstance(verdict, Duplicate):
        out.counts["duplicates"] += 1
    else:
        out.counts["rejected"] += 1
        out.dead.append(DeadLetter(draft, verdict.reason, verdict.detail))


def _accept(out: Settlement, draft: Draft) -> None:
    address, device, number = draft.address, draft.device, draft.number
    if address is None or device is None:
        raise ValueError("only what passed every stage is accepted")
    dev = address.dev
    # Plain text: SQLite binds members of an enumeration many times slower.
    kind, leaf = str(device.kind), str(address.leaf)
    boot, seq = (number.boot, number.seq) if number else (None, None)
    if draft.state is not None:
        out.states[dev] = draft.state
    received_ms, offset_ms, payload = draft.received_ms, draft.offset_ms, draft.payload
    told = (received_ms, offset_ms, address.site, dev, kind, leaf, boot, seq, payload)
    out.entries.append(tuple.__new__(Entry, told))
    if offset_ms:
        out.counts["clock_corrected"] += 1
    if draft.clock_unproven:
        out.counts["clock_unproven"] += 1
    if draft.faults:
        out.counts["blanked_values"] += len(draft.faults)
        detail = "; ".join(draft.faults)[:500]
        out.dead.append(DeadLetter(draft, Reason.OUT_OF_RANGE, f"value left out: {detail}"))
    if draft.samples:
        out.counts["samples"] += len(draft.samples)
        rows = out.rows.setdefault(_SHAPES[kind][draft.width], [])
        _project(rows, draft, dev)


def _project(rows: list[Row], draft: Draft, dev: str) -> None:
    if draft.number:
        boot, seq, _ = draft.number
    else:
        # The payload's own hash ranks rows without a number, so any order gives the same store.
        boot, seq = 0, int.from_bytes(payload_hash(draft.payload)[:6], "big")
    offset_ms, width = draft.offset_ms, draft.width
    for index, (ts_ms, told) in enumerate(draft.samples):
        values = told[:width]
        if values.count(None) < width:
            rows.append((ts_ms + offset_ms, dev, boot, seq, index, *values))


def _note(out: Settlement, draft: Draft) -> None:
    """Settle the number, note the sign of life, and whom to acknowledge."""
    address, number, state = draft.address, draft.number, draft.state
    if address is None:
        return
    dev = address.dev
    # A last will is the broker's word: it comes when the device has long been silent.
    will = state is not None and not state.online
    if draft.device is not None and not draft.retained and not will:
        out.heard[dev] = draft.received_ms
    if number is not None:
        boot, seq, lo = number
        key, before = (dev, boot), draft.numbering or _NOTHING
        out.numberings[key] = after = before.settle(seq, lo)
        out.acks[key] = address.site
        if after.lost != before.lost:
            out.counts["lost"] += after.lost - before.lost
    elif state is not None and state.online and not draft.retained:
        # A birth is answered with what is durable of its boot.
        out.acks[dev, state.boot] = address.site
