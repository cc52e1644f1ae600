"""What the trays of a shut cabinet say: steps and creeping of weights that nobody touched.

The median of three weighings counts, so that one odd weighing is nothing.
"""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import CabinetPolicy


class Tray(NamedTuple):
    """Two weighings before the next, the newest median, and where the median was at first.

    A step moves ``base_kg`` along, so that what is left between the two is creeping.
    """

    older_kg: float | None = None
    newer_kg: float | None = None
    level_kg: float | None = None
    base_kg: float = 0.0


class Weighing(NamedTuple):
    """The trays after a weighing, and the numbers, from 1, of those that stepped and that creep."""

    trays: tuple[Tray, ...]
    steps: tuple[int, ...]
    drifted: tuple[int, ...]


_NEW = Tray()


def weigh(
    trays: tuple[Tray, ...], weights_kg: tuple[float | None, ...], policy: CabinetPolicy
) -> Weighing:
    """One more weighing of every tray; a tray without a weight is left as it is."""
    known = trays or (_NEW,) * len(weights_kg)
    weighed = [
        (tray, 0.0) if kg is None else _weighed(tray, kg, policy)
        for tray, kg in zip(known, weights_kg, strict=False)
    ]
    return Weighing(
        trays=tuple(tray for tray, _ in weighed),
        steps=tuple(n for n, (_, step_kg) in enumerate(weighed, 1) if step_kg),
        drifted=tuple(n for n, (tray, _) in enumerate(weighed, 1) if _creeps(tray, policy)),
    )


def _weighed(tray: Tray, kg: float, policy: CabinetPolicy) -> tuple[Tray, float]:
    if tray.older_kg is None or tray.newer_kg is None:
        return Tray(tray.newer_kg, kg), 0.0
    median_kg = sorted((tray.older_kg, tray.newer_kg, kg))[1]
    if tray.level_kg is None:
        return Tray(tray.newer_kg, kg, median_kg, median_kg), 0.0
    step_kg = median_kg - tray.level_kg
    if abs(step_kg) < policy.jump_kg:
        step_kg = 0.0
    return Tray(tray.newer_kg, kg, median_kg, tray.base_kg + step_kg), step_kg


def _creeps(tray: Tray, policy: CabinetPolicy) -> bool:
    return tray.level_kg is not None and abs(tray.level_kg - tray.base_kg) >= policy.drift_kg
