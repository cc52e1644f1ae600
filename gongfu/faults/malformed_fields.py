"""JSON objects of the right shape, wrong fields: types, ranges, numbers, stamps, names twice."""

from collections.abc import Iterator

from gongfu.faults.malformed import (
    End,
    Kind,
    Number,
    Payload,
    batch,
    event,
    event_fields,
    fields,
    kind,
    text,
)
from gongfu_broker.columns import ALIASES, COLUMNS, DeviceKind
from gongfu_broker.payloads import Reason

DAY_MS = 86_400_000
OUT = Reason.OUT_OF_RANGE
# For a whole number with a lower bound; raw JSON.
NO_NUMBER = {
    "text": '"1"',
    "empty text": '""',
    "null": "null",
    "true": "true",
    "array": "[1]",
    "object": '{"n":1}',
    "half": "1.5",
    "negative": "-1",
    "beyond 2^53": "9007199254740992",
    "beyond 2^63": "9223372036854775808",
    "beyond 2^64": "18446744073709551616",
    "1e308": "1e308",
    "1e400": "1e400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
}
NO_VALUE = {
    "text": '"4.1"',
    "true": "true",
    "array": "[4.1]",
    "object": '{"c":4.1}',
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "nan in text": '"NaN"',
    "1e400": "1e400",
}
IMPOSSIBLE = {"1e308": 1e308, "-1e308": -1e308, "far above": 1e9, "far below": -1e9}
STAMPS = {
    "301 s ahead": ("ahead", 301_000),
    "10 min ahead": ("ahead", 600_000),
    "an hour ahead": ("ahead", 3_600_000),
    "a day ahead": ("ahead", DAY_MS),
    "a week ahead": ("ahead", 7 * DAY_MS),
    "a year ahead": ("ahead", 365 * DAY_MS),
    "ten years ahead": ("ahead", 3_650 * DAY_MS),
    "zero": ("at", 0),
    "one": ("at", 1),
    "1970 in seconds": ("at", 1_760_000_400),
    "1980": ("at", 315_532_800_000),
    "1999": ("at", 946_684_799_999),
    "2000": ("at", 946_684_800_000),
    "2019": ("at", 1_577_836_799_999),
    "in microseconds": ("at", 1_760_000_400_000_000),
    "the last of all": ("at", 2**53 - 1),
}


def field_kinds() -> Iterator[Kind]:
    """About half of the corpus."""
    yield from _wrong_types()
    yield from _missing()
    yield from _versions()
    yield from _values()
    yield from _rows()
    yield from _stamps()
    yield from _numbers()
    yield from _twice()
    yield from _single_objects()
    yield from _other_leaves()


def _wrong_types() -> Iterator[Kind]:
    for name in ("v", "boot", "seq", "t0", "lo"):
        for what, raw in NO_NUMBER.items():
            yield kind(
                f"tel: {name} is {what}", "tel", _batch(**{name: raw}), *_version_or(name, raw)
            )
    for what, raw in NO_NUMBER.items():
        yield kind(f"tel: rows are {what}", "tel", _batch(s=raw))
    for name in ("boot", "seq", "ts", "kind", "id"):
        for what in ("text", "null", "array", "object", "negative", "NaN", "1e400"):
            # Any text is a name of an event, and of a kind of one.
            if (name, what) not in {("id", "text"), ("kind", "text")}:
                raw = NO_NUMBER[what]
                yield kind(f"evt: {name} is {what}", "evt", _event(**{name: raw}))


def _version_or(name: str, raw: str) -> tuple[Reason, ...]:
    """A version too large for us is a version we do not know."""
    known = name == "v" and raw.isdigit()
    return (Reason.MALFORMED, Reason.UNKNOWN_VERSION) if known else (Reason.MALFORMED,)


def _batch(**changes: str) -> Payload:
    return lambda number: batch(number, **changes)


def _event(**changes: str) -> Payload:
    return lambda number: event(number, **changes)


def _missing() -> Iterator[Kind]:
    for name in ("v", "boot", "seq", "t0", "s"):
        yield kind(f"tel: without {name}", "tel", _batch(**{name: ""}))
        yield kind(f"bf: without {name}", "bf", _batch(**{name: ""}))
    for name in ("v", "boot", "seq", "id", "ts", "kind"):
        yield kind(f"evt: without {name}", "evt", _event(**{name: ""}))


def _versions() -> Iterator[Kind]:
    for version in (2, 3, 10, 99, 65_536, 2**31):
        unknown = Reason.UNKNOWN_VERSION
        yield kind(f"tel: version {version}", "tel", _batch(v=str(version)), unknown)
        yield kind(f"bf: version {version}", "bf", _batch(v=str(version)), unknown)
        yield kind(f"evt: version {version}", "evt", _event(v=str(version)), unknown)
    yield kind("tel: version 0", "tel", _batch(v="0"))
    yield kind("evt: version 0", "evt", _event(v="0"))


