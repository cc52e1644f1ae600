"""Trying a policy on stored readings of a zone or a whole asset before it wakes anybody."""

from collections.abc import Sequence
from dataclasses import dataclass

from gongfu_fleet.domain.alarms.asset_rules.rulebook import asset_rulebook
from gongfu_fleet.domain.alarms.policy_effect import Effect, Judging, effect
from gongfu_fleet.domain.alarms.rulebook import Row, Rulebook
from gongfu_fleet.domain.alarms.zone_book import zone_book
from gongfu_fleet.domain.coldchain.policy import HOUR_MS, ColdPolicy
from gongfu_fleet.domain.policy_fields import AnyPolicy
from gongfu_fleet.ports import Readings

# Rules of whole assets learn nothing; their longest wait is two hours.
WHOLE_LEAD_H = 6.0


@dataclass(frozen=True)
class Stretch:
    """A zone's metric of a device over a stretch of event time, UTC ms; none for a whole asset."""

    asset: str
    metric: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Trial:
    """The stored rows of the stretch, the rules' first column first, and what differs."""

    rows: tuple[Row, ...]
    effect: Effect


def tried(readings: Readings, stretch: Stretch, judging: Judging) -> Trial:
    """Judge a stretch by both policies, after as much before it as a unit is learned from."""
    before, after = (_book(stretch.metric, policy) for policy in judging)
    learn_ms = round(max(_lead_h(policy) for policy in judging) * HOUR_MS)
    rows = stored_rows(readings, stretch, before.columns, learn_ms=learn_ms)
    inside = tuple(row for row in rows if row[0] >= stretch.from_ms)
    return Trial(inside, effect(rows, before, after, since_ms=stretch.from_ms))


def _book(metric: str, policy: AnyPolicy) -> Rulebook:
    if isinstance(policy, ColdPolicy):
        return zone_book(metric, policy)
    return asset_rulebook(policy)


def _lead_h(policy: AnyPolicy) -> float:
    return policy.learn_h if isinstance(policy, ColdPolicy) else WHOLE_LEAD_H


def stored_rows(
    readings: Readings, stretch: Stretch, columns: Sequence[str], *, learn_ms: int
) -> list[Row]:
    """Rows of these columns, oldest first, from ``learn_ms`` before the stretch to its end.

    A row that has no air but a door is one: so a probe without a value is seen.
    """
    span = {"start_ms": max(0, stretch.from_ms - learn_ms), "end_ms": stretch.to_ms}
    told = [dict(readings.series(stretch.asset, column, **span)) for column in columns]
    times = sorted({ts_ms for one in told for ts_ms in one})
    return [(ts_ms, tuple(one.get(ts_ms) for one in told)) for ts_ms in times]
