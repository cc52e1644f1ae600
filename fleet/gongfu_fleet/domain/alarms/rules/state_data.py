"""The state of the rules as JSON text and back, for checkpoints: floats survive exactly.

A NamedTuple becomes the list of its fields. Fields are read back by their declared types, so a new
field with a default at the end keeps older states readable.
"""

import json
import types
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from gongfu_fleet.domain.alarms.rules.catalogue import RULES
from gongfu_fleet.domain.alarms.rules.zone_rules import Course, ZoneRules
from gongfu_fleet.domain.coldchain.unit import Unit
from gongfu_fleet.errors import InvalidError

_Read = Callable[[Any], Any]  # from JSON values to a declared type
# C writes tuples as lists and words of an enum as strings, so nothing is rebuilt before.
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


_FRESH = tuple(Course(rule.fresh) for rule in RULES)


def to_text(state: ZoneRules) -> str:
    """The state as JSON; each rule's course under the name of its hazard, fresh ones left out."""
    told = zip(RULES, state.courses, _FRESH, strict=True)
    courses = {rule.hazard.value: course for rule, course, fresh in told if course != fresh}
    try:
        return _encode({"unit": state.unit, "courses": courses, "last_ms": state.last_ms})
    except ValueError as error:
        raise InvalidError(
            "A state of the rules has a number that is not finite.", "Report it."
        ) from error


def from_text(text: str) -> ZoneRules:
    """The state from its JSON; a rule that it does not tell of starts afresh."""
    try:
        data = json.loads(text)
        told = data["courses"]
        courses = [_course(told.get(rule.hazard.value), rule.fresh) for rule in RULES]
        return ZoneRules(_reader(Unit)(data["unit"]), tuple(courses), data["last_ms"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InvalidError(
            f"A stored state of the rules cannot be read: {error}.",
            "It is of another age: follow the readings again from the start.",
        ) from error


def _course(told: Any, fresh: Any) -> Course:  # noqa: ANN401 - JSON values, a rule's own state
    if told is None:
        return Course(fresh)
    rest: Course = _reader(Course)([None, *told[1:]])
    own: Any = type(fresh)
    return rest._replace(own=_reader(own)(told[0]))


@cache
def _reader(kind: Any) -> _Read:  # noqa: ANN401 - declared types
    """How a value of the type is read; made once, for every state is read by the same."""
    if get_origin(kind) in {Union, types.UnionType}:
        return _optional(_reader(_not_none(kind)))
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind))
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        return _named(kind)
    return kind if isinstance(kind, type) and issubclass(kind, Enum) else _as_it_is


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - JSON values
    return value


def _optional(read: _Read) -> _Read:
    if read is _as_it_is:
        return read
    return lambda value: None if value is None else read(value)


def _tuple(inner: tuple[Any, ...]) -> _Read:
    if inner[1:] == (...,):
        read = _reader(inner[0])
        return tuple if read is _as_it_is else lambda value: tuple(map(read, value))
    readers = tuple(map(_reader, inner))
    if all(read is _as_it_is for read in readers):
        return tuple
    return lambda value: tuple(read(v) for read, v in zip(readers, value, strict=True))


def _named(kind: Any) -> _Read:  # noqa: ANN401 - a NamedTuple
    readers = tuple(map(_reader, get_type_hints(kind).values()))
    if all(read is _as_it_is for read in readers):
        return lambda value: kind(*value)
    odd = tuple((n, read) for n, read in enumerate(readers) if read is not _as_it_is)

    def read_named(value: list[Any]) -> Any:  # noqa: ANN401 - the NamedTuple
        told = list(value)
        for n, read in odd:
            if n < len(told):
                told[n] = read(told[n])
        return kind(*told)

    return read_named


def _not_none(kind: Any) -> Any:  # noqa: ANN401 - declared types
    return next(inner for inner in get_args(kind) if inner is not type(None))
