"""The rules that run over a truck and over a cabinet, in the order in which they are told."""

from gongfu_fleet.domain.alarms.asset_rules import (
    door_open_moving,
    door_outside_stop,
    expiry,
    gnss_lost,
    lock_not_latched,
    mass_imbalance,
    off_corridor,
    power_lost,
    recorder_gap,
    reefer_off_loaded,
    return_supply_gap,
    scale_drift,
    scale_jump,
    session_open,
    stock_out_soon,
    tracker_power_cut,
    village_missed,
)
from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.policy import CabinetPolicy, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene

TRUCK_RULES: tuple[AssetRule[TruckScene, TruckPolicy], ...] = (
    reefer_off_loaded.RULE,
    return_supply_gap.RULE,
    door_open_moving.RULE,
    door_outside_stop.RULE,
    off_corridor.RULE,
    gnss_lost.RULE,
    tracker_power_cut.RULE,
    recorder_gap.RULE,
    village_missed.RULE,
)
CABINET_RULES: tuple[AssetRule[CabinetScene, CabinetPolicy], ...] = (
    power_lost.RULE,
    scale_drift.RULE,
    scale_jump.RULE,
    mass_imbalance.RULE,
    session_open.RULE,
    lock_not_latched.RULE,
    stock_out_soon.RULE,
    expiry.RULE,
)
