"""The state of an asset's rules as JSON and back: a NamedTuple becomes the list of its fields.

Fields are read back by their declared types, so a new field with a default at the end keeps older
states readable; each rule's course stands under its hazard, a newer rule begins afresh.
"""

import json
import types
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from gongfu_fleet.domain.alarms.asset_rules.fold import AssetFold, AssetState, Course
from gongfu_fleet.errors import InvalidError


def to_text(fold: AssetFold[Any], state: AssetState) -> str:  # Any: the kind's policy
    """The state as JSON; equal states give equal texts."""
    pairs = zip(fold.rules, state.courses, strict=True)
    courses = {rule.hazard.value: course for rule, course in pairs}
    # Every enum of it is a string, every tuple becomes a list: the writer in C does it all.
    return json.dumps([state.unit, courses], separators=(",", ":"), allow_nan=False)


def from_text(fold: AssetFold[Any], text: str) -> AssetState:  # Any: the kind's policy
    """The state of a text. Raises InvalidError for one of another age."""
    try:
        unit, courses = json.loads(text)
        return AssetState(
            _read(type(fold.unit), unit),
            tuple(_course(rule.fresh, courses.get(rule.hazard.value)) for rule in fold.rules),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InvalidError(
            f"A stored state of the asset rules cannot be read: {error}.",
            "It is of another age: follow the readings again from the start.",
        ) from error


def _course(fresh: Any, told: Any) -> Course:  # noqa: ANN401 - a rule's state, JSON values
    if told is None:
        return Course(fresh)
    rest: Course = _read(Course, [None, *told[1:]])
    return rest._replace(own=_read(type(fresh), told[0]))


@cache
def _hints(kind: type) -> tuple[Any, ...]:
    return tuple(get_type_hints(kind).values())


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401 - declared types and JSON values
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        inner = next(one for one in get_args(kind) if one is not type(None))
        return None if value is None else _read(inner, value)
    if origin is tuple:
        inner = get_args(kind)
        repeated = inner[1:] == (...,)
        return tuple(
            _read(inner[0] if repeated else inner[n], item) for n, item in enumerate(value)
        )
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        return kind(*(_read(hint, item) for hint, item in zip(_hints(kind), value, strict=False)))
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value