def _values() -> Iterator[Kind]:
    for place, column in enumerate(COLUMNS[1, DeviceKind.CABINET]):
        before = "null," * place
        for what, raw in NO_VALUE.items():
            yield kind(f"tel: {column.name} is {what}", "tel", _batch(s=f"[[0,{before}{raw}]]"))
        for what, value in IMPOSSIBLE.items():
            if column.low <= value <= column.high:
                continue
            rows = f"[[0,{before}{value!r}]]"
            yield kind(f"tel: {column.name} is {what}", "tel", _batch(s=rows), OUT)
    for what, celsius in (("85", 85.0), ("-127", -127.0), ("882.6", 882.6), ("-273.2", -273.2)):
        rows = f"[[0,{celsius},0]]"
        yield kind(f"tel: probe says {what}", "tel", _batch(s=rows), End.VALUE_LEFT_OUT)


def _rows() -> Iterator[Kind]:
    shapes = {
        "no rows": "[]",
        "an empty row": "[[]]",
        "a row of null": "[null]",
        "a row of text": '["0,4.1"]',
        "a row of objects": '[{"dt":0}]',
        "rows in rows": "[[[0,4.1]]]",
        "a number for rows": "[0,4.1]",
        "one bad row of two": '[[0,4.1],[1000,"x"]]',
        "dt is null": "[[null,4.1]]",
        "dt is text": '[["0",4.1]]',
        "dt is true": "[[true,4.1]]",
        "dt is negative": "[[-1,4.1]]",
        "dt is a week and more": "[[604800001,4.1]]",
        "dt is 1e308": "[[1e308,4.1]]",
        "dt is -1e308": "[[-1e308,4.1]]",
        "dt is NaN": "[[NaN,4.1]]",
    }
    for leaf in ("tel", "bf"):
        for what, rows in shapes.items():
            yield kind(f"{leaf}: {what}", leaf, _batch(s=rows))


def _stamps() -> Iterator[Kind]:
    for leaf in ("tel", "bf"):
        for what, (how, ms) in STAMPS.items():
            wrong = Reason.CLOCK_AHEAD if _is_late(how, ms) else Reason.CLOCK_UNSET
            yield kind(f"{leaf}: stamp {what}", leaf, _stamped(how, ms), wrong)


def _is_late(how: str, ms: int) -> bool:
    return how == "ahead" or ms > 10**15


def _stamped(how: str, ms: int) -> Payload:
    # Further for each repetition, so that no two are alike.
    def told(number: Number) -> bytes:
        return batch(number, t0=str(ms if how == "at" else number.now_ms + ms))

    return told


def _numbers() -> Iterator[Kind]:
    """Numbers that cannot be: older than the oldest that is left, or borne by another before."""
    for what, above in (("1", 1), ("1000", 1_000), ("a million", 1_000_000)):
        yield kind(f"tel: lo above seq by {what}", "tel", _lo(above))
        yield kind(f"evt: lo above seq by {what}", "evt", _event_lo(above))
    yield kind("tel: lo is the last of all", "tel", _batch(lo=str(2**53 - 1)))
    yield kind("tel: lo is zero", "tel", _batch(lo="0"))
    yield kind("tel: seq is zero", "tel", _batch(seq="0"))
    for celsius in range(20, 40):
        rows = f"[[0,{celsius / 10 + 1},1]]"
        taken = _batch(boot="1", seq="1", s=rows)
        # The good device's own first number; the same payload again would be a duplicate.
        yield kind(f"tel: seq 1 again with {celsius}", "tel", taken, Reason.SEQ_CONFLICT)


def _lo(above: int) -> Payload:
    return lambda number: batch(number, lo=str(number.seq + above))


def _event_lo(above: int) -> Payload:
    return lambda number: event(number, lo=str(number.seq + above))


def _twice() -> Iterator[Kind]:
    """A name that comes twice can mean two things."""
    for name, other in (("v", "2"), ("boot", "3"), ("seq", "99"), ("t0", "5"), ("s", "[[0,9.9]]")):
        for where, first in (("first", True), ("last", False)):
            told = _again(name, other, other_first=first)
            unknown = Reason.UNKNOWN_VERSION
            yield kind(
                f"tel: {name} twice, the other {where}", "tel", told, Reason.MALFORMED, unknown
            )
        same = _again(name, "", other_first=False)
        yield kind(f"tel: {name} twice, the same", "tel", same)
    for name in ("boot", "seq", "ts", "kind", "id"):
        yield kind(f"evt: {name} twice", "evt", _event_again(name))
    yield kind(
        "tel: lo twice", "tel", lambda n: text([*fields(n).items(), ("lo", "1"), ("lo", "1")])
    )


def _again(name: str, other: str, *, other_first: bool) -> Payload:
    def told(number: Number) -> bytes:
        good = list(fields(number).items())
        extra = (name, other or dict(good)[name])
        return text([extra, *good] if other_first else [*good, extra])

    return told


