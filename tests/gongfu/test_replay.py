"""Reading a recorded series and playing it against an in-memory platform."""

import asyncio
from collections.abc import Mapping as Table

import msgspec
import pytest

from gongfu.replay.player import MAX_SPAN_MS, Tape, batches, play
from gongfu.replay.series import Mapping, Row, SeriesError, Unit, read_series, to_celsius
from gongfu_broker.access import device_user, ingest_user, replay_user
from gongfu_broker.codec import decode_telemetry, encode
from gongfu_broker.columns import DeviceKind, positions
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.payloads import Ack, Batch
from gongfu_broker.ports import Device, Session

HOUR = 3_600_000
CABINET = Device("cab-0001", "hangzhou", DeviceKind.CABINET)
TAPE = Tape(CABINET, "zone_1_celsius", boot=7)


@pytest.mark.parametrize(
    ("value", "unit", "celsius"),
    [
        (32, Unit.FAHRENHEIT, 0),
        (-40, Unit.FAHRENHEIT, -40),
        (273.15, Unit.KELVIN, 0),
        (0, Unit.CELSIUS, 0),
    ],
)
def test_units_become_celsius(value: float, unit: Unit, celsius: float) -> None:
    assert to_celsius(value, unit) == celsius


def test_lines_that_are_no_sample_are_named_and_the_others_kept() -> None:
    lines = [
        "timestamp,value",
        "2013-07-04 00:00:00,69.8",
        "2013-07-04 01:00:00,",
        "2013-07-04 02:00:00,nan",
        "yesterday,70",
        "",
        "2013-07-04 00:00:00,70.0",
        "2013-07-03T23:00:00+00:00,68",
    ]
    series = read_series(lines, Mapping(unit=Unit.FAHRENHEIT))
    assert [row.celsius for row in series.rows] == [20.0, 21.0]
    assert [fault.line for fault in series.faults] == [3, 4, 5, 7]


def test_columns_are_found_by_name_in_any_order() -> None:
    lines = ["﻿v,other,t", "4.5,x,1372896000"]
    series = read_series(lines, Mapping(time_column="t", value_column="v"))
    assert series.rows == (Row(1_372_896_000_000, 4.5),)


@pytest.mark.parametrize("lines", [[], ["a"], ["t,v"], ["t,v", "x,y"]])
def test_a_file_without_a_sample_is_refused(lines: list[str]) -> None:
    with pytest.raises(SeriesError):
        read_series(lines, Mapping())


def test_batches_hold_every_row_once_and_fit_the_contract() -> None:
    rows = [Row(hour * HOUR, hour / 10) for hour in range(400)]
    cut = batches(TAPE, rows)
    assert [batch.seq for batch in cut] == [1, 2, 3]
    assert all(batch.s[-1][0] <= MAX_SPAN_MS for batch in cut if batch.s[-1][0] is not None)
    place = positions(1, DeviceKind.CABINET)["zone_1_celsius"]
    told = [
        (sample.ts_ms, sample.values[place])
        for batch in cut
        for sample in decode_telemetry(DeviceKind.CABINET, encode(batch)).samples
    ]
    assert told == [(row.ts_ms, row.celsius) for row in rows]


async def test_playing_ends_when_everything_is_acknowledged() -> None:
    users = [device_user(CABINET, "d"), ingest_user("ingest", "i"), replay_user("replay", "r")]
    broker = MemoryBroker(users)
    seen: Table[int, int]
    seen = {}
    progress: list[tuple[int, int]] = []

    async def platform() -> None:
        async with broker.connect(Session("ingest", "ingest", "i")) as bus:
            await bus.subscribe("clf/v1/+/+/bf")
            async for message in bus.messages():
                batch = msgspec.json.decode(message.payload, type=Batch)
                seen[batch.seq] = len(batch.s)
                ack = encode(Ack(batch.boot, batch.seq, 0))
                await bus.publish(message.topic.replace("/bf", "/ack"), ack)

    serving = asyncio.create_task(platform())
    await asyncio.sleep(0)
    rows = [Row(hour * HOUR, 4.0) for hour in range(300)]
    async with broker.connect(Session("replay", "replay", "r")) as bus:
        sent = await play(bus, TAPE, rows, lambda done, total: progress.append((done, total)))
    serving.cancel()
    assert sent == 3
    assert sum(seen.values()) == 300
    assert progress[-1] == (3, 3)
