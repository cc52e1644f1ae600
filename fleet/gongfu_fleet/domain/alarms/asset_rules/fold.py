"""All rules over one asset: ``(state, reading) -> (state, findings)``, in pieces or at once.

The state is a value with everything in it, so a checkpoint is the state.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetUnit
from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import observe as observe_cabinet
from gongfu_fleet.domain.alarms.asset_rules.catalogue import CABINET_RULES, TRUCK_RULES
from gongfu_fleet.domain.alarms.asset_rules.policy import CabinetPolicy, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule, Policy
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckUnit
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import observe as observe_truck
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rulebook import Found, Judged
from gongfu_fleet.domain.alarms.rules.rule import NORMAL, Standing
from gongfu_fleet.domain.alarms.timeline import Episode, Span


class Course(NamedTuple):
    """What one rule has open, and the spans of it in which nothing was heard."""

    own: Any  # each rule's own state, a NamedTuple
    unknown: tuple[Span, ...] = ()
    standing: Standing = NORMAL


class AssetState(NamedTuple):
    """The state of all rules over one asset; ``unit`` is what is known of the asset itself."""

    unit: Any  # TruckUnit or CabinetUnit
    courses: tuple[Course, ...]


@dataclass(frozen=True)
class AssetFold(Generic[Policy]):
    """The rules of one kind of asset, and how a row becomes the scene they judge.

    ``observe`` takes unit, reading and policy and gives unit and scene.
    """

    rules: tuple[AssetRule[Any, Policy], ...]  # Any: the kind's scene
    unit: Any
    observe: Callable[[Any, AssetReading, Policy], tuple[Any, Any]]

    @cached_property
    def fresh(self) -> AssetState:
        """Before the first row."""
        return AssetState(self.unit, tuple(Course(rule.fresh) for rule in self.rules))

    def follow(self, state: AssetState, readings: Iterable[AssetReading], policy: Policy) -> Judged:
        """Follow readings that are distinct in time, in order and later than those before."""
        raised: list[Found] = []
        ended: list[Found] = []
        for reading in readings:
            unit, scene = self.observe(state.unit, reading, policy)
            courses = []
            for rule, course in zip(self.rules, state.courses, strict=True):
                own, standing = rule.check(course.own, scene, policy)
                now = _stepped(course, (own, standing), scene)
                courses.append(now)
                if standing.raised_ms == scene.ts_ms:
                    raised.append(Found(rule.hazard, _episode(now)))
                if standing.end_ms is not None:
                    ended.append(Found(rule.hazard, _episode(now)))
            state = AssetState(unit, tuple(courses))
        return Judged(state, tuple(raised), tuple(ended), self.open(state))

    def open(self, state: AssetState) -> tuple[Found, ...]:
        """Episodes that are raised and not over."""
        return tuple(
            Found(rule.hazard, _episode(course))
            for rule, course in zip(self.rules, state.courses, strict=True)
            if course.standing.raised_ms is not None and course.standing.end_ms is None
        )

    def begun(self, state: AssetState) -> Mapping[Hazard, int]:
        """When what is pending, open or not told yet began, UTC ms."""
        found: dict[Hazard, int] = {}
        for rule, course in zip(self.rules, state.courses, strict=True):
            begin_ms = course.standing.begin_ms if course.standing.end_ms is None else None
            begin_ms = rule.waiting(course.own) if begin_ms is None else begin_ms
            if begin_ms is not None:
                found[rule.hazard] = begin_ms
        return found


TRUCK: AssetFold[TruckPolicy] = AssetFold(TRUCK_RULES, TruckUnit(), observe_truck)
CABINET: AssetFold[CabinetPolicy] = AssetFold(CABINET_RULES, CabinetUnit(), observe_cabinet)


def _stepped(
    course: Course,
    checked: tuple[Any, Standing],  # Any: the rule's own state
    scene: Any,  # noqa: ANN401 - the kind's scene
) -> Course:
    own, standing = checked
    if standing.begin_ms is None:
        return Course(own)
    if course.standing.begin_ms is None or course.standing.end_ms is not None:
        return Course(own, (), standing)
    if not scene.gap:
        return Course(own, course.unknown, standing)
    return Course(
        own, _joined(course.unknown, scene.ts_ms - scene.elapsed_ms, scene.ts_ms), standing
    )


def _joined(spans: tuple[Span, ...], start_ms: int, end_ms: int) -> tuple[Span, ...]:
    # Touching spans are one, so that a slow device does not grow the list without end.
    if spans and spans[-1].end_ms == start_ms:
        return (*spans[:-1], Span(spans[-1].start_ms, end_ms))
    return (*spans, Span(start_ms, end_ms))


def _episode(course: Course) -> Episode:
    standing = course.standing
    return Episode(
        condition=standing.condition,
        begin_ms=standing.begin_ms or 0,
        raised_ms=standing.raised_ms or 0,
        end_ms=standing.end_ms,
        peak_celsius=None,
        unknown=course.unknown,
    )
