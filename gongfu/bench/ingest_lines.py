"""Ours from the broker to the decoded line: production's client, codec and line protocol.

No store behind it and so nothing that needs one; only what registered devices say is rendered.
PUBACKs go out after the lines of what was taken are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gongfu_broker.codec import decode_telemetry
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.ports import Device, IntakeConnector, Message, Session
from gongfu_broker.topics import Leaf, Topic
from gongfu_ingest.line_protocol import Place, line_head, row_line

TELEMETRY = f"clf/v1/+/+/{Leaf.TEL}"
TAKE = 500


class Source(NamedTuple):
    """What is known of a topic before its messages come."""

    device: Device
    head: str
    shapes: tuple[tuple[str, ...], ...]


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
        known = sources(self.devices)
        async with self.connector.intake(self.session) as intake:
            await intake.subscribe(TELEMETRY)
            self.ready = True
            while True:
                messages = await intake.take(TAKE)
                lines_of(messages, known)
                intake.acknowledge(len(messages))
                self.done += len(messages)


def sources(devices: Mapping[str, Device]) -> dict[str, Source]:
    """Every registered device by the topic of its telemetry."""
    return {
        str(Topic(device.site, dev, Leaf.TEL)): Source(
            device, line_head(Place(device.kind, device.site), dev), _SHAPES[device.kind]
        )
        for dev, device in devices.items()
    }


def lines_of(messages: Sequence[Message], known: Mapping[str, Source]) -> list[bytes]:
    """A line per sample of what registered devices say."""
    lines: list[bytes] = []
    for topic, payload, _ in messages:
        source = known.get(topic)
        if source is None:
            continue
        device, head, shapes = source
        boot, seq, _, samples, _, width = decode_telemetry(device.kind, payload)
        shape = shapes[width]
        for index, (ts_ms, values) in enumerate(samples):
            row = (ts_ms, device.dev, boot, seq, index, *values[:width])
            lines.append(row_line(head, shape, row))
    return lines


def _shapes(kind: DeviceKind) -> tuple[tuple[str, ...], ...]:
    """The names of the first n columns, for every n a row may have."""
    names = tuple(column.name for column in COLUMNS[1, kind])
    return tuple(names[:width] for width in range(len(names) + 2))


_SHAPES = {kind: _shapes(kind) for kind in DeviceKind}
