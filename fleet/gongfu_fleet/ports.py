"""What the fleet needs from the world; adapters and other services fit these shapes.

Times are UTC milliseconds. A metric is a column name of the bus contract (``zone_1_celsius``, …).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gongfu_broker.clock import Clock
from gongfu_broker.ports import Window
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.audit import EVERY_ENTRY, Deed, Entry, Sought, Verdict
from gongfu_fleet.domain.registry import ImportCounts, KnownKeys, RegistryRecords, Saved
from gongfu_fleet.domain.scope import EVERYTHING, Scope

__all__ = [
    "Actor",
    "AssetRegistry",
    "AuditLog",
    "Clock",
    "Connection",
    "Connections",
    "ConsumerLag",
    "DispositionView",
    "IncidentBook",
    "IncidentEvent",
    "IncidentView",
    "IncidentWords",
    "IngestStatus",
    "Readings",
    "RegistryStore",
    "Window",
]


class Readings(Protocol):
    """What devices measured."""

    def last(
        self, devs: Sequence[str] | None = None
    ) -> Mapping[str, Mapping[str, tuple[int, float]]]:
        """Newest (ts_ms, value) per device and metric; of all devices when ``devs`` is None."""
        ...

    def series(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int
    ) -> list[tuple[int, float]]:
        """Samples with start_ms <= ts_ms < end_ms, oldest first."""
        ...

    def windows(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int, every_ms: int
    ) -> list[Window]:
        """Statistics per window of ``every_ms``, oldest first; windows without samples left out."""
        ...


@dataclass(frozen=True)
class Connection:
    """Whether a device is connected and when it was last heard."""

    online: bool
    heard_ms: int | None
    boot: int | None = None
    fw: str | None = None
    clock_offset_ms: int = 0


class Connections(Protocol):
    """Liveness of devices, from births, wills and traffic."""

    def devices(self) -> Mapping[str, Connection]:
        """Every device heard of, by id."""
        ...


@dataclass(frozen=True)
class ConsumerLag:
    """A consumer of the log: its saved cursor, and how many records it has not read yet."""

    name: str
    seq: int
    lag: int


class IngestStatus(Protocol):
    """How the way of a reading is doing, for /health."""

    def counters(self) -> Mapping[str, int]:
        """Counters by name (committed, rejected, …) since the start."""
        ...

    def consumers(self) -> Sequence[ConsumerLag]:
        """Every registered consumer of the log."""
        ...

    def broker_connected(self) -> bool:
        """Whether ingest is connected to the broker now."""
        ...


class AssetRegistry(Protocol):
    """The assets with their zones and the policies in force."""

    def revision(self) -> int:
        """Grows with every change; the same number means the same assets and places."""
        ...

    def assets(self, scope: Scope = EVERYTHING) -> Mapping[str, Asset]:
        """The assets of a scope by id, in the order of ids."""
        ...

    def places_geojson(self, level: str) -> str:
        """``villages`` or ``counties`` as a GeoJSON FeatureCollection (WGS-84)."""
        ...


class RegistryStore(Protocol):
    """The registry as an import sees it."""

    def known_keys(self) -> KnownKeys:
        """The keys that lines may point to."""
        ...

    def compare(self, records: RegistryRecords) -> ImportCounts:
        """What ``save`` would change; writes nothing."""
        ...

    def save(
        self, records: RegistryRecords, deed_of: Callable[[Saved], Deed] | None = None
    ) -> ImportCounts:
        """Add what is new and change what differs, in one transaction; nothing is deleted.

        ``deed_of``: what a person did by it, appended to the audit log in the same transaction.
        """
        ...


class AuditLog(Protocol):
    """What people did; entries are only ever added.

    Stores that change something for a person take the ``Deed`` along and append it in the same
    transaction; ``note`` is for deeds without one, such as a refused sign-in.
    """

    def note(self, deed: Deed) -> None:
        """Append one deed."""
        ...

    def page(
        self, limit: int, before: int | None = None, *, sought: Sought = EVERY_ENTRY
    ) -> Sequence[Entry]:
        """Entries, newest first, older than seq ``before``."""
        ...

    def verify(self) -> Verdict:
        """Walk the whole chain."""
        ...


@dataclass(frozen=True)
class IncidentEvent:
    """One event of an incident; ``n`` counts from 1."""

    n: int
    at_ms: int
    kind: str
    by: str | None
    data: Mapping[str, Any]  # each kind of event has its own fields


@dataclass(frozen=True)
class DispositionView:
    """The newest word on a lot; the lot ``*`` is all of the zone that is not named."""

    lot: str
    decision: str
    note: str
    by: str | None
    at_ms: int


@dataclass(frozen=True)
class IncidentView:
    """An incident as people see it: the fold of its events. Celsius, seconds, UTC ms.

    ``consequence`` is ``product`` when goods were exposed. ``shelved_until_ms`` may have passed:
    then it is not shelved any more. ``work_order`` while out of service. ``parent`` is the
    incident that it follows from; ``sale_locked_ms`` since when it locks its cabinet's sale.
    """

    id: str
    asset: str
    asset_name: str
    site: str
    zone: int
    hazard: str
    condition: str
    workflow: str
    severity: str
    begin_ms: int
    raised_ms: int
    end_ms: int | None
    peak_celsius: float | None
    limit_celsius: float | None
    unknown_s: int
    late: bool
    acked_by: str | None
    acked_ms: int | None
    note: str | None
    merged_into: str | None
    consequence: str = "none"
    eta_ms: int | None = None
    assignee: str | None = None
    shelved_until_ms: int | None = None
    shelved_by: str | None = None
    shelved_reason: str | None = None
    work_order: str | None = None
    dispositions: Sequence[DispositionView] = ()
    closed_by: str | None = None
    closed_ms: int | None = None
    parent: str | None = None
    sale_locked_ms: int | None = None


@dataclass(frozen=True)
class Actor:
    """Who acts, on which part of the fleet, when: ``now_ms`` platform time, ``real_ms`` real."""

    user: str
    now_ms: int
    real_ms: int
    scope: Scope = EVERYTHING


@dataclass(frozen=True)
class IncidentWords:
    """What the rule of an incident says to people: what is wrong and what to do.

    ``breach_min``: minutes until the goods pass their limit as it looks now, p10, p50 and p90;
    None among them is not as far as can be seen. All None where nothing can be said.
    """

    zh: str | None = None
    en: str | None = None
    breach_min: tuple[int | None, ...] | None = None


class IncidentBook(Protocol):
    """The incidents, and the one thing people do to them here."""

    def open_items(
        self,
        limit: int,
        before: str | None = None,
        *,
        asset: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> Sequence[IncidentView]:
        """Open incidents, newest first, older than id ``before``, at most ``limit``."""
        ...

    def all_items(
        self,
        limit: int,
        before: str | None = None,
        *,
        asset: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> Sequence[IncidentView]:
        """All incidents, newest first, older than id ``before``, at most ``limit``."""
        ...

    def get(self, incident_id: str, *, scope: Scope = EVERYTHING) -> IncidentView:
        """One incident. Raises NotFoundError, for one outside the scope too."""
        ...

    def events(self, incident_id: str, *, scope: Scope = EVERYTHING) -> Sequence[IncidentEvent]:
        """Its events in order. Raises NotFoundError."""
        ...

    def words(self, incident_id: str, *, scope: Scope = EVERYTHING) -> IncidentWords:
        """What its rule says of it, made when asked. Raises NotFoundError."""
        ...

    def acknowledge(
        self, incident_id: str, note: str, *, by: Actor, eta_ms: int | None = None
    ) -> IncidentView:
        """Acknowledge; a second time changes nothing. Raises NotFoundError, ConflictError.

        ``eta_ms``: when help is expected, platform time.
        """
        ...

    def version(self, scope: Scope = EVERYTHING) -> int:
        """Grows with every change of an incident in the scope, and tells nothing of others."""
        ...
