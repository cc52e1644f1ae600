"""``gongfu replay``: a recorded series as one device, and the incidents it gave."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gongfu.cli.output import emit, fail, say
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.replay.player import NotAcknowledgedError, Tape, play
from gongfu.replay.series import Mapping, Row, Series, SeriesError, read_series
from gongfu.secrets_file import load_secrets
from gongfu.settings import Settings
from gongfu.telemetry import open_telemetry
from gongfu.wiring import REPLAY, connector
from gongfu_broker.clock import read_clock, real_ms
from gongfu_broker.columns import positions
from gongfu_broker.errors import BrokerError
from gongfu_broker.ports import Device, Session
from gongfu_fleet.ports import IncidentView
from gongfu_fleet.services.watch_cold_chain import CONSUMER

CAUGHT_UP_S = 120.0
SHOWN_FAULTS = 10
MOST_INCIDENTS = 1_000


@dataclass(frozen=True)
class Request:
    """What to play, as whom, how."""

    file: Path
    device: str
    metric: str
    mapping: Mapping
    speed: str
    keep_times: bool


async def replay_file(settings: Settings, request: Request, *, as_json: bool) -> None:
    """Play and report; fails with a sentence when something is not as it should be."""
    series = _read(request)
    fleet = open_fleet(settings)
    try:
        tape = _tape(fleet, request)
        shift_ms = 0 if request.keep_times else _shift(settings, series)
        rows = [Row(row.ts_ms + shift_ms, row.celsius) for row in series.rows]
        sent = await _play(settings, tape, rows, quiet=as_json)
        await _until_watched(settings, fleet)
        found = _incidents(fleet, tape, rows)
        _report(series, found, shift_ms=shift_ms, sent=sent, as_json=as_json)
    finally:
        fleet.close()


def _read(request: Request) -> Series:
    try:
        with request.file.open(encoding="utf-8-sig", newline="") as lines:
            return read_series(lines, request.mapping)
    except (SeriesError, UnicodeDecodeError) as error:
        fail(f"{request.file}: {error}")


def _tape(fleet: FleetSide, request: Request) -> Tape:
    device: Device | None = RegisteredDevices(fleet.registry).devices().get(request.device)
    if device is None:
        fail(f"{request.device} is not registered: import it first, see 'gongfu import --help'")
    if request.metric not in positions(1, device.kind):
        known = ", ".join(positions(1, device.kind))
        fail(f"a {device.kind} has no {request.metric}; it has {known}")
    try:
        speed = None if request.speed == "max" else float(request.speed)
    except ValueError:
        speed = -1.0
    if speed is not None and speed <= 0:
        fail(f"--speed is {request.speed!r}: max, or a positive number")
    return Tape(device, request.metric, boot=real_ms(), speed=speed)


def _shift(settings: Settings, series: Series) -> int:
    return read_clock(settings.clock_path).now_ms() - series.rows[-1].ts_ms


async def _play(settings: Settings, tape: Tape, rows: list[Row], *, quiet: bool) -> int:
    keys = load_secrets(settings.state)
    session = Session(f"{REPLAY}-{secrets.token_hex(8)}", REPLAY, keys.replay)

    def progress(durable: int, total: int) -> None:
        if not quiet:
            say(f"  {durable}/{total} messages durable")

    try:
        async with connector(settings).connect(session) as bus:
            return await play(bus, tape, rows, progress)
    except* (NotAcknowledgedError, BrokerError) as group:
        fail(str(group.exceptions[0]))


async def _until_watched(settings: Settings, fleet: FleetSide) -> None:
    """Wait until the cold-chain watch has read what was just committed."""
    telemetry = open_telemetry(settings.telemetry_path, read_only=True)
    try:
        head = telemetry.log.head()
        async with asyncio.timeout(CAUGHT_UP_S):
            while True:
                cursor = fleet.ledger.cursor(CONSUMER)
                if cursor and cursor.seq >= head:
                    return
                await asyncio.sleep(0.2)
    except TimeoutError:
        say("the cold-chain watch has not caught up yet; see the page for later incidents")
    finally:
        telemetry.close()


def _incidents(fleet: FleetSide, tape: Tape, rows: list[Row]) -> list[IncidentView]:
    start, end, dev = rows[0].ts_ms, rows[-1].ts_ms, tape.device.dev
    everything = fleet.incidents.all_items(MOST_INCIDENTS, asset=dev)
    # What the played column is judged for; the device itself may be silent or late meanwhile.
    judged = {
        (zone.zone, hazard.value)
        for zone in fleet.zones.zones().get(dev, ())
        if zone.book.columns[0] == tape.metric
        for hazard in zone.book.hazards
    }
    found = (i for i in everything if not judged or (i.zone, i.hazard) in judged)
    return sorted(
        (i for i in found if start <= i.begin_ms <= end and not i.merged_into),
        key=lambda incident: incident.begin_ms,
    )


def _report(
    series: Series, found: list[IncidentView], *, shift_ms: int, sent: int, as_json: bool
) -> None:
    if as_json:
        emit(
            {
                "rows": len(series.rows),
                "left_out": [fault.__dict__ for fault in series.faults],
                "messages": sent,
                "shift_ms": shift_ms,
                "incidents": [_body(incident, shift_ms) for incident in found],
            }
        )
        return
    for fault in series.faults[:SHOWN_FAULTS]:
        say(f"  line {fault.line} left out: {fault.why}")
    say(f"{len(series.rows)} samples in {sent} messages are durable; {len(found)} incidents:")
    for incident in found:
        body = _body(incident, shift_ms)
        told = (("peak", incident.peak_celsius), ("limit", incident.limit_celsius))
        heights = ", ".join(f"{name} {c:.1f} °C" for name, c in told if c is not None)
        say(f"  {body['recorded_begin']} … {body['recorded_end']}  {incident.hazard}  {heights}")


def _body(incident: IncidentView, shift_ms: int) -> dict[str, object]:
    return {
        "id": incident.id,
        "hazard": incident.hazard,
        "condition": incident.condition,
        "begin_ms": incident.begin_ms,
        "end_ms": incident.end_ms,
        "recorded_begin": _recorded(incident.begin_ms, shift_ms),
        "recorded_end": _recorded(incident.end_ms, shift_ms),
        "peak_celsius": incident.peak_celsius,
        "limit_celsius": incident.limit_celsius,
        "late": incident.late,
    }


def _recorded(ts_ms: int | None, shift_ms: int) -> str:
    if ts_ms is None:
        return "open"
    return datetime.fromtimestamp((ts_ms - shift_ms) / 1000, UTC).strftime("%Y-%m-%d %H:%M")
