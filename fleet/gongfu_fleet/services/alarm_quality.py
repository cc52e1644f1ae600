"""Alarm quality of a scope and of each operator in it, from the ledger."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gongfu_fleet.domain.alarms.quality import Entry, Quality, Standing, quality
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.ports import AssetRegistry

KINDS = ("raised", "late_raised", "acknowledged", "shelved")


class LedgerFigures(Protocol):
    """What the figures are made of; operators are those of the assets."""

    def entries(
        self, start_ms: int, end_ms: int, *, scope: Scope = EVERYTHING
    ) -> Mapping[str, Sequence[Entry]]:
        """Events of ``KINDS`` with start_ms <= at_ms < end_ms, by operator."""
        ...

    def standing(self, now_ms: int, *, scope: Scope = EVERYTHING) -> Mapping[str, Standing]:
        """What stands now, by operator; those without an open incident are left out."""
        ...


@dataclass(frozen=True)
class QualityReport:
    """The figures of a period: all of the scope, and each operator alone."""

    start_ms: int
    end_ms: int
    overall: Quality
    operators: Mapping[str, Quality]


@dataclass
class AlarmQuality:
    """Works out the figures when asked; ``now_ms`` is platform time."""

    ledger: LedgerFigures
    registry: AssetRegistry
    now_ms: Callable[[], int]

    def report(self, length_ms: int, *, scope: Scope = EVERYTHING) -> QualityReport:
        """The figures of the last ``length_ms``."""
        end_ms = self.now_ms()
        start_ms = end_ms - length_ms
        # What is noted in this very millisecond belongs to it: the end itself is included.
        by_operator = self.ledger.entries(start_ms, end_ms + 1, scope=scope)
        standing = self.ledger.standing(end_ms, scope=scope)

        def of(entries: Sequence[Entry], stands: Standing) -> Quality:
            return quality(entries, start_ms=start_ms, end_ms=end_ms + 1, standing=stands)

        operators = {asset.operator for asset in self.registry.assets(scope).values()}
        everything = [entry for entries in by_operator.values() for entry in entries]
        return QualityReport(
            start_ms,
            end_ms,
            of(everything, _sum(standing.values())),
            {
                operator: of(by_operator.get(operator, ()), standing.get(operator, Standing()))
                for operator in sorted({*operators, *by_operator, *standing})
            },
        )


def _sum(parts: Collection[Standing]) -> Standing:
    oldest = [one.oldest_unacknowledged_ms for one in parts if one.oldest_unacknowledged_ms]
    return Standing(
        stale=sum(one.stale for one in parts),
        shelved=sum(one.shelved for one in parts),
        out_of_service=sum(one.out_of_service for one in parts),
        unacknowledged=sum(one.unacknowledged for one in parts),
        oldest_unacknowledged_ms=min(oldest, default=None),
    )
