"""The fleet as the map shows it: registry, last readings, liveness and open incidents in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Protocol

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.liveness import BY_THE_CLOCK
from gongfu_fleet.domain.assets import Asset, Zone
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.ports import (
    AssetRegistry,
    Connection,
    Connections,
    IncidentBook,
    IncidentView,
    Readings,
)
from gongfu_geo.positions import position_fault

MOST_OPEN = 10_000
MOST_SCOPES = 500
Last = Mapping[str, tuple[int, float]]


class MapState(StrEnum):
    """How an asset is coloured; the first that holds, in this order, except that ok is the rest."""

    ALARM = "alarm"
    UNKNOWN = "unknown"
    OFFLINE = "offline"
    OK = "ok"


@dataclass(frozen=True)
class ZoneView:
    """A zone with its newest temperature and its limits, celsius."""

    zone: int
    celsius: float | None
    at_ms: int | None
    low_celsius: float | None
    high_celsius: float | None


@dataclass(frozen=True)
class AssetView:
    """An asset as a marker and its card; position WGS-84, a truck's from its last fix.

    ``clock_offset_ms`` is what its stamps are corrected by, 0 while its clock is right.
    ``sale_locked``: it was told not to sell, and did as told.
    """

    id: str
    kind: str
    name: str
    site: str
    lon: float
    lat: float
    state: MapState
    heard_ms: int | None
    zones: tuple[ZoneView, ...]
    speed_kmh: float | None
    door_open: int | None
    open_incidents: int
    clock_offset_ms: int = 0
    sale_locked: bool = False


class SaleLocks(Protocol):
    """Which cabinets were told not to sell, and did as told."""

    def sale_locked(self) -> frozenset[str]:
        """Their ids."""
        ...

    def version(self) -> int:
        """Grows with every command that comes a step further."""
        ...


@dataclass
class FleetViewer:
    """Looks at the fleet; keeps the registry and the open incidents until their version changes."""

    registry: AssetRegistry
    readings: Readings
    connections: Connections
    incidents: IncidentBook
    locks: SaleLocks | None = None
    _assets: tuple[int, dict[Scope, Mapping[str, Asset]]] = field(default=(-1, {}))
    _open: tuple[int, Mapping[str, Sequence[IncidentView]]] = field(default=(-1, {}))
    _locked: tuple[int, frozenset[str]] = field(default=(-1, frozenset()))

    def assets(self, scope: Scope = EVERYTHING) -> Mapping[str, Asset]:
        """The registered assets of a scope by id."""
        revision = self.registry.revision()
        kept_revision, kept = self._assets
        if kept_revision != revision or len(kept) > MOST_SCOPES:
            kept = {}
            self._assets = (revision, kept)
        if scope not in kept:
            kept[scope] = self.registry.assets(scope)
        return kept[scope]

    def views(self, scope: Scope = EVERYTHING) -> dict[str, AssetView]:
        """Every asset of a scope that should report, by id."""
        last = self.readings.last()
        connections = self.connections.devices()
        incidents, locked = self._open_by_asset(), self._sale_locked()
        return {
            asset.id: view_asset(
                asset,
                last.get(asset.id, {}),
                connection=connections.get(asset.id),
                incidents=incidents.get(asset.id, ()),
                sale_locked=asset.id in locked,
            )
            for asset in self.assets(scope).values()
            if asset.reports
        }

    def _open_by_asset(self) -> Mapping[str, Sequence[IncidentView]]:
        version = self.incidents.version()
        if self._open[0] != version:
            found: dict[str, list[IncidentView]] = {}
            for incident in self.incidents.open_items(MOST_OPEN):
                found.setdefault(incident.asset, []).append(incident)
            self._open = (version, found)
        return self._open[1]

    def _sale_locked(self) -> frozenset[str]:
        if self.locks is None:
            return frozenset()
        version = self.locks.version()
        if self._locked[0] != version:
            self._locked = (version, self.locks.sale_locked())
        return self._locked[1]


def view_asset(
    asset: Asset,
    last: Last,
    *,
    connection: Connection | None,
    incidents: Sequence[IncidentView],
    sale_locked: bool = False,
) -> AssetView:
    """One asset from what is known of it."""
    lon, lat = _position(asset, last)
    door = _value(last, "door_open")
    return AssetView(
        id=asset.id,
        kind=asset.kind,
        name=asset.name,
        site=asset.site,
        lon=lon,
        lat=lat,
        state=map_state(
            [one.condition for one in incidents if _colours(one)],
            None if _silent(incidents) else connection,
        ),
        heard_ms=connection.heard_ms if connection else None,
        zones=tuple(_zone(zone, last) for zone in asset.zones),
        speed_kmh=_value(last, "speed_kmh"),
        door_open=None if door is None else int(door),
        open_incidents=len(incidents),
        clock_offset_ms=connection.clock_offset_ms if connection else 0,
        sale_locked=sale_locked,
    )


def _colours(incident: IncidentView) -> bool:
    """Whether it shows in the colour; what is mild is in the lists alone."""
    return incident.hazard not in BY_THE_CLOCK and incident.severity != Severity.LOW


def _silent(incidents: Sequence[IncidentView]) -> bool:
    """Whether nothing is heard of the device as a whole, whatever its last word was."""
    return any(
        one.hazard == Hazard.CHANNEL_SILENT and one.zone == 0 and one.end_ms is None
        for one in incidents
    )


def map_state(conditions: Sequence[str], connection: Connection | None) -> MapState:
    """Colour by the conditions of the open incidents and by liveness."""
    if any(condition in ("active", "clearing") for condition in conditions):
        return MapState.ALARM
    if "unknown" in conditions:
        return MapState.UNKNOWN
    return MapState.OK if connection is not None and connection.online else MapState.OFFLINE


def _zone(zone: Zone, last: Last) -> ZoneView:
    celsius = _value(last, zone.metric)
    at_ms = None if celsius is None else last[zone.metric][0]
    return ZoneView(zone.zone, celsius, at_ms, zone.policy.low_celsius, zone.policy.high_celsius)


def _position(asset: Asset, last: Last) -> tuple[float, float]:
    lon, lat = _value(last, "lon_deg"), _value(last, "lat_deg")
    if lon is None or lat is None or position_fault(lon, lat):
        return asset.lon, asset.lat
    return lon, lat


def _value(last: Last, metric: str) -> float | None:
    value = last.get(metric, (0, None))[1]
    return value if value is not None and isfinite(value) else None
