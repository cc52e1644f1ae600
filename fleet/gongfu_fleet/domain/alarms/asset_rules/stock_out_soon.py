"""A tray will be empty within hours of trade, by what people took from it lately.

The rate is what was taken by the time in which there was anything to take, both fading away with
the hours of trade since. Goods brought are no negative sales, and an empty tray does not slow down.
"""

from math import exp
from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.daytime import HOUR_MS, since_midnight_ms
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.asset_rules.stock import Change
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.due import DAY_MS


class Use(NamedTuple):
    """What was taken of a tray, in how many hours of trade and takes, as of ``at_h``.

    All three fade; ``at_h`` is on the clock of hours of trade.
    """

    at_h: float
    sold_kg: float = 0.0
    hours: float = 0.0
    takes: float = 0.0


class Demand(NamedTuple):
    """By tray, in order, once it was weighed; numbers, from 1, of those that run low."""

    uses: tuple[Use, ...] = ()
    latch: Latch = CALM
    low: tuple[int, ...] = ()


def check(demand: Demand, scene: CabinetScene, policy: CabinetPolicy) -> tuple[Demand, Standing]:
    """Judged where trays are weighed; the sums move only when goods do, so they cost nothing."""
    if scene.weighing is None or _idle(demand, scene, policy):
        return demand, held(demand.latch)[1]
    now_h = traded_h(scene.ts_ms, policy)
    uses = demand.uses
    if missing := len(scene.shelves) - len(uses):
        uses = (*uses, *(Use(now_h) for _ in range(missing)))
    for change in scene.changes:
        use = _used(uses[change.tray - 1], change, now_h, policy)
        uses = (*uses[: change.tray - 1], use, *uses[change.tray :])
    low = tuple(
        number
        for number, (use, shelf) in enumerate(zip(uses, scene.shelves, strict=True), 1)
        if shelf.level_kg is not None
        and (number in demand.low or use.takes >= policy.stock_takes)
        and _runs_low(use, shelf.level_kg, now_h, policy, already=number in demand.low)
    )
    evidence = Evidence(
        wrong=bool(low),
        well=not low,
        begin_ms=scene.ts_ms,
        on_delay_ms=policy.stock_out_min * MINUTE_MS,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    latch, standing = turned(demand.latch, scene.ts_ms, evidence)
    return Demand(uses, latch, low), standing


def _idle(demand: Demand, scene: CabinetScene, policy: CabinetPolicy) -> bool:
    """Nothing moved, nothing sells well, nothing is told: most rows of most cabinets."""
    if scene.changes or demand.low or len(demand.uses) < len(scene.shelves):
        return False
    if demand.latch.begin_ms is not None:
        return False
    need = policy.stock_takes
    return all(use.takes < need for use in demand.uses)


def traded_h(ts_ms: int, policy: CabinetPolicy) -> float:
    """Hours of trade from 1970 to the instant: it stands still at night."""
    into_day_ms = since_midnight_ms(ts_ms)
    days = (ts_ms - into_day_ms) // DAY_MS
    open_h, close_h = policy.trade_from_h, policy.trade_until_h
    today_h = min(max(into_day_ms / HOUR_MS, open_h), close_h) - open_h
    return days * (close_h - open_h) + today_h


def _used(use: Use, change: Change, now_h: float, policy: CabinetPolicy) -> Use:
    after = _faded(use, now_h, policy) if change.before_kg > policy.stock_empty_kg else use
    after = after._replace(at_h=now_h)
    if abs(change.kg) < policy.stock_take_kg or change.kg >= policy.restock_kg:
        return after
    if change.kg < 0:
        return after._replace(sold_kg=after.sold_kg - change.kg, takes=after.takes + 1)
    return after._replace(sold_kg=max(0.0, after.sold_kg - change.kg))  # put back


def _faded(use: Use, now_h: float, policy: CabinetPolicy) -> Use:
    left = exp((use.at_h - now_h) / policy.stock_memory_h)
    hours = use.hours * left + policy.stock_memory_h * (1 - left)
    return Use(now_h, use.sold_kg * left, hours, use.takes * left)


def _runs_low(
    use: Use, level_kg: float, now_h: float, policy: CabinetPolicy, *, already: bool
) -> bool:
    """Whether the goods last too short; a tray that runs low does so until it surely does not."""
    goods_kg = level_kg - policy.stock_empty_kg
    now = _faded(use, now_h, policy) if goods_kg > 0 else use
    if already:
        return max(0.0, goods_kg) * now.hours < now.sold_kg * policy.stock_back_h
    if now.takes < policy.stock_takes or now.hours < policy.stock_watch_h:
        return False
    return max(0.0, goods_kg) * now.hours < now.sold_kg * policy.stock_out_h


def message(_episode: Episode, policy: CabinetPolicy) -> Message:
    """For people."""
    return Message(
        f"按近期销量, 有托盘将在 {policy.stock_out_h:g} 个营业小时内售空: 请安排补货。",
        f"By what sold lately a tray is empty within {policy.stock_out_h:g} hours of trade: have it"
        " restocked.",
    )


RULE = AssetRule(Hazard.STOCK_OUT_SOON, Demand(), check, message)
