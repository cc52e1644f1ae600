"""What a cabinet tells of its openings: the evidence by weight, and how each sale was decided.

A session is over when the door is shut, and decided ``SETTLING_MS`` later. While payments fail a
sale is told as pending, and as paid when they work again.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import NAMESPACE_OID, uuid5

from gongfu_firmware_sim.chance import Origin
from gongfu_firmware_sim.daytime import SECOND_MS
from gongfu_firmware_sim.doors import Span
from gongfu_firmware_sim.faults import Fault, FaultKind, active
from gongfu_firmware_sim.moment import Told

SETTLING_MS = 20 * SECOND_MS
_USUAL_FEN_PER_KG = 1_280
_GRAMS = 1_000


class Visit(NamedTuple):
    """Somebody at the door; ``taken`` is (tray, from 1; grams that went from it)."""

    span: Span
    customer: bool = True
    taken: tuple[tuple[int, int], ...] = ()


class Till(NamedTuple):
    """What decides of sales: prices by tray (fen per kilogram), what is wrong around the day."""

    fen_per_kg: Mapping[int, int]
    faults: tuple[Fault, ...]


def told_of(
    origin: Origin, visits: Iterable[Visit], doors: Sequence[Span], till: Till
) -> tuple[Told, ...]:
    """All events of the visits in order of time; ``doors`` are the spans of the open door."""
    events = (told for visit in visits for told in _events(origin, visit, doors, till))
    return tuple(sorted(events, key=_when))


def within(events: Sequence[Told], after_ms: int, upto_ms: int) -> tuple[Told, ...]:
    """Those in (after, upto] of events in order of time."""
    first = bisect_right(events, after_ms, key=_when)
    return tuple(events[first : bisect_right(events, upto_ms, key=_when)])


def _events(origin: Origin, visit: Visit, doors: Sequence[Span], till: Till) -> Iterator[Told]:
    begin_ms, end_ms = visit.span
    # Who leaves the door ajar has not ended the session.
    shut_ms = next((end for start, end in doors if start <= begin_ms < end), end_ms)
    session = str(uuid5(NAMESPACE_OID, f"{origin[0]}/{origin[1]}/session/{begin_ms}"))
    taken = [{"tray": tray, "kg": grams / _GRAMS} for tray, grams in visit.taken]
    by, open_s = "customer" if visit.customer else "operator", (shut_ms - begin_ms) / SECOND_MS
    yield Told(shut_ms, "session", {"session": session, "by": by, "open_s": open_s, "taken": taken})
    if not visit.taken:
        return
    price = till.fen_per_kg.get
    total = sum(grams * price(tray, _USUAL_FEN_PER_KG) for tray, grams in visit.taken)
    fen = (total + _GRAMS // 2) // _GRAMS  # half a fen is rounded up
    decided_ms = shut_ms + SETTLING_MS
    down = active(till.faults, FaultKind.PAYMENT_DOWN, decided_ms)
    if down is not None:
        yield Told(decided_ms, "purchase", {"session": session, "st": "pending", "fen": fen})
        decided_ms = down.end_ms
    yield Told(decided_ms, "purchase", {"session": session, "st": "paid", "fen": fen})


def _when(told: Told) -> int:
    return told.ts_ms
