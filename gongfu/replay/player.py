"""Sending a series as backfill of one device until every message is acknowledged."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from gongfu.replay.series import Row
from gongfu_broker.codec import encode
from gongfu_broker.columns import positions
from gongfu_broker.payloads import Ack, Batch
from gongfu_broker.ports import Bus, Device
from gongfu_broker.topics import Leaf, Topic

MAX_ROWS = 500
MAX_SPAN_MS = 6 * 86_400_000
RESEND_S = 5.0
MAX_RESENDS = 12


@dataclass(frozen=True)
class Tape:
    """Whose metric is played, under which boot number, how fast; None: as fast as it goes."""

    device: Device
    metric: str
    boot: int
    speed: float | None = None


class NotAcknowledgedError(RuntimeError):
    """The platform did not acknowledge; the message says how much is missing."""


def batches(tape: Tape, rows: Sequence[Row]) -> list[Batch]:
    """Cut rows into numbered messages."""
    place = positions(1, tape.device.kind)[tape.metric]
    groups: list[list[Row]] = []
    for row in rows:
        group = groups[-1] if groups else None
        if group and len(group) < MAX_ROWS and row.ts_ms - group[0].ts_ms <= MAX_SPAN_MS:
            group.append(row)
        else:
            groups.append([row])
    return [
        Batch(
            v=1,
            boot=tape.boot,
            seq=seq,
            t0=group[0].ts_ms,
            s=[[r.ts_ms - group[0].ts_ms, *[None] * place, r.celsius] for r in group],
        )
        for seq, group in enumerate(groups, 1)
    ]


async def play(
    bus: Bus, tape: Tape, rows: Sequence[Row], on_progress: Callable[[int, int], None]
) -> int:
    """Send everything; return the number of messages once all are acknowledged as durable.

    Raises NotAcknowledgedError when the platform stays silent.
    """
    todo = batches(tape, rows)
    topic = str(Topic(tape.device.site, tape.device.dev, Leaf.BF))
    await bus.subscribe(str(Topic(tape.device.site, tape.device.dev, Leaf.ACK)))
    acked = asyncio.Queue[int]()
    async with asyncio.TaskGroup() as tasks:
        listener = tasks.create_task(_listen(bus, tape.boot, acked))
        for before, batch in zip([None, *todo], todo, strict=False):
            if tape.speed and before:
                await asyncio.sleep((batch.t0 - before.t0) / 1000 / tape.speed)
            await bus.publish(topic, encode(batch), qos=1)
        try:
            await _until_acknowledged(bus, topic, todo, acked=acked, on_progress=on_progress)
        finally:
            listener.cancel()
    return len(todo)


async def _listen(bus: Bus, boot: int, acked: "asyncio.Queue[int]") -> None:
    async for message in bus.messages():
        ack = msgspec.json.decode(message.payload, type=Ack)
        if ack.boot == boot:
            acked.put_nowait(ack.seq)


async def _until_acknowledged(
    bus: Bus,
    topic: str,
    todo: Sequence[Batch],
    *,
    acked: "asyncio.Queue[int]",
    on_progress: Callable[[int, int], None],
) -> None:
    durable, resends = 0, 0
    while durable < len(todo):
        try:
            durable = max(durable, await asyncio.wait_for(acked.get(), RESEND_S))
            on_progress(durable, len(todo))
        except TimeoutError:
            resends += 1
            if resends > MAX_RESENDS:
                raise NotAcknowledgedError(
                    f"{len(todo) - durable} of {len(todo)} messages were not acknowledged: "
                    "is 'gongfu run' up, and the device registered? See 'gongfu dead-letters'"
                ) from None
            for batch in todo[durable:]:
                await bus.publish(topic, encode(batch), qos=1)
