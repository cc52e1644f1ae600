"""NamedTuples as JSON text and back: each becomes the list of its fields, floats survive exactly.

Fields are read back by their declared types, so a new field with a default at the end keeps older
texts readable. Every judged row writes such a text, which is why a codec made for it does the work.
"""

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def encode(state: Any) -> str:  # noqa: ANN401 - NamedTuples, and lists and dicts of them
    """The state as JSON. What is not finite becomes null, which nobody reads back as a number."""
    return _encode(state).decode()


def decode(text: str) -> Any:  # noqa: ANN401 - JSON values
    """The values of a text. Raises ValueError."""
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def read(kind: Any, told: Any) -> Any:  # noqa: ANN401 - declared types, JSON values
    """A NamedTuple of its fields' values. Raises ValueError for values of other types."""
    try:
        return msgspec.convert(told, kind)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def course_of(kind: Any, told: Any, fresh: Any) -> Any:  # noqa: ANN401 - declared types, JSON values
    """A course, a NamedTuple whose first field is its rule's own state; None: as it begins."""
    if told is None:
        return kind(fresh)
    return read(kind, told)._replace(own=read(type(fresh), told[0]))
