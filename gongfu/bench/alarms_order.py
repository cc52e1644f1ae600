"""Whether the order of arrival and a wrong clock change what the rules find.

A device whose clock is off tells its readings: a third of them up to a day late, a fifth twice. Its
clock is judged by live messages, as the ingest service does, and each stamp is moved by what they
showed; then the rules follow the resolved readings. Live messages arrive at once: what the network
takes makes the corrected stamps of any order late by as much, at most by seconds (ADR 0019).
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from gongfu.bench.alarms_freezer import DAY, failure, freezer
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, follow, resolved
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy
from gongfu_ingest.device_clock import DeviceClock, Flag, Stamps, resolve

LATE, TWICE = 0.3, 0.2
LATEST_MS = 24 * 3_600_000
# Less than this a clock is believed and left as it is.
SKEWS_MS = (121_000, 600_000)
# What the device tells before its first reading: a clock counts once known.
BEFORE_MS = (130_000, 65_000, 5_000)


class _Message(NamedTuple):
    received_ms: int
    seq: int
    reading: Reading | None
    stamp_ms: int
    live: bool


def heard(dice: random.Random, readings: Sequence[Reading], skew_ms: int) -> list[Reading]:
    """The readings in the order of their arrival, with the stamps that ingest resolves."""
    clock: DeviceClock | None = None
    kept = []
    for message in sorted(_messages(dice, readings, skew_ms)):
        received_ms, seq, reading, stamp_ms, live = message
        stamps = Stamps(received_ms, seq, stamp_ms, stamp_ms)
        clock, offset_ms, flag = resolve(clock, stamps, live=live)
        if reading is not None and flag in {Flag.RIGHT, Flag.CORRECTED, Flag.UNPROVEN}:
            kept.append(reading._replace(ts_ms=stamp_ms + offset_ms))
    return kept


def _messages(dice: random.Random, readings: Sequence[Reading], skew_ms: int) -> list[_Message]:
    first_ms = readings[0].ts_ms
    begin = [first_ms - before_ms for before_ms in BEFORE_MS]
    told = [_Message(ms, n, None, ms + skew_ms, live=True) for n, ms in enumerate(begin)]
    for seq, reading in enumerate(readings, len(begin)):
        late = dice.random() < LATE
        delay_ms = dice.randrange(LATEST_MS) if late else 0
        stamp_ms = reading.ts_ms + skew_ms
        message = _Message(reading.ts_ms + delay_ms, seq, reading, stamp_ms, live=not late)
        told.append(message)
        if dice.random() < TWICE:
            again_ms = message.received_ms + dice.randrange(1, LATEST_MS)
            told.append(message._replace(received_ms=again_ms, live=False))
    return told


def order_independent(dice: random.Random) -> bool:
    """A freezer that fails, told in order by a right clock and out of order by a wrong one."""
    policy = cold_policy("frozen", {"learn_h": 24})
    unit = freezer(dice, 3)
    broken = failure(dice, unit, "compressor", 2 * DAY)
    readings = unit.readings(door_input=True)[: 2 * DAY] + broken.readings(door=False)
    skew_ms = dice.choice((-1, 1)) * dice.randint(*SKEWS_MS)
    told = heard(dice, readings, skew_ms)
    return follow(FRESH, resolved(told), policy) == follow(FRESH, readings, policy)
