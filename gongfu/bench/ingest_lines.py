"""Ours from the broker to the decoded line: production's client, stages and line protocol.

No store behind it: the bench measures here what is spent before the first commit. The stages are
those that need no store (address, authorise, decode, validity). PUBACKs go out after the lines of
what was taken are there.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.ports import Device, IntakeConnector, Message, Session
from gongfu_broker.topics import Leaf
from gongfu_ingest.line_protocol import Place, point_line
from gongfu_ingest.messages import Draft
from gongfu_ingest.pipeline import Stage, run
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stages.address import address
from gongfu_ingest.stages.authorise import Authorise
from gongfu_ingest.stages.decode import decode
from gongfu_ingest.stages.validity import validity

TELEMETRY = f"clf/v1/+/+/{Leaf.TEL}"
TAKE = 500
_NAMES = {kind: tuple(column.name for column in COLUMNS[1, kind]) for kind in DeviceKind}


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
        stages = line_stages(self.devices)
        async with self.connector.intake(self.session) as intake:
            await intake.subscribe(TELEMETRY)
            self.ready = True
            while True:
                messages = await intake.take(TAKE)
                lines_of(messages, stages)
                intake.acknowledge(len(messages))
                self.done += len(messages)


def line_stages(devices: Mapping[str, Device]) -> tuple[Stage, ...]:
    """The stages before the store."""
    return (address, Authorise(devices), decode, validity)


def lines_of(messages: Sequence[Message], stages: tuple[Stage, ...]) -> list[bytes]:
    """A line per sample of what passes the stages."""
    now_ms = time.time_ns() // 1_000_000
    lines: list[bytes] = []
    for message in messages:
        draft = Draft(message.topic, message.payload, now_ms)
        if run(stages, draft) is None:
            _render(lines, draft)
    return lines


def _render(lines: list[bytes], draft: Draft) -> None:
    device, number = draft.device, draft.number
    if device is None:
        return
    names, place = _NAMES[device.kind], Place(device.kind, device.site)
    boot, seq = (number.boot, number.seq) if number else (0, 0)
    for index, (ts_ms, told) in enumerate(draft.samples):
        values = {n: v for n, v in zip(names, told, strict=True) if v is not None}
        lines.append(point_line(place, Point(ts_ms, device.dev, Rank(boot, seq, index), values)))
