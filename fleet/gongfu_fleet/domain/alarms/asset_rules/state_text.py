"""The state of an asset's rules as JSON text and back, for checkpoints.

Each rule's course stands under its hazard, fresh ones are left out; a newer rule starts afresh.
"""

from typing import Any

from gongfu_fleet.domain.alarms.asset_rules.fold import AssetFold, AssetState, Course
from gongfu_fleet.domain.alarms.tuple_text import course_of, decode, encode, read
from gongfu_fleet.errors import InvalidError


def to_text(fold: AssetFold[Any], state: AssetState) -> str:  # Any: the kind's policy
    """The state as JSON; equal states give equal texts."""
    told = zip(fold.rules, state.courses, fold.fresh.courses, strict=True)
    courses = {rule.hazard.value: course for rule, course, fresh in told if course != fresh}
    return encode([state.unit, courses])


def from_text(fold: AssetFold[Any], text: str) -> AssetState:  # Any: the kind's policy
    """The state of a text. Raises InvalidError for one of another age."""
    try:
        unit, told = decode(text)
        kind: Any = type(fold.unit)
        courses = [
            course_of(Course, told.get(rule.hazard.value), rule.fresh) for rule in fold.rules
        ]
        return AssetState(read(kind, unit), tuple(courses))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InvalidError(
            f"A stored state of the asset rules cannot be read: {error}.",
            "It is of another age: follow the readings again from the start.",
        ) from error
