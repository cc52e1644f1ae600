"""What the cold-chain watch needs: history, zones, and a store for state and ledger.

Times are UTC milliseconds, temperatures celsius.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gongfu_fleet.domain.alarms.arrivals import Covered
from gongfu_fleet.domain.alarms.incident import Event, Finding, Incident, Subject
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.rulebook import Row, Rulebook
from gongfu_fleet.domain.alarms.zone import Checkpoint, ZoneState
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.scope import EVERYTHING, Scope

# Before anything that was ever measured.
BEGINNING_MS = -(2**53)


class Cursor(NamedTuple):
    """How far a consumer has read which log."""

    log_id: str
    seq: int


class ZoneKey(NamedTuple):
    """One zone of one asset."""

    asset: str
    zone: int


class WatchedZone(NamedTuple):
    """A zone and the rulebook that judges it; zone 0 is the asset as a whole."""

    zone: int
    book: Rulebook

    def judges(self, state: ZoneState) -> bool:
        """Whether the state was judged by this rulebook."""
        return state.key == self.book.key


class WatchedZones(Protocol):
    """Which zones are watched, and how."""

    def zones(self) -> Mapping[str, Sequence[WatchedZone]]:
        """Zones by asset id; the same until ``refresh``."""
        ...

    def refresh(self) -> None:
        """Read the registry again if it has changed."""
        ...


class AssetNames(Protocol):
    """How assets are called and where they belong."""

    def name_and_site(self, asset: str) -> tuple[str, str]:
        """Name and site; the id and an empty site for an asset nobody knows."""
        ...


class History(Protocol):
    """Readings as the telemetry store resolved them: one row per device and time.

    Conflicts are resolved value by value: a row without a metric never hides one that has it.
    """

    def series(
        self, dev: str, metrics: Sequence[str], start_ms: int, end_ms: int
    ) -> tuple[int, Sequence[Row]]:
        """Rows with start_ms <= ts_ms < end_ms, oldest first, and the log head they cover.

        A row has the values in the order of ``metrics``, and at least one of them. Both come from
        one snapshot: no record up to that seq is missing among the rows.
        """
        ...

    def devices(self) -> tuple[int, Collection[str]]:
        """The log head that is covered, and every device of which any reading was ever stored."""
        ...

    def kept_since_ms(self) -> int:
        """Readings older than this may have expired; 0 while none ever did."""
        ...


@dataclass(frozen=True)
class Followed:
    """A zone's state, and which records beyond the cursor it already contains."""

    state: ZoneState
    covered: Covered | None = None

    def containing(self, seq: int) -> "Followed":
        """The same, marked to contain every record up to ``seq``."""
        if self.covered and self.covered.seq >= seq:
            return self
        return Followed(self.state, Covered(seq, BEGINNING_MS))


@dataclass(frozen=True)
class ZoneUpdate:
    """What was found for one zone.

    Checkpoints at ``redo_from_ms`` or later are replaced by ``checkpoints`` (None: only added).
    ``measures`` are findings of running incidents that moved on without an event; they come
    before ``drafts``.
    """

    key: ZoneKey
    followed: Followed
    checkpoints: tuple[Checkpoint, ...] = ()
    redo_from_ms: int | None = None
    drafts: tuple[Draft, ...] = ()
    measures: Mapping[str, Finding] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """One step of the consumer; stored as a whole or not at all.

    ``moved``: zones whose state went on, whether anything else was found of them or not; it is
    newer than the one in ``zones``.
    """

    consumer: str
    before: Cursor | None
    after: Cursor
    at_ms: int
    zones: Sequence[ZoneUpdate]
    moved: Mapping[ZoneKey, Followed] = field(default_factory=dict)

    def states(self) -> dict[ZoneKey, Followed]:
        """The states to store."""
        return {**{update.key: update.followed for update in self.zones}, **self.moved}


class WatchStore(Protocol):
    """State of the watch and the incident ledger, in one database."""

    def cursor(self, consumer: str) -> Cursor | None:
        """Where the consumer stands; None before its first turn."""
        ...

    def states(self) -> Mapping[ZoneKey, Followed]:
        """The state of every zone that was ever followed."""
        ...

    def checkpoint(self, key: ZoneKey, at_ms: int) -> Checkpoint | None:
        """The newest checkpoint of the zone that is not after ``at_ms``."""
        ...

    def incidents_since(self, subject: Subject, since_ms: int) -> Sequence[Incident]:
        """Living incidents of the subject that run or ended at ``since_ms`` or later."""
        ...

    def subjects(self) -> Collection[Subject]:
        """Every subject with a living incident."""
        ...

    def running(self) -> Sequence[Incident]:
        """Living incidents whose episode is not over."""
        ...

    def save_turn(self, turn: Turn) -> None:
        """Store a turn in one transaction, and thin out the old checkpoints of its zones.

        Raises ConflictError when the cursor is no longer where the turn began: two watches run.
        """
        ...

    def append(self, drafts: Sequence[Draft], *, at_ms: int, by: str | None = None) -> None:
        """Append events in one transaction; one that changes nothing leaves no trace.

        Raises ConflictError for an event that its incident cannot take.
        """
        ...


class IncidentLedger(Protocol):
    """The incidents for reading, and the way to add to them."""

    def page(
        self,
        limit: int,
        before: str | None,
        *,
        asset: str | None,
        only_open: bool,
        scope: Scope = EVERYTHING,
    ) -> Sequence[Incident]:
        """Incidents with an id below ``before``, newest id first."""
        ...

    def find(self, incident_id: str, *, scope: Scope = EVERYTHING) -> Incident:
        """One incident. Raises NotFoundError, for one outside the scope too."""
        ...

    def events(self, incident_id: str) -> Sequence[Event]:
        """Its events in order; none when there is no such incident."""
        ...

    def zone_state(self, key: ZoneKey) -> ZoneState | None:
        """What the watch saved last of a zone; None for one that was never judged."""
        ...

    def append(
        self,
        drafts: Sequence[Draft],
        *,
        at_ms: int,
        by: str | None = None,
        deed: Deed | None = None,
    ) -> None:
        """As WatchStore.append; with a ``deed`` for the audit log when something changed."""
        ...

    def version(self, scope: Scope = EVERYTHING) -> int:
        """How many events of the scope there are; grows with every change people should see."""
        ...
