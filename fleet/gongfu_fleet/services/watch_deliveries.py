"""Long backlogs and wrong clocks, told by what ingest notes of messages.

What runs is in the ledger, so a restart loses nothing that was told. After the platform itself did
not hear, every device has a backlog: for a while none is told.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gongfu_broker.batch_rows import batch_rows
from gongfu_broker.clock import Clock
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.domain.alarms.asset_rules.deliveries import (
    Backlog,
    Delivery,
    Policies,
    backlog_drafts,
    clock_drafts,
    lasting,
    noted,
)
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, AssetPolicy
from gongfu_fleet.domain.alarms.parents import Moment
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.ports import AssetRegistry, Connections
from gongfu_fleet.services.watch_liveness import Hearing, LivenessLedger

# So many records of the log are looked through at a time.
SCAN = 50_000
_log = logging.getLogger(__name__)


class BackfillLog(Protocol):
    """The committed log, read by leaf: backfill is little among many readings."""

    def head(self) -> int:
        """Seq of the newest record; 0 when there is none."""
        ...

    def read_leaf(self, leaf: Leaf, after: int, upto: int) -> Sequence[CommittedRecord]:
        """Records of the leaf with after < seq <= upto, oldest first."""
        ...


@dataclass
class DeliveryWatch:
    """``tick`` is called again and again, by one thread of one process at a time.

    It begins at the end of the log: what came before a restart was told, or is no news.
    """

    ledger: LivenessLedger
    registry: AssetRegistry
    log: BackfillLog
    connections: Connections
    hearing: Callable[[], Hearing]
    policies: Mapping[AssetKind, AssetPolicy]
    clock: Clock
    new_id: Callable[[], str]
    _backlogs: dict[str, Backlog] = field(default_factory=dict, init=False)
    _reached: int | None = field(default=None, init=False)
    _deaf_ms: int | None = field(default=None, init=False)
    _of_asset: tuple[int, Policies] = field(default=(-1, {}), init=False)

    def tick(self) -> None:
        """Look at what came since, and at the clock."""
        now_ms = self.clock.now_ms()
        policies = self._policies()
        if self._deaf_ms is None or not self.hearing().connected or self.hearing().behind:
            self._deaf_ms = now_ms
        backlogs = noted(self._backlogs, self._deliveries(), policies)
        self._backlogs = lasting(backlogs, policies, now_ms)
        running = {incident.subject: incident for incident in self.ledger.running()}
        moment = Moment(now_ms, self.new_id)
        unsettled = {a for a, policy in policies.items() if not self._settled(policy, now_ms)}
        drafts = [
            *backlog_drafts(
                {a: backlog for a, backlog in self._backlogs.items() if a not in unsettled},
                {s: incident for s, incident in running.items() if s.asset not in unsettled},
                policies,
                moment,
            ),
            *clock_drafts(self._wrong_clocks(), running, policies, moment),
        ]
        if not drafts:
            return
        try:
            self.ledger.append(drafts, at_ms=now_ms)
        except ConflictError as fault:
            # Somebody changed an incident meanwhile: the next tick sees it as it is.
            _log.info("what messages told of devices is looked at again: %s", fault)

    def _deliveries(self) -> list[Delivery]:
        head = self.log.head()
        if self._reached is None:
            self._reached = head
        upto = min(head, self._reached + SCAN)
        records = self.log.read_leaf(Leaf.BF, self._reached, upto)
        self._reached = upto
        return [told for record in records if (told := _delivery(record)) is not None]

    def _wrong_clocks(self) -> dict[str, int]:
        links = self.connections.devices()
        return {dev: link.clock_offset_ms for dev, link in links.items() if link.clock_offset_ms}

    def _settled(self, policy: AssetPolicy, now_ms: int) -> bool:
        deaf_ms = self._deaf_ms
        return deaf_ms is not None and now_ms - deaf_ms >= policy.backlog_settle_min * MINUTE_MS

    def _policies(self) -> Policies:
        revision = self.registry.revision()
        if self._of_asset[0] != revision:
            assets = self.registry.assets().values()
            known = {asset.id: self.policies[asset.kind] for asset in assets if asset.reports}
            self._of_asset = (revision, known)
        return self._of_asset[1]


def _delivery(record: CommittedRecord) -> Delivery | None:
    rows = batch_rows(record)
    if rows is None or not rows.s:
        return None
    oldest_ms = rows.t0 + record.offset_ms + min(int(row[0] or 0) for row in rows.s)
    return Delivery(record.dev, record.received_ms, oldest_ms)
