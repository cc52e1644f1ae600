"""NamedTuples as JSON text and back: each becomes the list of its fields, floats survive exactly.

Fields are read back by their declared types, so a new field with a default at the end keeps older
texts readable.
"""

import json
import types
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

_Read = Callable[[Any], Any]  # from JSON values to a declared type
# C writes tuples as lists and words of an enum as strings, so nothing is rebuilt before.
encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


@cache
def reader(kind: Any) -> _Read:  # noqa: ANN401 - declared types
    """How a value of the type is read; made once, for every state is read by the same."""
    if get_origin(kind) in {Union, types.UnionType}:
        return _optional(reader(_not_none(kind)))
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind))
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        return _named(kind)
    return kind if isinstance(kind, type) and issubclass(kind, Enum) else _as_it_is


def course_of(kind: Any, told: Any, fresh: Any) -> Any:  # noqa: ANN401 - declared types, JSON values
    """A course, a NamedTuple whose first field is its rule's own state; None: as it begins."""
    if told is None:
        return kind(fresh)
    own: Any = type(fresh)
    return reader(kind)([None, *told[1:]])._replace(own=reader(own)(told[0]))


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - JSON values
    return value


def _optional(read: _Read) -> _Read:
    if read is _as_it_is:
        return read
    return lambda value: None if value is None else read(value)


def _tuple(inner: tuple[Any, ...]) -> _Read:
    if inner[1:] == (...,):
        read = reader(inner[0])
        return tuple if read is _as_it_is else lambda value: tuple(map(read, value))
    readers = tuple(map(reader, inner))
    if all(read is _as_it_is for read in readers):
        return tuple
    return lambda value: tuple(read(v) for read, v in zip(readers, value, strict=True))


def _named(kind: Any) -> _Read:  # noqa: ANN401 - a NamedTuple
    readers = tuple(map(reader, get_type_hints(kind).values()))
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
