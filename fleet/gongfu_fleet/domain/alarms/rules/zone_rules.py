"""All rules over one zone: ``(state, reading) -> (state, findings)``, in pieces or at once.

The state is a value with everything in it, so a checkpoint is the state, and judging late data anew
is following the resolved readings again from the checkpoint before them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rulebook import Found
from gongfu_fleet.domain.alarms.rules.catalogue import RULES
from gongfu_fleet.domain.alarms.rules.rule import NORMAL, Rule, Standing
from gongfu_fleet.domain.alarms.timeline import Episode, Span
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.domain.coldchain.unit import Scene, Unit, observe

__all__ = (
    "FRESH", "Course", "Followed", "Found", "ZoneRules", "begun", "follow", "open_findings",
    "resolved",
)  # fmt: skip
_COLDER_IS_WORSE = Hazard.TEMPERATURE_LOW
# Judged by what the goods feel, so that is what their peak tells.
_FELT = frozenset({Hazard.PRODUCT_HIGH, Hazard.EXPOSURE})


class Course(NamedTuple):
    """What one rule has open: the worst value since it began, and the spans nobody measured."""

    own: Any  # each rule's own state, a NamedTuple
    peak_celsius: float | None = None
    unknown: tuple[Span, ...] = ()
    standing: Standing = NORMAL


class ZoneRules(NamedTuple):
    """The state of all rules over one zone; ``last_ms`` is the newest reading followed."""

    unit: Unit
    courses: tuple[Course, ...]
    last_ms: int | None = None


class Followed(NamedTuple):
    """What following readings gave: the state, what was raised and what ended among them."""

    state: ZoneRules
    raised: tuple[Found, ...]
    ended: tuple[Found, ...]


FRESH = ZoneRules(Unit(), tuple(Course(rule.fresh) for rule in RULES))


def follow(state: ZoneRules, readings: Iterable[Reading], policy: ColdPolicy) -> Followed:
    """Follow readings that are distinct in time, in order and later than ``last_ms``."""
    raised: list[Found] = []
    ended: list[Found] = []
    for reading in readings:
        unit, scene = observe(state.unit, reading, policy)
        courses = []
        for rule, course in zip(RULES, state.courses, strict=True):
            own, standing = rule.check(course.own, scene, policy)
            if standing is NORMAL and course.standing is NORMAL:
                courses.append(course if own is course.own else Course(own))
                continue
            now = _stepped(rule, course, scene, (own, standing))
            _note(rule, now, scene, (raised, ended))
            courses.append(now)
        state = ZoneRules(unit, tuple(courses), reading.ts_ms)
    return Followed(state, tuple(raised), tuple(ended))


def open_findings(state: ZoneRules) -> tuple[Found, ...]:
    """Episodes that are raised and not over."""
    pairs = zip(RULES, state.courses, strict=True)
    return tuple(
        Found(rule.hazard, _episode(course))
        for rule, course in pairs
        if course.standing.raised_ms is not None and course.standing.end_ms is None
    )


def begun(state: ZoneRules) -> Mapping[Hazard, int]:
    """When what is pending or open began, UTC ms."""
    pairs = zip(RULES, state.courses, strict=True)
    return {
        rule.hazard: course.standing.begin_ms
        for rule, course in pairs
        if course.standing.begin_ms is not None and course.standing.end_ms is None
    }


def resolved(readings: Iterable[Reading]) -> list[Reading]:
    """In order of time, each time once: whatever order and however often readings came.

    Of two different readings at one time the one that sorts last counts, so nothing depends on
    which came first; in the platform the store has resolved them already.
    """
    known = sorted(set(readings), key=_order)
    return list({reading.ts_ms: reading for reading in known}.values())


def _order(reading: Reading) -> tuple[object, ...]:
    celsius = float("-inf") if reading.celsius is None else reading.celsius
    return (reading.ts_ms, celsius, str(reading.door_open), reading.restocking)


def _stepped(
    rule: Rule,
    course: Course,
    scene: Scene,
    checked: tuple[Any, Standing],  # Any: the rule's own state
) -> Course:
    own, standing = checked
    if standing.begin_ms is None:
        return Course(own)
    return Course(own, _worse(rule, course, scene), _unknown(course, scene), standing)


def _worse(rule: Rule, course: Course, scene: Scene) -> float | None:
    celsius = scene.celsius
    if celsius is not None and rule.hazard in _FELT and scene.unit.product is not None:
        celsius = scene.unit.product.celsius
    if rule.hazard is Hazard.PROBE_FAULT:
        return None  # what it says is no temperature
    if celsius is None or course.peak_celsius is None:
        return course.peak_celsius if celsius is None else celsius
    worse = min if rule.hazard is _COLDER_IS_WORSE else max
    return worse(course.peak_celsius, celsius)


def _unknown(course: Course, scene: Scene) -> tuple[Span, ...]:
    if not scene.gap or course.standing.begin_ms is None:
        return course.unknown
    span, spans = Span(scene.ts_ms - scene.elapsed_ms, scene.ts_ms), course.unknown
    # Touching spans are one, so that a slow sensor does not grow the list without end.
    if spans and spans[-1].end_ms == span.start_ms:
        return (*spans[:-1], Span(spans[-1].start_ms, span.end_ms))
    return (*spans, span)


def _note(rule: Rule, course: Course, scene: Scene, found: tuple[list[Found], list[Found]]) -> None:
    standing, (raised, ended) = course.standing, found
    if standing.raised_ms is None:
        return
    if standing.raised_ms == scene.ts_ms:
        raised.append(Found(rule.hazard, _episode(course)))
    if standing.end_ms is not None:
        ended.append(Found(rule.hazard, _episode(course)))


def _episode(course: Course) -> Episode:
    standing = course.standing
    begin_ms, raised_ms = standing.begin_ms or 0, standing.raised_ms or 0
    return Episode(
        condition=standing.condition,
        begin_ms=begin_ms,
        raised_ms=raised_ms,
        end_ms=standing.end_ms,
        peak_celsius=course.peak_celsius,
        unknown=course.unknown,
    )
