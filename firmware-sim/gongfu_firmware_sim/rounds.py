"""Which villages a truck visits on which working day: each once a week."""

from collections.abc import Sequence
from math import atan2, hypot

from gongfu_firmware_sim.daytime import WORKDAYS
from gongfu_firmware_sim.roads import LonLat, offset_m


def weekly_rounds(depot: LonLat, stops: Sequence[LonLat]) -> tuple[tuple[LonLat, ...], ...]:
    """Five rounds, Monday first: neighbours by bearing from the depot, each begun at its nearest.

    A greedy sharing-out, good enough to drive; planning good routes is not the simulator's work.
    """
    around = sorted(stops, key=lambda stop: (atan2(*offset_m(depot, stop)), stop))
    bounds = [round(len(around) * day / WORKDAYS) for day in range(WORKDAYS + 1)]
    return tuple(
        _nearest_first(depot, around[bounds[day] : bounds[day + 1]]) for day in range(WORKDAYS)
    )


def _nearest_first(depot: LonLat, stops: Sequence[LonLat]) -> tuple[LonLat, ...]:
    left, at, order = list(stops), depot, []
    while left:
        at = min(left, key=lambda stop: (hypot(*offset_m(at, stop)), stop))
        left.remove(at)
        order.append(at)
    return tuple(order)
