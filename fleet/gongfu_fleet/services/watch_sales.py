"""Sales that nobody settled: a consumer of the cabinets' events, and a look at the clock.

What events tell is kept with the cursor; a tick brings the ledger to agree with it. A crash between
the two leaves the sales unjudged, so the next tick finds them again.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gongfu_broker.codec import decode_event
from gongfu_broker.errors import PayloadError
from gongfu_broker.event_kinds import Purchase, SessionEnd, told_by
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.unsettled import Sale, Watermark, episodes, waits
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Finding, Subject
from gongfu_fleet.domain.alarms.reconcile import Draft, reconcile
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.domain.policies import WholePolicy
from gongfu_fleet.errors import ConflictError, InvalidError
from gongfu_fleet.ports import Connections
from gongfu_fleet.services.command_ports import ResultLog
from gongfu_fleet.services.leaf_reader import LeafReader
from gongfu_fleet.services.self_locks import SelfLockLedger
from gongfu_fleet.services.watch_ports import Cursor

CONSUMER = "sales"
# Sales are kept for so long after their last event; older ones are judged no more.
KEPT_MS = 30 * 86_400_000
_WHOLE_ASSET = 0
_SESSION = b'"session"'
_log = logging.getLogger(__name__)


class News(NamedTuple):
    """What one event tells of a sale of ``asset``; it came at ``at_ms``, platform time."""

    asset: str
    sale: Sale
    at_ms: int


class SaleStore(Protocol):
    """Sales by cabinet and session, with the consumer's cursor."""

    def cursor(self, consumer: str) -> Cursor | None:
        """Where the consumer stands; None before its first turn."""
        ...

    def take(
        self, news: Iterable[News], consumer: str, before: Cursor | None, after: Cursor
    ) -> None:
        """Join news to what is known, and move the cursor, in one transaction.

        A sale that it changes is unjudged again. Raises ConflictError for a cursor that was moved.
        """
        ...

    def unjudged(self, late_ms: int) -> Mapping[str, Sequence[Sale]]:
        """Unjudged sales by cabinet, and what else of it was settled ``late_ms`` after its end.

        Never settled is settled late.
        """
        ...

    def judge(self, asset: str, sales: Sequence[Sale]) -> None:
        """All is said of these, as long as they are still what they were."""
        ...

    def forget(self, before_ms: int) -> None:
        """Drop what is judged and of which nothing came since then."""
        ...


@dataclass
class SaleWatch:
    """A consumer of the log. ``turn``, ``rest`` and ``tick`` are called by one thread at a time."""

    log: ResultLog
    store: SaleStore
    ledger: SelfLockLedger
    connections: Connections
    policies: Mapping[AssetKind, WholePolicy]
    new_id: Callable[[], str]

    def __post_init__(self) -> None:
        """Read on from its own cursor."""
        self._reader = LeafReader(
            self.log, Leaf.EVT, CONSUMER, self.store.cursor, _told, self._take, from_now=True
        )

    def turn(self) -> int:
        """Read on; returns how many records it went past. Raises CursorError."""
        return self._reader.turn()

    def rest(self) -> None:
        """Save how far the log was read, so others see that nothing is left to read."""
        self._reader.rest()

    def tick(self, now_ms: int) -> None:
        """Bring the ledger to agree with the sales of which not all is said."""
        heard, late_ms = self.connections.devices(), round(self.policy.unsettled_min * MINUTE_MS)
        for asset, sales in self.store.unjudged(late_ms).items():
            link = heard.get(asset)
            mark = Watermark(now_ms, (link.heard_ms if link else None) or 0)
            try:
                self._look(asset, sales, mark)
            except ConflictError as fault:
                # Somebody changed an incident meanwhile: the next tick sees it as it is.
                _log.info("the sales of %s are looked at again: %s", asset, fault)
        self.store.forget(now_ms - KEPT_MS)

    def _look(self, asset: str, sales: Sequence[Sale], mark: Watermark) -> None:
        said = [sale for sale in sales if not waits(sale, self.policy, mark)]
        found = episodes(sales, self.policy, mark)
        if not said and not found:
            return
        drafts = self._drafts(asset, [self._finding(one) for one in found], mark.now_ms)
        if drafts:
            self.ledger.append(drafts, at_ms=mark.now_ms)
        self.store.judge(asset, said)

    def _drafts(self, asset: str, findings: Sequence[Finding], now_ms: int) -> Sequence[Draft]:
        subject = Subject(asset, _WHOLE_ASSET, Hazard.UNSETTLED)
        since_ms = now_ms - KEPT_MS
        lasting = [one for one in findings if (one.episode.end_ms or now_ms) >= since_ms]
        known = self.ledger.incidents_since(subject, since_ms)
        return reconcile(subject, known, lasting, new_id=self.new_id).drafts

    @property
    def policy(self) -> CabinetPolicy:
        """What holds now for cabinets as a kind."""
        policy = self.policies[AssetKind.CABINET]
        if not isinstance(policy, CabinetPolicy):
            raise InvalidError("The policy of cabinets is another kind's.", "Report it.")
        return policy

    def _finding(self, episode: Episode) -> Finding:
        return Finding(episode, None, self.policy.kind, self.policy.version)

    def _take(self, news: Sequence[News], before: Cursor | None, after: Cursor) -> None:
        self.store.take(news, CONSUMER, before, after)


def _told(records: Sequence[CommittedRecord]) -> Sequence[News]:
    return [news for record in records if (news := _news(record)) is not None]


def _news(record: CommittedRecord) -> News | None:
    if _SESSION not in record.payload:  # most events are doors
        return None
    try:
        event = decode_event(record.payload)
    except PayloadError:
        return None
    at_ms = min(event.ts + record.offset_ms, record.received_ms)
    match told_by(event):
        case SessionEnd() as end:
            sale = Sale(end.session, at_ms, record.received_ms, end.owed)
        case Purchase(session=session, settles=True):
            sale = Sale(session, settled_ms=at_ms)
        case _:
            return None
    return News(record.dev, sale, record.received_ms)
