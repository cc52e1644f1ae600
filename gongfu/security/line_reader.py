"""Reads one line of line protocol as the servers do; written apart from what writes them."""

from dataclasses import dataclass

from gongfu.errors import GongfuError

BREAKS = "\n\r"


class UnreadableLineError(GongfuError):
    """The text is not one line of line protocol; the message says where it ends to be one."""


@dataclass(frozen=True)
class ReadLine:
    """Measurement, tags, fields as written but unescaped, and the stamp."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, str]
    stamp: int


def read_line(text: str) -> ReadLine:
    """Take a line apart. Raises UnreadableLineError."""
    if any(mark in text for mark in BREAKS) or text.startswith("#"):
        raise UnreadableLineError(f"{text!r} is more than one line, or a comment")
    head, *rest = _split(text, " ", quotes=False, most=1)
    parts = _split(rest[0], " ") if rest else []
    if len(parts) != 2:  # noqa: PLR2004 - fields and stamp
        raise UnreadableLineError(f"{text!r} has {len(parts)} parts behind its head instead of 2")
    fields, stamp = parts
    measurement, *tags = _split(head, ",", quotes=False)
    return ReadLine(
        _bare(measurement),
        dict(_pair(tag, quotes=False) for tag in tags),
        dict(_pair(one) for one in _split(fields, ",")),
        int(stamp),
    )


def _pair(text: str, *, quotes: bool = True) -> tuple[str, str]:
    found = _split(text, "=", quotes=quotes)
    if len(found) != 2 or not all(found):  # noqa: PLR2004 - name and value
        raise UnreadableLineError(f"{text!r} is no name=value")
    name, value = found
    if quotes and value.startswith('"'):
        return _bare(name), value[1:-1].replace(r"\"", '"').replace(r"\\", "\\")
    return _bare(name), _bare(value)


def _split(text: str, at: str, *, quotes: bool = True, most: int = -1) -> list[str]:
    """Split where the mark is neither escaped nor inside quotes, ``most`` times."""
    parts, quoted, escaped = [""], False, False
    for mark in text:
        if mark == at and not (quoted or escaped or len(parts) - 1 == most):
            parts.append("")
            continue
        quoted ^= quotes and mark == '"' and not escaped
        escaped = mark == "\\" and not escaped
        parts[-1] += mark
    if quoted:
        raise UnreadableLineError(f"{text!r} opens a text and does not close it")
    return parts


def _bare(text: str) -> str:
    for mark in (",", "=", " "):
        text = text.replace(f"\\{mark}", mark)
    return text
