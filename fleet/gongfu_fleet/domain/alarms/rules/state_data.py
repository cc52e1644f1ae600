"""The state of the rules as JSON values and back, for checkpoints: floats survive exactly.

A NamedTuple becomes the list of its fields. Fields are read back by their declared types, so a new
field with a default at the end keeps older states readable.
"""

import math
import types
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from gongfu_fleet.domain.alarms.rules.catalogue import RULES
from gongfu_fleet.domain.alarms.rules.zone_rules import Course, ZoneRules
from gongfu_fleet.errors import InvalidError


def to_data(state: ZoneRules) -> dict[str, Any]:  # Any: JSON values
    """The state as JSON fields; each rule's course under the name of its hazard."""
    pairs = zip(RULES, state.courses, strict=True)
    return {
        "unit": _plain(state.unit),
        "courses": {rule.hazard.value: _plain(course) for rule, course in pairs},
        "last_ms": state.last_ms,
    }


def from_data(data: dict[str, Any]) -> ZoneRules:  # Any: JSON values
    """The state from its JSON fields; a rule that is newer than the state starts afresh."""
    try:
        unit = _read(get_type_hints(ZoneRules)["unit"], data["unit"])
        courses = []
        for rule in RULES:
            told = data["courses"].get(rule.hazard.value)
            if told is None:
                courses.append(Course(rule.fresh))
                continue
            rest = _read(Course, [None, *told[1:]])
            courses.append(rest._replace(own=_read(type(rule.fresh), told[0])))
        return ZoneRules(unit, tuple(courses), data["last_ms"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InvalidError(
            f"A stored state of the rules cannot be read: {error}.",
            "It is of another age: follow the readings again from the start.",
        ) from error


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidError("A state of the rules holds a number that is not finite.", "Report it.")
    return value


@cache
def _hints(kind: type) -> tuple[Any, ...]:
    return tuple(get_type_hints(kind).values())


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401 - declared types and JSON values
    if get_origin(kind) in {Union, types.UnionType}:
        return None if value is None else _read(_not_none(kind), value)
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        repeated = inner[1:] == (...,)
        return tuple(
            _read(inner[0] if repeated else inner[n], item) for n, item in enumerate(value)
        )
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        return kind(*(_read(hint, item) for hint, item in zip(_hints(kind), value, strict=False)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value


def _not_none(kind: Any) -> Any:  # noqa: ANN401 - declared types
    return next(inner for inner in get_args(kind) if inner is not type(None))
