"""Ours from the broker to the decoded line: production's client, codec and line protocol.

No store behind it and so nothing that needs one; only what registered devices say is rendered.
PUBACKs go out after the lines of what was taken are there. In production lines are rendered by the
forwarder, after the commit; this is what the way costs without the store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gongfu_broker.codec import decode_telemetry, plain_batch
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.ports import Device, IntakeConnector, Message, Session
from gongfu_broker.topics import Leaf, Topic
from gongfu_ingest.line_protocol import Place, RowForm, line_head, row_form

TELEMETRY = f"clf/v1/+/+/{Leaf.TEL}"
TAKE = 500


class Source(NamedTuple):
    """What is known of a topic before its messages come."""

    kind: DeviceKind
    head: bytes
    forms: tuple[RowForm, ...]


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
            device.kind,
            line_head(Place(device.kind, device.site), dev),
            _FORMS[device.kind],
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
        kind, head, forms = source
        batch = plain_batch(kind, payload)
        if batch is None:
            lines += _lines_of_any(source, payload)
            continue
        t0_ms, boot, seq = batch.t0, batch.boot, batch.seq
        for index, row in enumerate(batch.s):
            stamp = (boot, seq, index, t0_ms + row[0])
            lines.append(forms[len(row) - 1].line(head, row[1:], stamp))
    return lines


def _lines_of_any(source: Source, payload: bytes) -> list[bytes]:
    """Rows of several widths, the single-object form, and what bears values to blank."""
    kind, head, forms = source
    boot, seq, _, samples, _, width = decode_telemetry(kind, payload)
    form = forms[width]
    return [
        form.line(head, values[:width], (boot or 0, seq or 0, index, ts_ms))
        for index, (ts_ms, values) in enumerate(samples)
    ]


def _forms(kind: DeviceKind) -> tuple[RowForm, ...]:
    """The form of the first n columns, for every n a row may have."""
    names = tuple(column.name for column in COLUMNS[1, kind])
    return tuple(row_form(names[:width]) for width in range(len(names) + 1))


_FORMS = {kind: _forms(kind) for kind in DeviceKind}
