"""A loaded truck recorded no temperature for longer than the standard allows."""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.rule import NORMAL, Message, Standing
from gongfu_fleet.domain.alarms.timeline import Condition, Episode


class Record(NamedTuple):
    """The newest recorded temperature, whether goods were aboard, and gaps not told yet."""

    last_ms: int | None = None
    loaded: bool = False
    gaps: tuple[tuple[int, int], ...] = ()


def check(record: Record, scene: TruckScene, policy: TruckPolicy) -> tuple[Record, Standing]:
    """A gap is told when it is over and no backlog has filled it for the time radio gaps last.

    An empty truck need not record; one whose load nobody weighs is taken for loaded.
    """
    gaps, standing = record.gaps, NORMAL
    if gaps and scene.ts_ms - gaps[0][1] >= policy.recorder_wait_min * MINUTE_MS:
        standing = Standing(Condition.NORMAL, gaps[0][0], scene.ts_ms, gaps[0][1])
        gaps = gaps[1:]
    reading = scene.reading
    if reading.zone_1_celsius is None and reading.zone_2_celsius is None:
        return Record(record.last_ms, record.loaded, gaps), standing
    last_ms, ts_ms = record.last_ms, scene.ts_ms
    if last_ms is not None and record.loaded and ts_ms - last_ms > _allowed_ms(policy):
        gaps = (*gaps, (last_ms, ts_ms))
    return Record(ts_ms, scene.loaded is not False, gaps), standing


def message(episode: Episode, policy: TruckPolicy) -> Message:
    """For people."""
    end_ms = episode.raised_ms if episode.end_ms is None else episode.end_ms
    minutes = round((end_ms - episode.begin_ms) / MINUTE_MS)
    return Message(
        f"有货时 {minutes} 分钟没有温度记录 (规定不超过 {policy.recorder_gap_min:g} 分钟):"
        " 请检查记录仪。",
        f"No temperature was recorded for {minutes} minutes with goods aboard (allowed:"
        f" {policy.recorder_gap_min:g}): check the recorder.",
    )


def _oldest(record: Record) -> int | None:
    # The gap before may have ended where this one begins, and is not to be told anew.
    return record.gaps[0][0] + 1 if record.gaps else None


def _allowed_ms(policy: TruckPolicy) -> float:
    return policy.recorder_gap_min * MINUTE_MS


RULE = AssetRule(Hazard.RECORDER_GAP, Record(), check, message, waiting=_oldest)