def _event_again(name: str) -> Payload:
    def told(number: Number) -> bytes:
        good = event_fields(number)
        return text([*good.items(), (name, good[name])])

    return told


def _single_objects() -> Iterator[Kind]:
    for what, raw in NO_NUMBER.items():
        if what != "beyond 2^53":
            ends = _far(what)
            yield kind(f"tel: object whose ts is {what}", "tel", _object(ts=raw, tc="4.1"), *ends)
    for alias in ALIASES:
        for what in ("text", "true", "array", "object", "NaN", "1e400"):
            yield kind(
                f"tel: object whose {alias} is {what}", "tel", _object(**{alias: NO_VALUE[what]})
            )
        for what, value in IMPOSSIBLE.items():
            if alias in ("lat", "lon") or alias.startswith("tc2"):
                continue  # a cabinet has no such column
            told = _object(**{alias: repr(value)})
            yield kind(f"tel: object whose {alias} is {what}", "tel", told, OUT)
    yield kind("tel: object without a value", "tel", _object())
    yield kind("tel: object of unknown names", "tel", _object(zone_9_celsius="4.1", x="1"))
    yield kind("tel: object without ts", "tel", _object(ts="", tc="4.1"))
    yield kind("tel: object with rows", "tel", _object(tc="4.1", s="[]"))


def _far(what: str) -> tuple[Reason, ...]:
    return (
        (Reason.MALFORMED, Reason.CLOCK_AHEAD) if what.startswith("beyond") else (Reason.MALFORMED,)
    )


def _object(**changes: str) -> Payload:
    def told(number: Number) -> bytes:
        given = {"ts": str(number.now_ms + number.seq), "n": str(number.boot), **changes}
        return text((name, value) for name, value in given.items() if value)

    return told


def _other_leaves() -> Iterator[Kind]:
    events = {
        "id of 65 characters": {"id": f'"{"x" * 65}"'},
        "id is empty": {"id": '""'},
        "kind is empty": {"kind": '""'},
        "kind in capitals": {"kind": '"DOOR"'},
        "kind with a space": {"kind": '"door open"'},
        "kind with a digit": {"kind": '"door1"'},
        "kind of 41 characters": {"kind": f'"{"k" * 41}"'},
        "kind in Chinese": {"kind": '"开门"'},
        "kind with html": {"kind": '"<b>"'},
        "data is text": {"data": '"open"'},
        "data is an array": {"data": "[1]"},
        "data is null": {"data": "null"},
    }
    for what, changes in events.items():
        yield kind(f"evt: {what}", "evt", _event(**changes))
    for what, raw in _STATES.items():
        yield kind(f"state: {what}", "state", raw.encode())
    for what, raw in _RESULTS.items():
        yield kind(f"res: {what}", "res", raw.encode())


_STATES = {
    "online is 2": '{"online":2,"boot":1,"conn":1}',
    "online is -1": '{"online":-1,"boot":1,"conn":1}',
    "online is true": '{"online":true,"boot":1,"conn":1}',
    "online is text": '{"online":"1","boot":1,"conn":1}',
    "online is null": '{"online":null,"boot":1,"conn":1}',
    "without online": '{"boot":1,"conn":1}',
    "without boot": '{"online":1,"conn":1}',
    "without conn": '{"online":1,"boot":1}',
    "boot is text": '{"online":1,"boot":"1","conn":1}',
    "boot is negative": '{"online":1,"boot":-1,"conn":1}',
    "boot is half": '{"online":1,"boot":1.5,"conn":1}',
    "boot beyond 2^53": '{"online":1,"boot":9007199254740992,"conn":1}',
    "conn is text": '{"online":1,"boot":1,"conn":"1"}',
    "conn is negative": '{"online":1,"boot":1,"conn":-1}',
    "conn is null": '{"online":1,"boot":1,"conn":null}',
    "fw is a number": '{"online":1,"boot":1,"conn":1,"fw":1}',
    "fw of 65 characters": f'{{"online":1,"boot":1,"conn":1,"fw":"{"x" * 65}"}}',
    "model is an array": '{"online":1,"boot":1,"conn":1,"model":[]}',
    "cfg is text": '{"online":1,"boot":1,"conn":1,"cfg":"1"}',
    "cfg is negative": '{"online":1,"boot":1,"conn":1,"cfg":-1}',
}
_RESULTS = {
    "without id": '{"st":"ok"}',
    "without st": '{"id":"c-1"}',
    "id is a number": '{"id":1,"st":"ok"}',
    "id is empty": '{"id":"","st":"ok"}',
    "id of 65 characters": f'{{"id":"{"x" * 65}","st":"ok"}}',
    "st is unknown": '{"id":"c-1","st":"maybe"}',
    "st in capitals": '{"id":"c-1","st":"OK"}',
    "st is true": '{"id":"c-1","st":true}',
    "st is null": '{"id":"c-1","st":null}',
    "st is an array": '{"id":"c-1","st":["ok"]}',
}
