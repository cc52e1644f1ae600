"""From the receipt of the raising sample to the incident in the ledger, in real seconds."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing

from gongfu.fleet_side import FleetSide
from gongfu.settings import Settings
from gongfu_broker.codec import decode_telemetry
from gongfu_broker.errors import PayloadError
from gongfu_broker.ports import Device

MOST = 10_000


def incident_delays_s(
    fleet: FleetSide, settings: Settings, devices: Mapping[str, Device]
) -> list[float]:
    """One delay per incident raised live; late ones (from a backlog) are left out."""
    path = settings.telemetry_path.resolve().as_uri()
    delays: list[float] = []
    with closing(sqlite3.connect(f"{path}?mode=ro", uri=True)) as telemetry:
        for incident in fleet.incidents.all_items(MOST):
            if incident.late:
                continue
            noted_ms = fleet.incidents.events(incident.id)[0].at_ms
            device = devices.get(incident.asset)
            if device is None:
                continue  # of a site or of the link: no row tells of it
            received = _received_ms(telemetry, device, incident.raised_ms)
            if received is not None:
                delays.append((noted_ms - received) / 1000 / settings.demo.speed)
    return delays


def _received_ms(telemetry: sqlite3.Connection, device: Device, ts_ms: int) -> int | None:
    rows = telemetry.execute(
        "SELECT received_ms, payload FROM log WHERE dev = ? AND received_ms >= ?"
        " ORDER BY received_ms LIMIT 50",
        (device.dev, ts_ms),
    )
    for received_ms, payload in rows:
        try:
            samples = decode_telemetry(device.kind, payload).samples
        except PayloadError:
            continue
        if any(sample.ts_ms == ts_ms for sample in samples):
            return int(received_ms)
    return None
