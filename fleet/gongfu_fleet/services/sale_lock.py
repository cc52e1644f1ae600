"""The sale lock: cabinets that cannot hold their goods stop selling, until a person says otherwise.

``SaleLockKeeper`` locks by itself, once per incident. First the incident notes the id of the
command, then the command is made: a crash in between makes it later, never twice.
``SaleLockDesk`` is for people: it unlocks when there is a last word on the goods.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gongfu_broker.clock import Clock
from gongfu_broker.columns import TRAYS
from gongfu_fleet.domain.alarms.handling import Returned
from gongfu_fleet.domain.alarms.incident import Event, Incident
from gongfu_fleet.domain.alarms.modifiers import SaleLocked, SaleUnlocked
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.sale_lock import (
    SaleLockPolicy,
    filled_ms,
    lock_stands,
    must_lock,
    require_decided,
    require_unlocked,
)
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.domain.commands import LONGEST_REASON, OPEN, Command, Name, State
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import ConflictError, FleetError, NotFoundError
from gongfu_fleet.ports import Actor, AssetRegistry, Connections, IncidentView, Readings
from gongfu_fleet.services.commands import CommandBook, Order, new_nonce
from gongfu_fleet.services.incident_desk import IncidentDesk, Request
from gongfu_fleet.services.people import SYSTEM

MOST_OPEN = 10_000
_RECENT = 200
_MINUTE_MS = 60_000
_log = logging.getLogger(__name__)


class OpenIncidents(Protocol):
    """What the ledger must offer, as ``IncidentLedger``."""

    def page(
        self,
        limit: int,
        before: str | None,
        *,
        asset: str | None,
        only_open: bool,
        scope: Scope = EVERYTHING,
    ) -> Sequence[Incident]:
        """Incidents, newest id first."""
        ...

    def events(self, incident_id: str) -> Sequence[Event]:
        """Its events in order."""
        ...

    def append(self, drafts: Sequence[Draft], *, at_ms: int) -> None:
        """Append events in one transaction. Raises ConflictError."""
        ...

    def version(self) -> int:
        """Grows with every event."""
        ...


@dataclass
class SaleLockKeeper:
    """``tick`` is called again and again, by one thread of one process at a time.

    What did not arrive is told again, selling again too, as long as the incident is open.
    """

    ledger: OpenIncidents
    commands: CommandBook
    registry: AssetRegistry
    readings: Readings
    connections: Connections
    policy: SaleLockPolicy
    clock: Clock
    real_ms: Callable[[], int]
    _open: tuple[int, Sequence[Incident]] = field(default=(-1, ()), init=False)

    def tick(self) -> None:
        """Lock what must be, and see that cabinets hear of it."""
        concerned = self._concerned()
        if not concerned:
            return
        assets = self.registry.assets()
        for incident in concerned:
            asset = assets.get(incident.subject.asset)
            if asset is None or asset.kind is not AssetKind.CABINET or not asset.reports:
                continue
            try:
                self._see_to(incident, asset)
            except FleetError as fault:
                _log.info("the sale lock of %s waits: %s", asset.id, fault)

    def _concerned(self) -> list[Incident]:
        version = self.ledger.version()
        if self._open[0] != version:
            found = self.ledger.page(MOST_OPEN, None, asset=None, only_open=True)
            kept = [one for one in found if must_lock(one, self.policy) or one.handling.sale_lock]
            self._open = (version, kept)
        return list(self._open[1])

    def _see_to(self, incident: Incident, asset: Asset) -> None:
        now_ms = self.clock.now_ms()
        lock = incident.handling.sale_lock
        if lock is None:
            if self._spared(asset, now_ms):
                return
            command = new_nonce(self.real_ms())
            self.ledger.append([Draft(incident.id, SaleLocked(command))], at_ms=now_ms)
            self._tell(incident, command)
        elif lock.stands and self._missing(asset, lock.command):
            self._tell(incident, lock.command)
        elif self._unheard(asset, now_ms, locked=lock.stands):
            self._tell(incident, new_nonce(self.real_ms()), locked=lock.stands)

    def _tell(self, incident: Incident, command: str, *, locked: bool = True) -> None:
        asset, reason = incident.subject.asset, f"{incident.subject.hazard} {incident.id}"
        order = Order(asset, Name.SALE_LOCK, {"locked": locked}, reason)
        by = Actor(SYSTEM, self.clock.now_ms(), real_ms=self.real_ms())
        self.commands.request(order, by=by, command_id=command)

    def _missing(self, asset: Asset, command: str) -> bool:
        try:
            self.commands.get(asset.id, command)
        except NotFoundError:
            return True
        return False

    def _unheard(self, asset: Asset, now_ms: int, *, locked: bool) -> bool:
        """Whether the last word was this and did not arrive, and the cabinet speaks since."""
        last = newest_lock(self.commands, asset.id)
        if last is None or last.args["locked"] is not locked:
            return False
        if last.state in OPEN | {State.OK} or last.ended_ms is None:
            return False
        link = self.connections.devices().get(asset.id)
        heard_ms = link.heard_ms if link else None
        spoke = heard_ms is not None and heard_ms > last.ended_ms
        return spoke and now_ms - last.ended_ms >= self.policy.retry_ms

    def _spared(self, asset: Asset, now_ms: int) -> bool:
        since_ms = now_ms - self.policy.grace_ms
        return any(at_ms > since_ms for at_ms in self._attended_ms(asset, since_ms))

    def _attended_ms(self, asset: Asset, since_ms: int) -> Iterator[int]:
        """When it was filled or serviced lately."""
        trays = [
            self.readings.series(
                asset.id,
                f"tray_{tray}_kg",
                start_ms=since_ms - 5 * _MINUTE_MS,
                end_ms=self.clock.now_ms() + 1,
            )
            for tray in range(1, TRAYS + 1)
        ]
        filled = filled_ms(trays, self.policy.filled_kg)
        if filled is not None:
            yield filled
        for incident in self.ledger.page(_RECENT, None, asset=asset.id, only_open=False):
            for event in self.ledger.events(incident.id):
                if isinstance(event.body, Returned):
                    yield event.at_ms


@dataclass
class SaleLockDesk:
    """Unlocking: a person's step on the incident, and the command that follows from it."""

    desk: IncidentDesk
    commands: CommandBook

    def unlock(self, incident_id: str, note: str, *, by: Actor, key: str = "") -> IncidentView:
        """Sell again. Raises NotFoundError, ConflictError, InvalidError.

        All incidents that lock the cabinet are unlocked, or none. Once more sends the command
        again that did not arrive.
        """
        asset = self.desk.ledger.find(incident_id, scope=by.scope).subject.asset
        locking = [one for one in _open_of(self.desk, asset) if lock_stands(one)]
        require_decided(locking)
        last = newest_lock(self.commands, asset)
        if last and last.state in OPEN and last.args["locked"]:
            raise ConflictError(
                f"{asset} is being told to lock its sale.", "Wait half a minute for its answer."
            )
        said = SaleUnlocked(new_nonce(by.real_ms), note.strip())
        view = self.desk.take(incident_id, Request("sale_unlock", (said,), key), by=by)
        for other in locking:
            if other.id != incident_id:
                self.desk.take(other.id, Request("sale_unlock", (said,)), by=by)
        self._tell(asset, said, by)
        return view

    def _tell(self, asset: str, said: SaleUnlocked, by: Actor) -> None:
        last = newest_lock(self.commands, asset)
        under_way = last is not None and last.state in OPEN | {State.OK}
        if last is not None and under_way and not last.args["locked"]:
            return
        reason = " ".join(said.note.split())[:LONGEST_REASON]
        order = Order(asset, Name.SALE_LOCK, {"locked": False}, reason)
        self.commands.request(order, by=by, command_id=said.command)


def lock_guard(desk: IncidentDesk) -> Callable[[Order], None]:
    """What refuses a plain command to sell again while an incident locks the cabinet."""

    def guard(order: Order) -> None:
        if order.name is Name.SALE_LOCK and order.args.get("locked") is False:
            require_unlocked(_open_of(desk, order.asset))

    return guard


def newest_lock(commands: CommandBook, asset: str) -> Command | None:
    """The last command that locked or unlocked the sale of an asset."""
    recent = commands.page(asset, _RECENT)
    return next((one for one in recent if one.name is Name.SALE_LOCK), None)


def _open_of(desk: IncidentDesk, asset: str) -> Sequence[Incident]:
    return desk.ledger.page(MOST_OPEN, None, asset=asset, only_open=True)
