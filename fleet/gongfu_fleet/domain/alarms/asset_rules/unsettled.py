"""Goods were taken and nobody settled the sale: by the events of a cabinet, not by its rows. Pure.

What is known of a sale is the same whatever order its events came in and however often, and so are
the episodes. Times are UTC milliseconds of the event.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.timeline import Condition, Episode

_HOUR_MS = 60 * MINUTE_MS


class Sale(NamedTuple):
    """What is known of one session; None: nothing yet.

    ``ended_ms`` is when it was over, ``heard_ms`` when that came (platform time), ``settled_ms``
    when it was settled; ``owed``: a customer took something.
    """

    session: str
    ended_ms: int | None = None
    heard_ms: int | None = None
    owed: bool = False
    settled_ms: int | None = None


class Watermark(NamedTuple):
    """Platform time now, and when the cabinet was heard last: it has told all up to then."""

    now_ms: int
    heard_ms: int


def joined(one: Sale, other: Sale) -> Sale:
    """What two tell of one session, in either order."""
    return Sale(
        one.session,
        _earlier(one.ended_ms, other.ended_ms),
        _earlier(one.heard_ms, other.heard_ms),
        one.owed or other.owed,
        _earlier(one.settled_ms, other.settled_ms),
    )


def episodes(sales: Iterable[Sale], policy: CabinetPolicy, mark: Watermark) -> tuple[Episode, ...]:
    """Stretches in which a sale waits for longer than the policy allows; overlapping are one."""
    spans = sorted(filter(None, (_span(sale, policy, mark) for sale in sales)), key=_order)
    return tuple(_united(spans, policy))


def waits(sale: Sale, policy: CabinetPolicy, mark: Watermark) -> bool:
    """Whether it is too early to say that nobody settled it."""
    if sale.settled_ms is not None or sale.ended_ms is None or not sale.owed:
        return False
    return not _proved(sale, sale.ended_ms + policy.unsettled_forget_h * _HOUR_MS, policy, mark)


_Span = tuple[int, int | None]


def _span(sale: Sale, policy: CabinetPolicy, mark: Watermark) -> _Span | None:
    """From when to when it was unsettled; None while that is too short, or not proved."""
    if sale.ended_ms is None or not sale.owed:
        return None
    late_ms = sale.ended_ms + round(policy.unsettled_min * MINUTE_MS)
    forgotten_ms = sale.ended_ms + round(policy.unsettled_forget_h * _HOUR_MS)
    if sale.settled_ms is not None:
        over = sale.settled_ms <= late_ms
        return None if over else (sale.ended_ms, min(sale.settled_ms, forgotten_ms))
    if not _proved(sale, late_ms, policy, mark):
        return None
    return sale.ended_ms, forgotten_ms if _proved(sale, forgotten_ms, policy, mark) else None


def _proved(sale: Sale, at_ms: float, policy: CabinetPolicy, mark: Watermark) -> bool:
    """Whether what happened until then must have come by now; a silent cabinet proves nothing."""
    came_ms = sale.heard_ms or 0
    told = mark.heard_ms >= at_ms
    return told and mark.now_ms - came_ms >= policy.unsettled_wait_min * MINUTE_MS


def _united(spans: Iterable[_Span], policy: CabinetPolicy) -> Iterator[Episode]:
    begin_ms: int | None = None
    end_ms: int | None = None
    for start, end in spans:
        if begin_ms is None:
            begin_ms, end_ms = start, end
        elif end_ms is None or start < end_ms:
            end_ms = None if end_ms is None or end is None else max(end_ms, end)
        else:
            yield _episode(begin_ms, end_ms, policy)
            begin_ms, end_ms = start, end
    if begin_ms is not None:
        yield _episode(begin_ms, end_ms, policy)


def _episode(begin_ms: int, end_ms: int | None, policy: CabinetPolicy) -> Episode:
    raised_ms = begin_ms + round(policy.unsettled_min * MINUTE_MS)
    condition = Condition.ACTIVE if end_ms is None else Condition.NORMAL
    return Episode(condition, begin_ms, raised_ms, end_ms, None, ())


def _order(span: _Span) -> tuple[int, float]:
    start, end = span
    return start, float("inf") if end is None else end


def _earlier(one: int | None, other: int | None) -> int | None:
    told = [ms for ms in (one, other) if ms is not None]
    return min(told, default=None)
