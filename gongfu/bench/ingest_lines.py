"""Ours from the broker to the decoded line: production's client, decoder and line protocol.

No store behind it: the bench measures here what is saved before the first commit. PUBACKs go out
after the lines of what was taken are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gongfu_broker.codec import decode_telemetry
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.ports import Device, IntakeConnector, Message, Session
from gongfu_broker.topics import Leaf, parse
from gongfu_ingest.line_protocol import Place, point_line
from gongfu_ingest.points import Point, Rank

TELEMETRY = f"clf/v1/+/+/{Leaf.TEL}"
TAKE = 500
_NAMES = {kind: [column.name for column in COLUMNS[1, kind]] for kind in DeviceKind}


@dataclass
class LinePipeline:
    """Receives on an intake of its own and renders every sample."""

    connector: IntakeConnector
    session: Session
    devices: Mapping[str, Device]
    ready: bool = False
    done: int = 0

    async def run(self) -> None:
        """Work until cancelled."""
        async with self.connector.intake(self.session) as intake:
            await intake.subscribe(TELEMETRY)
            self.ready = True
            while True:
                messages = await intake.take(TAKE)
                lines_of(messages, self.devices)
                intake.acknowledge(len(messages))
                self.done += len(messages)


def lines_of(messages: Sequence[Message], devices: Mapping[str, Device]) -> list[bytes]:
    """A line per sample of registered devices."""
    lines: list[bytes] = []
    for message in messages:
        device = devices.get(parse(message.topic).dev)
        if device is None:
            continue
        told = decode_telemetry(device.kind, message.payload)
        names, place = _NAMES[device.kind], Place(device.kind, device.site)
        for index, (ts_ms, measured) in enumerate(told.samples):
            values = {n: v for n, v in zip(names, measured, strict=True) if v is not None}
            rank = Rank(told.boot or 0, told.seq or 0, index)
            lines.append(point_line(place, Point(ts_ms, device.dev, rank, values)))
    return lines
