"""Six hours of the shipped county, as ingest and the state snapshot would write them to InfluxDB.

A cabinet warms up and is not acknowledged, a truck's freezer recovered and was, one cabinet fell
silent while too warm, one is offline, two incidents proved to be one.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from gongfu_fleet.adapters.memory import MemoryConnections, MemoryIncidents, MemoryReadings
from gongfu_fleet.domain.assets import Asset, Zone
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.ports import AssetRegistry, Connection, IncidentView
from gongfu_fleet.services.device_state import StateRow, snapshot
from gongfu_fleet.services.fleet_view import FleetViewer
from gongfu_ingest.line_protocol import Line, render

MINUTE = 60_000
HOUR = 60 * MINUTE
START_MS = 1_767_657_600_000  # Tuesday 2026-01-06 08:00 in Shanghai
END_MS = START_MS + 6 * HOUR
EVERY_MS = 5 * MINUTE
WARM, RECOVERED, SILENT, OFFLINE = "cab-0007", "veh-0012", "cab-0070", "cab-0003"
TWO_CHILLED = "veh-0001"
SILENT_FROM_MS = START_MS + 4 * HOUR


def incident(dev: str, n: int, **more: object) -> IncidentView:
    usual = IncidentView(
        id=f"0195-{n}",
        asset=dev,
        asset_name=f"名称 {dev}",
        site="quzhou",
        zone=1,
        hazard="temperature_high",
        condition="active",
        workflow="unack",
        severity="high",
        begin_ms=START_MS + 2 * HOUR,
        raised_ms=START_MS + 2 * HOUR + 30 * MINUTE,
        end_ms=None,
        peak_celsius=12.5,
        limit_celsius=8.0,
        unknown_s=0,
        late=False,
        acked_by=None,
        acked_ms=None,
        note=None,
        merged_into=None,
    )
    return replace(usual, **more)  # type: ignore[arg-type] # the test's own keywords


@dataclass(frozen=True)
class DayRegistry:
    """The shipped county, but a truck carries dairy in both zones: a low limit in a second zone."""

    shipped: AssetRegistry

    def revision(self) -> int:
        return self.shipped.revision()

    def assets(self, scope: Scope = EVERYTHING) -> Mapping[str, Asset]:
        assets = dict(self.shipped.assets(scope))
        truck, dairy = assets[TWO_CHILLED], assets["cab-0001"].zones[0].policy
        zones = tuple(replace(zone, policy=dairy) for zone in truck.zones)
        return {**assets, truck.id: replace(truck, zones=zones)}

    def places_geojson(self, level: str) -> str:
        return self.shipped.places_geojson(level)


@dataclass
class CountyDay:
    """The day as it passes: ``rows`` gives what is written, in order of time."""

    registry: AssetRegistry
    readings: MemoryReadings = field(default_factory=MemoryReadings)
    connections: MemoryConnections = field(default_factory=MemoryConnections)
    incidents: MemoryIncidents = field(default_factory=MemoryIncidents)

    def rows(self) -> Iterator[StateRow]:
        viewer = FleetViewer(self.registry, self.readings, self.connections, self.incidents)
        for now_ms in range(START_MS, END_MS + 1, EVERY_MS):
            self.readings.samples.clear()  # the newest are enough for a snapshot
            for asset in self.registry.assets().values():
                yield self._measure(asset, now_ms)
            self._raise(now_ms)
            yield from snapshot(viewer, now_ms)

    def _measure(self, asset: Asset, now_ms: int) -> StateRow:
        heard_ms = now_ms
        if asset.id == SILENT:
            heard_ms = min(now_ms, SILENT_FROM_MS)
        online = asset.id != OFFLINE and heard_ms == now_ms
        self.connections.known[asset.id] = Connection(online, heard_ms)
        values = {zone.metric: celsius(asset.id, zone, heard_ms) for zone in asset.zones}
        kind = "cabinet"
        if asset.kind == "truck":
            kind = "truck"
            hours = (heard_ms - START_MS) / HOUR
            values |= {"lat_deg": asset.lat + 0.01 * hours, "lon_deg": asset.lon, "door_open": 0}
        for metric, value in values.items():
            self.readings.add(asset.id, metric, ts_ms=heard_ms, value=value)
        return StateRow(kind, {"dev": asset.id, "site": asset.site}, values, heard_ms)

    def _raise(self, now_ms: int) -> None:
        if now_ms == START_MS + 3 * HOUR:
            begin = {"begin_ms": START_MS + HOUR, "raised_ms": START_MS + 2 * HOUR}
            self.incidents.add(incident(WARM, 1, site="hangzhou"))
            self.incidents.add(incident(RECOVERED, 2, zone=2, limit_celsius=-15.0, **begin))
            merged = {"workflow": "closed", "condition": "normal", "merged_into": "0195-1"}
            self.incidents.add(incident(WARM, 3, site="hangzhou", **begin, **merged))
        if now_ms == START_MS + 4 * HOUR:
            self.incidents.add(incident(SILENT, 4, condition="unknown", peak_celsius=9.0))
            self.incidents.add(
                incident(
                    RECOVERED,
                    2,
                    zone=2,
                    condition="normal",
                    workflow="acked",
                    limit_celsius=-15.0,
                    begin_ms=START_MS + HOUR,
                    end_ms=START_MS + 3 * HOUR,
                )
            )


def celsius(dev: str, zone: Zone, at_ms: int) -> float:
    """Inside the limits but for the stories of the module's docstring."""
    high = zone.policy.high_celsius
    assert high is not None
    swing = math.sin(at_ms / HOUR) * 0.5
    hours = (at_ms - START_MS) / HOUR
    if dev in {WARM, SILENT} and hours > 2:
        return round(high + 1.0 + hours / 2 + swing, 2)
    if dev == RECOVERED and zone.zone == 2 and 1 <= hours < 3:
        return round(high + 2.0 + swing, 2)
    return round(high - 3.0 + swing, 2)


def line(row: StateRow) -> bytes:
    """As ingest's writer sends it."""
    return render(Line(*row))
