"""The pipeline as it is usually written: aiomqtt, pydantic, influxdb_client's Point.

The same durable store stands behind it as behind ours: entries go through ``TelemetryLog.append``
and rows through ``EmbeddedStore.project_rows`` in one transaction per batch, as ``Committer`` does.
It does less than ours: no registry, no numbering, no duplicates, no dead letters, no clock. Its
application ack per device and batch goes out after the commit. Each message is turned into the same
line of line protocol that ``gongfu_ingest.line_protocol`` writes.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import aiomqtt
from influxdb_client.client.write.point import Point as InfluxPoint
from influxdb_client.domain.write_precision import WritePrecision
from pydantic import BaseModel, Field

from gongfu.telemetry import Telemetry
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.payloads import MAX_INT, MAX_ROWS
from gongfu_broker.topics import Leaf
from gongfu_ingest.entry import Entry
from gongfu_ingest.line_protocol import FLAGS
from gongfu_ingest.stores.hot import Row, Shape

MAX_BATCH = 500
FLUSH_S = 0.1
TELEMETRY = "clf/v1/+/+/tel"
_COLUMNS = COLUMNS[1, DeviceKind.CABINET]
Told = Annotated[list[float | None], Field(min_length=1, max_length=64)]


class Reading(BaseModel):
    """A batch message with the ranges of ``gongfu_broker.payloads.Batch``."""

    v: int = Field(ge=1)
    boot: int = Field(ge=0, le=MAX_INT)
    seq: int = Field(ge=1, le=MAX_INT)
    t0: int = Field(ge=0, le=MAX_INT)
    s: list[Told] = Field(min_length=1, max_length=MAX_ROWS)
    lo: int = Field(default=1, ge=1, le=MAX_INT)


@dataclass(frozen=True)
class Handled:
    """What became of one message."""

    topic: str
    payload: bytes
    reading: Reading
    lines: list[str]
    rows: list[tuple[Shape, Row]]

    @property
    def address(self) -> tuple[str, str]:
        """Site and device."""
        _, _, site, dev, _ = self.topic.split("/")
        return site, dev


def handle(topic: str, payload: bytes) -> Handled:
    """Read a cabinet's message; render its lines and rows. Raises pydantic's ValidationError."""
    reading = Reading.model_validate_json(payload)
    _, _, site, dev, _ = topic.split("/")
    lines, rows = [], []
    for index, row in enumerate(reading.s):
        values = _values(row)
        place = (reading.t0 + int(row[0] or 0), dev, reading.boot, reading.seq, index)
        lines.append(_line(site, place, values))
        rows.append((tuple(values), (*place, *values.values())))
    return Handled(topic, payload, reading, lines, rows)


def _values(row: Sequence[float | None]) -> dict[str, float]:
    return {
        column.name: value
        for column, value in zip(_COLUMNS, row[1:], strict=False)
        if value is not None and column.low <= value <= column.high
    }


def _line(site: str, place: tuple[int, str, int, int, int], values: dict[str, float]) -> str:
    ts_ms, dev, boot, mseq, idx = place
    line: Any = InfluxPoint(DeviceKind.CABINET.value)  # type: ignore[no-untyped-call] # untyped there
    line.tag("dev", dev).tag("site", site)
    for name, value in values.items():
        line.field(name, int(value) if name in FLAGS else value)
    line.field("boot", boot).field("mseq", mseq).field("idx", idx)
    line.time(ts_ms, WritePrecision.MS)
    text: str = line.to_line_protocol()
    return text


@dataclass
class ReferencePipeline:
    """Receives on ``client``; without ``telemetry`` it stops at the line."""

    client: aiomqtt.Client
    telemetry: Telemetry | None = None
    ready: bool = False
    done: int = 0

    async def run(self) -> None:
        """Work until cancelled."""
        async with self.client:
            await self.client.subscribe(TELEMETRY, qos=1)
            self.ready = True
            messages = self.client.messages
            async for message in messages:
                batch = [_handled(message)]
                if len(messages) < MAX_BATCH:
                    await asyncio.sleep(FLUSH_S)
                while len(batch) < MAX_BATCH and len(messages):
                    batch.append(_handled(await anext(messages)))
                await self._finish(batch)

    async def _finish(self, batch: list[Handled]) -> None:
        if self.telemetry is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self.telemetry.writer, commit, self.telemetry, batch)
            await self._acknowledge(batch)
        self.done += len(batch)

    async def _acknowledge(self, batch: list[Handled]) -> None:
        newest = {item.address: item.reading for item in batch}
        now_ms = time.time_ns() // 1_000_000
        for (site, dev), reading in newest.items():
            body = f'{{"boot":{reading.boot},"seq":{reading.seq},"now":{now_ms}}}'
            await self.client.publish(f"clf/v1/{site}/{dev}/ack", body)


def _handled(message: aiomqtt.Message) -> Handled:
    payload = message.payload
    return handle(str(message.topic), payload if isinstance(payload, bytes) else b"")


def commit(telemetry: Telemetry, batch: Sequence[Handled]) -> None:
    """One durable transaction for a batch."""
    now_ms = time.time_ns() // 1_000_000
    rows: dict[Shape, list[Row]] = defaultdict(list)
    for item in batch:
        for shape, row in item.rows:
            rows[shape].append(row)
    with telemetry.database.transaction():
        telemetry.log.append([_entry(item, now_ms) for item in batch])
        telemetry.store.project_rows(rows)


def _entry(item: Handled, now_ms: int) -> Entry:
    site, dev = item.address
    return Entry(
        received_ms=now_ms,
        offset_ms=0,
        site=site,
        dev=dev,
        kind=DeviceKind.CABINET.value,
        leaf=Leaf.TEL.value,
        boot=item.reading.boot,
        mseq=item.reading.seq,
        payload=item.payload,
    )
