"""The door is open while the truck moves: several readings of speed must agree."""

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
    """Faster than the limit is moving, slower than the lower one is standing, between is neither.

    A row without a speed of its own says nothing, so that one reading of speed has one vote.
    """
    speed_kmh, door_open = scene.reading.speed_kmh, scene.door_open
    if speed_kmh is None or door_open is None:
        return abstained(poll)
    vote = Vote(
        scene.ts_ms,
        wrong=door_open and speed_kmh > policy.moving_kmh,
        well=not door_open or speed_kmh <= policy.still_kmh,
    )
    quorum = Quorum(
        policy.door_moving_need, policy.door_moving_of, policy.off_delay_min * MINUTE_MS
    )
    return polled(poll, vote, quorum, gap=scene.gap)


def message(_episode: Episode, policy: TruckPolicy) -> Message:
    """For people."""
    return Message(
        f"车门未关就行驶 (超过 {policy.moving_kmh:g} km/h): 请停车关门, 并清点货物。",
        f"The truck drives with its door open (above {policy.moving_kmh:g} km/h): stop, shut it and"
        " count the goods.",
    )


RULE = AssetRule(Hazard.DOOR_OPEN_MOVING, FRESH, check, message)
