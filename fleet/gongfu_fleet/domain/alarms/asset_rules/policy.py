"""What trucks and cabinets may do: versioned data, each value with its source."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.ground import Ground
from gongfu_fleet.domain.alarms.asset_rules.timetable import NO_TIMETABLE, Timetable
from gongfu_fleet.domain.coldchain.shelf_life import Ageing
from gongfu_fleet.errors import InvalidError

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
NOWHERE = Ground()
_NO_NUMBERS = frozenset({"kind", "sources"})
# What the registry knows of an asset: no part of what people set.
SURROUNDINGS = frozenset({"ground", "timetable", "life"})
_DAY_H = 24


class ShelfLife(NamedTuple):
    """How goods of a class age: days of life at the model's reference, minutes to feel the air.

    Air beyond the two bounds is no temperature, but a code of the probe.
    """

    model: Ageing
    days: float
    tau_min: float
    low_celsius: float
    high_celsius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetPolicy:
    """What both kinds share; ``sources`` says of each value where it comes from.

    Durations are minutes. Rows further apart than ``max_gap_min`` have an unknown span between.
    """

    kind: str
    version: int
    sources: Mapping[str, str] = field(hash=False)
    max_gap_min: float
    off_delay_min: float
    backlog_min: float
    backlog_quiet_min: float
    backlog_settle_min: float

    def __post_init__(self) -> None:
        numbers = {f.name: v for f in fields(self) if _is_number(v := getattr(self, f.name))}
        if wrong := [name for name, v in numbers.items() if not math.isfinite(v) or v < 0]:
            raise self._refused(f"{wrong[0]} {numbers[wrong[0]]:g}", "Give 0 or more.")
        if self.max_gap_min == 0:
            raise self._refused("no max_gap_min", "Give a value above 0.")
        if unsourced := [n for n in numbers if n != "version" and not self.sources.get(n)]:
            raise self._refused(f"no source for {unsourced[0]}", "Name it in sources.")

    def _refused(self, fault: str, remedy: str) -> InvalidError:
        return InvalidError(f"The {self.kind} policy v{self.version} has {fault}.", remedy)

    def _ordered(self, low: str, high: str) -> None:
        if getattr(self, low) > getattr(self, high):
            raise self._refused(f"{low} above {high}", "Exchange them.")

    def _quorum(self, need: str, among: str) -> None:
        if not 1 <= getattr(self, need) <= getattr(self, among):
            raise self._refused(f"{need} of {among} that cannot hold", "Give 1 <= n <= m.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TruckPolicy(AssetPolicy):
    """Limits of a truck; ``_of`` counts readings of which ``_need`` must agree.

    ``ground`` and ``timetable`` are no part of the shipped data: the registry knows them.
    """

    carry_min: float
    load_carry_min: float
    empty_kg: float
    reefer_idle_min: float
    reefer_single_idle_min: float
    reefer_watched_min: float
    reefer_rise_celsius: float
    reefer_fall_celsius: float
    reefer_slack_celsius: float
    reefer_door_grace_min: float
    moving_kmh: float
    still_kmh: float
    door_moving_need: int
    door_moving_of: int
    door_outside_min: float
    door_outside_off_min: float
    stop_radius_m: float
    stop_leave_m: float
    corridor_km: float
    corridor_back_km: float
    corridor_min: float
    gnss_satellites: int
    gnss_lost_min: float
    gnss_moved_km: float
    power_cut_volt: float
    power_back_volt: float
    power_need: int
    power_of: int
    recorder_gap_min: float
    recorder_wait_min: float
    supply_gap_celsius: float
    supply_gap_min: float
    supply_calm_min: float
    supply_fall_celsius: float
    village_late_min: float
    village_early_min: float
    visit_min: float
    reach_kmh: float
    ground: Ground = NOWHERE
    timetable: Timetable = NO_TIMETABLE

    def __post_init__(self) -> None:
        # An explicit base: zero-argument super() does not work in a dataclass with slots.
        AssetPolicy.__post_init__(self)
        self._ordered("still_kmh", "moving_kmh")
        self._ordered("stop_radius_m", "stop_leave_m")
        self._ordered("corridor_back_km", "corridor_km")
        self._ordered("power_cut_volt", "power_back_volt")
        self._ordered("reefer_idle_min", "reefer_single_idle_min")
        if self.reach_kmh == 0:
            raise self._refused("no reach_kmh", "Give a value above 0.")
        self._quorum("door_moving_need", "door_moving_of")
        self._quorum("power_need", "power_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class CabinetPolicy(AssetPolicy):
    """Limits of a cabinet; weights in kilograms of one tray, ``trade`` hours of the local day.

    ``life`` is no part of the shipped data: it is that of the class that the cabinet keeps.
    """

    power_lost_min: float
    session_min: float
    drift_kg: float
    jump_kg: float
    scale_calm_min: float
    lock_min: float
    unsettled_min: float
    unsettled_wait_min: float
    unsettled_forget_h: float
    trade_from_h: float
    trade_until_h: float
    stock_take_kg: float
    stock_empty_kg: float
    restock_kg: float
    stock_takes: float
    stock_watch_h: float
    stock_memory_h: float
    stock_out_h: float
    stock_back_h: float
    stock_out_min: float
    expiry_h: float
    life: ShelfLife | None = None

    def __post_init__(self) -> None:
        AssetPolicy.__post_init__(self)
        self._ordered("drift_kg", "jump_kg")
        if self.unsettled_forget_h * 60 <= self.unsettled_min:
            raise self._refused("unsettled_forget_h within unsettled_min", "Give a longer time.")
        self._ordered("stock_take_kg", "restock_kg")
        self._ordered("stock_out_h", "stock_back_h")
        if not self.trade_from_h < self.trade_until_h <= _DAY_H:
            raise self._refused("no hours of trade", "Give 0 <= from < until <= 24.")
        if self.stock_memory_h == 0:
            raise self._refused("no stock_memory_h", "Give a value above 0.")


KINDS: Mapping[str, type[TruckPolicy] | type[CabinetPolicy]] = {
    "truck": TruckPolicy,
    "cabinet": CabinetPolicy,
}


def policy_of(
    line: Mapping[str, Any],  # Any: JSON values, checked here
    ground: Ground = NOWHERE,
) -> TruckPolicy | CabinetPolicy:
    """A policy from its JSON fields. Raises InvalidError for names or values no rule can mean."""
    told = str(line.get("kind"))
    if told not in KINDS:
        raise InvalidError(f"There is no asset policy for {told!r}.", f"Known: {', '.join(KINDS)}.")
    kind = KINDS[told]
    known = [one.name for one in fields(kind) if one.name not in SURROUNDINGS]
    if unknown := sorted(set(line) - set(known)):
        raise InvalidError(
            f"The {told} policy has the unknown field {unknown[0]!r}.",
            f"Known are {', '.join(known)}.",
        )
    if missing := [name for name in known if name not in line]:
        raise InvalidError(f"The {told} policy lacks {missing[0]}.", "Add the field.")
    if not isinstance(line["sources"], Mapping):
        raise InvalidError(f"The {told} policy has no sources.", "Give a source for each field.")
    for name in (one for one in known if one not in _NO_NUMBERS):
        if not _is_number(line[name]):
            raise InvalidError(f"The {told} policy has {name} {line[name]!r}.", "Give a number.")
    return TruckPolicy(**line, ground=ground) if kind is TruckPolicy else CabinetPolicy(**line)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
