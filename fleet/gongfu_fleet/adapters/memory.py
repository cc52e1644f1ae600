"""The ports in memory: for tests, and for looking at the API without a county behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import ConflictError, NotFoundError
from gongfu_fleet.ports import (
    Actor,
    Connection,
    ConsumerLag,
    IncidentEvent,
    IncidentView,
    IncidentWords,
    Window,
)


@dataclass
class SettableClock:
    """Fits the port Clock; time passes when somebody says so."""

    now: int
    speed: float = 1.0

    def now_ms(self) -> int:
        """Platform time, UTC milliseconds."""
        return self.now


@dataclass
class MemoryReadings:
    """Fits the port Readings."""

    samples: dict[tuple[str, str], dict[int, float]] = field(default_factory=dict)

    def add(self, dev: str, metric: str, *, ts_ms: int, value: float) -> None:
        """Keep one sample."""
        self.samples.setdefault((dev, metric), {})[ts_ms] = value

    def last(
        self, devs: Sequence[str] | None = None
    ) -> Mapping[str, Mapping[str, tuple[int, float]]]:
        """Newest (ts_ms, value) per device and metric."""
        found: dict[str, dict[str, tuple[int, float]]] = {}
        for (dev, metric), values in self.samples.items():
            if devs is None or dev in devs:
                newest = max(values)
                found.setdefault(dev, {})[metric] = (newest, values[newest])
        return found

    def series(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int
    ) -> list[tuple[int, float]]:
        """Samples in the span, oldest first."""
        values = self.samples.get((dev, metric), {})
        return sorted((t, v) for t, v in values.items() if start_ms <= t < end_ms)

    def windows(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int, every_ms: int
    ) -> list[Window]:
        """Statistics per window that has samples, oldest first."""
        slots: dict[int, list[float]] = {}
        for ts_ms, value in self.series(dev, metric, start_ms=start_ms, end_ms=end_ms):
            slots.setdefault(ts_ms // every_ms * every_ms, []).append(value)
        return [
            Window(t0_ms, len(vs), min(vs), max(vs), sum(vs) / len(vs))
            for t0_ms, vs in slots.items()
        ]


@dataclass
class MemoryConnections:
    """Fits the port Connections."""

    known: dict[str, Connection] = field(default_factory=dict)

    def devices(self) -> Mapping[str, Connection]:
        """Every device heard of, by id."""
        return self.known


@dataclass
class MemoryIngestStatus:
    """Fits the port IngestStatus."""

    counts: dict[str, int] = field(default_factory=dict)
    lags: list[ConsumerLag] = field(default_factory=list)
    connected: bool = True

    def counters(self) -> Mapping[str, int]:
        """Counters by name."""
        return self.counts

    def consumers(self) -> Sequence[ConsumerLag]:
        """Every consumer."""
        return self.lags

    def broker_connected(self) -> bool:
        """Whether ingest is connected."""
        return self.connected


@dataclass
class MemoryIncidents:
    """Fits the port IncidentBook; an incident merged into another cannot be acknowledged.

    ``known`` are the assets by which scopes are judged.
    """

    known: Mapping[str, Asset] = field(default_factory=dict)
    held: dict[str, IncidentView] = field(default_factory=dict)
    happened: dict[str, list[IncidentEvent]] = field(default_factory=dict)
    said: dict[str, IncidentWords] = field(default_factory=dict)
    _version: int = 0

    def add(self, view: IncidentView) -> None:
        """Add or replace an incident."""
        self.held[view.id] = view
        self._note(view.id, at_ms=view.raised_ms, kind="raised", by=None)

    def open_items(
        self,
        limit: int,
        before: str | None = None,
        *,
        asset: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> Sequence[IncidentView]:
        """Open incidents, newest first."""
        every = self.all_items(len(self.held), before, asset=asset, scope=scope)
        return [v for v in every if v.merged_into is None and not _over(v)][:limit]

    def all_items(
        self,
        limit: int,
        before: str | None = None,
        *,
        asset: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> Sequence[IncidentView]:
        """All incidents, newest first."""
        newest_first = sorted(self.held.values(), key=lambda v: v.id, reverse=True)
        found = [v for v in newest_first if asset in (None, v.asset) and self._sees(scope, v)]
        return [v for v in found if before is None or v.id < before][:limit]

    def get(self, incident_id: str, *, scope: Scope = EVERYTHING) -> IncidentView:
        """One incident. Raises NotFoundError."""
        if incident_id not in self.held or not self._sees(scope, self.held[incident_id]):
            raise NotFoundError("There is no such incident.", "Look at the list of incidents.")
        return self.held[incident_id]

    def events(self, incident_id: str, *, scope: Scope = EVERYTHING) -> Sequence[IncidentEvent]:
        """Its events. Raises NotFoundError."""
        self.get(incident_id, scope=scope)
        return self.happened[incident_id]

    def words(self, incident_id: str, *, scope: Scope = EVERYTHING) -> IncidentWords:
        """What was put into ``said``. Raises NotFoundError."""
        self.get(incident_id, scope=scope)
        return self.said.get(incident_id, IncidentWords())

    def acknowledge(
        self, incident_id: str, note: str, *, by: Actor, eta_ms: int | None = None
    ) -> IncidentView:
        """Acknowledge once. Raises NotFoundError, ConflictError."""
        view = self.get(incident_id, scope=by.scope)
        if view.merged_into is not None:
            raise ConflictError("The incident was merged.", f"Acknowledge {view.merged_into}.")
        if view.workflow == "unack":
            view = replace(view, workflow="acked", acked_by=by.user, acked_ms=by.now_ms, note=note)
            view = replace(view, eta_ms=eta_ms)
            self.held[incident_id] = view
            self._note(incident_id, at_ms=by.now_ms, kind="acknowledged", by=by.user)
        return view

    def version(self, scope: Scope = EVERYTHING) -> int:
        """Grows with every change in the scope."""
        if scope.everything:
            return self._version
        return sum(
            len(self.happened[view.id]) for view in self.held.values() if self._sees(scope, view)
        )

    def _sees(self, scope: Scope, view: IncidentView) -> bool:
        asset = self.known.get(view.asset)
        return scope.everything or (asset is not None and scope.covers(asset))

    def _note(self, incident_id: str, *, at_ms: int, kind: str, by: str | None) -> None:
        events = self.happened.setdefault(incident_id, [])
        events.append(IncidentEvent(len(events) + 1, at_ms, kind, by, {}))
        self._version += 1


def _over(view: IncidentView) -> bool:
    return view.condition == "normal" and view.workflow != "unack"
