"""The supply voltage collapses: somebody cut the cable, or the truck's battery is dead."""

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.quorum import (
    FRESH,
    Poll,
    Quorum,
    Vote,
    abstained,
    polled,
)
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


def check(poll: Poll, scene: TruckScene, policy: TruckPolicy) -> tuple[Poll, Standing]:
    """0 V is a value; a dip while the engine starts is one reading."""
    volt = scene.reading.battery_volt
    if volt is None:
        return abstained(poll)
    vote = Vote(
        scene.ts_ms, wrong=volt < policy.power_cut_volt, well=volt >= policy.power_back_volt
    )
    quorum = Quorum(policy.power_need, policy.power_of, policy.off_delay_min * MINUTE_MS)
    return polled(poll, vote, quorum, gap=scene.gap)


def message(_episode: Episode, policy: TruckPolicy) -> Message:
    """For people."""
    return Message(
        f"终端供电低于 {policy.power_cut_volt:g} V: 请检查电源线与电瓶, 断电后终端将失联。",
        f"The tracker's supply is below {policy.power_cut_volt:g} V: check cable and battery before"
        " it falls silent.",
    )


RULE = AssetRule(Hazard.TRACKER_POWER_CUT, FRESH, check, message)
