"""InfluxDB beside the embedded store: the forwarder and the snapshot for Grafana.

Nothing here runs unless ``GONGFU_INFLUX__URL`` is set.
"""

import asyncio
from collections.abc import Callable

from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import FleetSide
from gongfu.settings import InfluxSettings, Settings, secret_text
from gongfu.telemetry import StoredConnections, StoredReadings, Telemetry
from gongfu_broker.clock import Clock
from gongfu_fleet.adapters.db.ledger_figures import SqlLedgerFigures
from gongfu_fleet.domain.alarms.quality import DAY_MS
from gongfu_fleet.services.alarm_quality import AlarmQuality
from gongfu_fleet.services.cold_policies import VersionedPolicies
from gongfu_fleet.services.device_state import snapshot
from gongfu_fleet.services.fleet_view import FleetViewer
from gongfu_fleet.services.quality_state import quality_rows
from gongfu_fleet.services.registry_in_force import RegistryInForce
from gongfu_ingest.forwarder import Forwarder
from gongfu_ingest.line_protocol import Line, render
from gongfu_ingest.stores.influx.book import ForwarderBook
from gongfu_ingest.stores.influx.rows import ResolvedRows
from gongfu_ingest.stores.influx.shipments import Shipments
from gongfu_ingest.stores.influx.sinks import open_sink
from gongfu_ingest.stores.influx.target import InfluxTarget

BOOK = "influx.db"


def influx_target(influx: InfluxSettings) -> InfluxTarget | None:
    """The server the settings name; None when they name none."""
    if not influx.url:
        return None
    token = secret_text(influx.token, influx.token_file) or ""
    return InfluxTarget(influx.url, influx.api, influx.org, influx.bucket, token)


def influx_forwarder(
    settings: Settings, *, clock: Clock, telemetry: Telemetry, fleet: FleetSide
) -> Forwarder | None:
    """The consumer that brings every row to InfluxDB; None when there is no InfluxDB."""
    target = influx_target(settings.influx)
    if target is None:
        return None
    shipments = Shipments(
        telemetry.log, ResolvedRows(telemetry.database), RegisteredDevices(fleet.registry), clock
    )
    book = ForwarderBook(settings.state / BOOK)
    return Forwarder(shipments, book, open_sink=lambda: open_sink(target))


def state_sender(
    settings: Settings, *, clock: Clock, telemetry: Telemetry, fleet: FleetSide
) -> Callable[[], None] | None:
    """Writes what Grafana's map and wall show, as of now; None when there is no InfluxDB."""
    target = influx_target(settings.influx)
    if target is None:
        return None
    viewer = FleetViewer(
        RegistryInForce(fleet.registry, VersionedPolicies(fleet.policies.store)),
        StoredReadings(telemetry.store),
        StoredConnections(telemetry.reports),
        fleet.incidents,
    )

    quality = AlarmQuality(SqlLedgerFigures(fleet.engine), fleet.registry, clock.now_ms)

    async def send() -> None:
        rows = (*snapshot(viewer, clock.now_ms()), *quality_rows(quality.report(DAY_MS)))
        lines = [render(Line(*row)) for row in rows]
        async with open_sink(target) as sink:
            await sink.write(b"\n".join(lines))

    return lambda: asyncio.run(send())
