"""The fleet as Grafana is shown it: a snapshot of states, so that no panel needs a join.

Written to InfluxDB every half minute, as three measurements (docs/grafana.md has every field):
``device_state`` one row per asset, ``alarm`` one row per zone and hazard, normal ones too, and
``incident`` one row per incident at the time it began.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.catalogue import RULES
from gongfu_fleet.domain.alarms.timeline import Condition
from gongfu_fleet.domain.notify.text import HAZARDS
from gongfu_fleet.ports import Connection, IncidentView
from gongfu_fleet.services.fleet_view import (
    MOST_OPEN,
    AssetView,
    FleetViewer,
    MapState,
    ZoneView,
)

Field = int | float | str
Subject = tuple[str, int, str]  # asset, zone, hazard

LEVELS = {MapState.OK: 0, MapState.OFFLINE: 1, MapState.UNKNOWN: 2, MapState.ALARM: 3}
CONDITIONS: Mapping[str, int] = {
    Condition.NORMAL: 0,
    Condition.PENDING: 0,
    Condition.CLEARING: 1,
    Condition.UNKNOWN: 2,
    Condition.ACTIVE: 3,
}
OF_ZONES = (Hazard.TEMPERATURE_HIGH, *(rule.hazard for rule in RULES))
RECENT = 100
WITHDRAWN = "closed"  # what a merged or retracted incident's workflow says


class StateRow(NamedTuple):
    """One point: an int field is an integer on the wire, a float a float, a str a string."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Field]
    ts_ms: int


def snapshot(viewer: FleetViewer, now_ms: int) -> list[StateRow]:
    """Every row to be written now; ``now_ms`` is platform time."""
    views = viewer.views()
    incidents = viewer.incidents
    opened = incidents.open_items(MOST_OPEN)
    known = {incident.id: incident for incident in (*incidents.all_items(RECENT), *opened)}
    return [
        *device_state(views.values(), viewer.connections.devices(), now_ms=now_ms),
        *alarm_state(views.values(), opened, now_ms=now_ms),
        *incident_marks(known.values(), now_ms=now_ms),
    ]


def device_state(
    views: Iterable[AssetView], connections: Mapping[str, Connection], *, now_ms: int
) -> Iterator[StateRow]:
    """One row per asset: liveness, level, position, and each zone against its limits."""
    for view in views:
        link = connections.get(view.id)
        fields: dict[str, Field] = {
            "name": view.name,
            "online": int(link is not None and link.online),
            "level": LEVELS[view.state],
            "lat_deg": float(view.lat),
            "lon_deg": float(view.lon),
            "open_incidents": view.open_incidents,
            "out_of_range": sum(_out_of_range(zone) for zone in view.zones),
        }
        if view.heard_ms is not None:
            fields["age_s"] = _age_s(view.heard_ms, now_ms)
        for zone in view.zones:
            fields |= _zone_fields(zone, now_ms)
        tags = {"dev": view.id, "site": view.site, "kind": str(view.kind)}
        yield StateRow("device_state", tags, fields, now_ms)


def alarm_state(
    views: Collection[AssetView], opened: Sequence[IncidentView], *, now_ms: int
) -> Iterator[StateRow]:
    """One row per zone and hazard, normal ones too, so that the newest row tells the truth."""
    by_subject: dict[Subject, list[IncidentView]] = {
        (view.id, zone.zone, hazard.value): []
        for view in views
        for zone in view.zones
        for hazard in OF_ZONES
    }
    sites = {view.id: view.site for view in views}
    for incident in opened:
        by_subject.setdefault((incident.asset, incident.zone, incident.hazard), []).append(incident)
        sites.setdefault(incident.asset, incident.site)
    for (asset, zone, hazard), found in by_subject.items():
        tags = {"dev": asset, "site": sites[asset], "zone": str(zone), "hazard": hazard}
        yield StateRow("alarm", tags, _alarm_fields(found, now_ms), now_ms)


def incident_marks(incidents: Iterable[IncidentView], *, now_ms: int) -> Iterator[StateRow]:
    """One row per incident at its begin; written again it replaces itself (``shown`` 0 hides)."""
    for incident in incidents:
        tags = {
            "dev": incident.asset,
            "site": incident.site,
            "zone": str(incident.zone),
            "hazard": incident.hazard,
        }
        fields: dict[str, Field] = {
            "id": incident.id,
            "text": _sentence(incident),
            "shown": int(incident.workflow != WITHDRAWN),
            "running": int(incident.end_ms is None),
            "end_ms": incident.end_ms if incident.end_ms is not None else now_ms,
            **_temperatures(incident),
        }
        yield StateRow("incident", tags, fields, incident.begin_ms)


def _zone_fields(zone: ZoneView, now_ms: int) -> dict[str, Field]:
    values = {
        "celsius": zone.celsius,
        "low_celsius": zone.low_celsius,
        "high_celsius": zone.high_celsius,
    }
    fields: dict[str, Field] = {
        f"zone_{zone.zone}_{name}": float(value)
        for name, value in values.items()
        if value is not None
    }
    if zone.at_ms is not None:
        fields[f"zone_{zone.zone}_age_s"] = _age_s(zone.at_ms, now_ms)
    return fields


def _out_of_range(zone: ZoneView) -> bool:
    # The last known reading counts however old it is: silence never clears.
    if zone.celsius is None:
        return False
    below = zone.low_celsius is not None and zone.celsius < zone.low_celsius
    above = zone.high_celsius is not None and zone.celsius > zone.high_celsius
    return below or above


def _alarm_fields(found: Sequence[IncidentView], now_ms: int) -> dict[str, Field]:
    if not found:
        return {"open": 0, "unacked": 0, "condition": 0}
    worst = max(found, key=lambda view: (CONDITIONS[view.condition], view.begin_ms))
    return {
        "open": len(found),
        "unacked": sum(view.workflow == "unack" for view in found),
        "condition": CONDITIONS[worst.condition],
        "id": worst.id,
        "name": worst.asset_name,
        "severity": worst.severity,
        "begin_ms": worst.begin_ms,
        "age_s": _age_s(worst.begin_ms, now_ms),
        **_temperatures(worst),
    }


def _temperatures(incident: IncidentView) -> dict[str, Field]:
    told = {"peak_celsius": incident.peak_celsius, "limit_celsius": incident.limit_celsius}
    return {name: float(celsius) for name, celsius in told.items() if celsius is not None}


def _sentence(incident: IncidentView) -> str:
    what = HAZARDS.get(incident.hazard, incident.hazard)
    told = (("峰值", incident.peak_celsius), ("限值", incident.limit_celsius))
    parts = [f"{name} {celsius:.1f} °C" for name, celsius in told if celsius is not None]
    return "，".join((f"{incident.asset_name} {incident.zone} 区{what}", *parts))


def _age_s(then_ms: int, now_ms: int) -> int:
    return max(0, now_ms - then_ms) // 1000
