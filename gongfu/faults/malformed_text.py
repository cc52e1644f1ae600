"""Payloads that are no JSON object, or not the right one: text, bytes, sizes, nesting."""

import gzip
import json
import random
from collections.abc import Iterator

from gongfu.faults.malformed import End, Kind, Number, Payload, batch, event, kind
from gongfu_broker.payloads import MAX_PAYLOAD_BYTES, Reason

LEAVES = ("tel", "bf", "evt", "state", "res")
SAMPLE = Number(boot=7, seq=7, now_ms=1_760_000_400_000)
MEGABYTE = 1024 * 1024
TOO_LARGE = Reason.TOO_LARGE

NOT_AN_OBJECT = {
    "empty": b"",
    "space": b" \t\r\n",
    "null": b"null",
    "true": b"true",
    "number": b"42",
    "text": b'"tel"',
    "array": b"[]",
    "array of batches": b"[{},{}]",
    "empty object": b"{}",
    "only a brace": b"{",
    "closed twice": b"{}}",
    "two objects": b'{"v":1}{"v":1}',
    "lines of objects": b'{"v":1}\n{"v":1}',
    "byte order mark": b'\xef\xbb\xbf{"v":1}',
    "utf-16": '{"v":1}'.encode("utf-16"),
    "utf-32": '{"v":1}'.encode("utf-32"),
    "gzip": gzip.compress(b'{"v":1}', mtime=0),
    "cbor": b"\xa1\x61v\x01",
    "msgpack": b"\x81\xa1v\x01",
    "protobuf": b"\x08\x01\x10\x96\x01",
    "zero bytes": b"\0" * 64,
    "zero byte behind": b'{"v":1}\0',
    "html": b"<!doctype html><script>alert(1)</script>",
    "xml bomb": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
    "yaml": b"v: 1\nboot: 2\n",
    "csv": b"ts,tc\n1,2\n",
    "form": b"ts=1&tc=2",
    "sql": b"'; DROP TABLE log; --",
    "line protocol": b"cabinet,dev=cab-0001 zone_1_celsius=4.1 1760000400000000000",
    "nmea": b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
    "jt808 frame": b"\x7e\x02\x00\x00\x1c\x01\x38\x00\x13\x80\x00\x00\x01\x7e",
    "python pickle": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01.",
    "comment": b'{"v":1 /* one */}',
    "hash comment": b'{"v":1 # one\n}',
    "single quotes": b"{'v':1}",
    "bare names": b"{v:1}",
    "comma behind": b'{"v":1,}',
    "comma before": b'{,"v":1}',
    "no colon": b'{"v" 1}',
    "no comma": b'{"v":1 "boot":2}',
    "no value": b'{"v":}',
    "not a number": b'{"v":NaN}',
    "infinity": b'{"v":Infinity}',
    "undefined": b'{"v":undefined}',
    "capital true": b'{"v":True}',
    "hexadecimal": b'{"v":0x1}',
    "leading zero": b'{"v":01}',
    "leading plus": b'{"v":+1}',
    "leading point": b'{"v":.5}',
    "trailing point": b'{"v":1.}',
    "no exponent": b'{"v":1e}',
    "minus alone": b'{"v":-}',
    "underscore": b'{"v":1_000}',
    "line feed in text": b'{"v":"a\nb"}',
    "tab in text": b'{"v":"a\tb"}',
    "bad escape": b'{"v":"\\x41"}',
    "short escape": b'{"v":"\\u12"}',
    "half a pair": b'{"v":"\\ud800"}',
    "pair reversed": b'{"v":"\\udc00\\ud800"}',
    "open text": b'{"v":"a',
    "open array": b'{"v":[1,2',
}
BAD_UTF8 = {
    "lone continuation": b"\x80",
    "two continuations": b"\x80\xbf",
    "overlong slash": b"\xc0\xaf",
    "overlong zero": b"\xc0\x80",
    "overlong in three": b"\xe0\x80\xaf",
    "overlong in four": b"\xf0\x80\x80\xaf",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "surrogate": b"\xed\xa0\x80",
    "surrogate pair": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond unicode": b"\xf4\x90\x80\x80",
    "cut after two": b"\xe4\xbe",
    "cut after three": b"\xf0\x9f\x98",
    "latin 1": "Käse".encode("latin-1"),
    "gb18030": "供销".encode("gb18030"),
    "fe": b"\xfe",
    "ff": b"\xff\xff",
}


def text_kinds() -> Iterator[Kind]:
    """About half of the corpus."""
    for leaf in LEAVES:
        for name, payload in NOT_AN_OBJECT.items():
            yield kind(f"{leaf}: {name}", leaf, payload)
    yield from _bad_utf8()
    yield from _cut_short()
    yield from _too_large()
    yield from _nested()
    yield from _noise()


def _bad_utf8() -> Iterator[Kind]:
    for name, wrong in BAD_UTF8.items():
        yield kind(f"tel: utf-8 in a value, {name}", "tel", _with(b'"s":', b'"x":"%s","s":', wrong))
        yield kind(f"tel: utf-8 in a name, {name}", "tel", _with(b'"s":', b'"%s":1,"s":', wrong))
        yield kind(f"evt: utf-8 in a text, {name}", "evt", _event_with(wrong))


def _with(mark: bytes, put: bytes, wrong: bytes) -> Payload:
    return lambda number: batch(number).replace(mark, put % wrong, 1)


def _event_with(wrong: bytes) -> Payload:
    return lambda number: event(number).replace(b'"door"', b'"door%s"' % wrong, 1)


def _cut_short() -> Iterator[Kind]:
    for leaf, whole in (("tel", batch), ("bf", batch), ("evt", event)):
        for cut in range(1, len(whole(SAMPLE)) - 8, 2):
            yield kind(f"{leaf}: cut after {cut} bytes", leaf, _cut(whole, cut))


def _cut(whole: Payload, cut: int) -> Payload:
    return lambda number: whole(number)[:cut]


def _too_large() -> Iterator[Kind]:
    for leaf in LEAVES:
        spaces = b'{"v":1' + b" " * MAX_PAYLOAD_BYTES + b"}"
        yield kind(f"{leaf}: spaces beyond the limit", leaf, spaces, TOO_LARGE)
        yield kind(f"{leaf}: one byte too many", leaf, b" " * (MAX_PAYLOAD_BYTES + 1), TOO_LARGE)
        # nats-server takes a megabyte with everything around it; a larger one ends the connection.
        text = b'{"v":1,"x":"' + b"a" * (MEGABYTE - 4_096) + b'"}'
        yield kind(f"{leaf}: a megabyte of text", leaf, text, TOO_LARGE, End.BROKER)
    yield kind("tel: two megabytes", "tel", b"\xff" * 2 * MEGABYTE, TOO_LARGE, End.BROKER)
    for count in (5_001, 20_000, 60_000):
        rows = ",".join(["[0]"] * count)
        yield kind(f"tel: {count} rows", "tel", _rows(f"[{rows}]"), Reason.MALFORMED, TOO_LARGE)
    wide = ",".join(["1"] * 65)
    yield kind("tel: a row of 65 values", "tel", _rows(f"[[{wide}]]"))
    long = "9" * 5_000
    for field in ("v", "boot", "seq", "t0"):
        yield kind(f"tel: {field} of 5000 digits", "tel", _field(field, long))
    yield kind("tel: a value of 5000 digits", "tel", _rows(f"[[0,{long}]]"))


def _rows(rows: str) -> Payload:
    return lambda number: batch(number, s=rows)


def _field(name: str, value: str) -> Payload:
    return lambda number: batch(number, **{name: value})


def _nested() -> Iterator[Kind]:
    """Deep nesting in known fields, in unknown ones, and around everything."""
    for depth in (10, 100, 900, 1_100, 5_000, 50_000):
        array, thing = "[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth
        for name, value in (("arrays", array), ("objects", thing)):
            yield kind(f"tel: {depth} {name} as rows", "tel", _field("s", value), *_size(value))
            yield kind(f"tel: {depth} {name} as boot", "tel", _field("boot", value), *_size(value))
            yield kind(f"tel: {depth} {name} alone", "tel", value.encode(), *_size(value))
            yield kind(
                f"evt: {depth} {name} as kind", "evt", _in_event("kind", value), *_size(value)
            )
            yield kind(f"res: {depth} {name} unclosed", "res", value[: 5 * depth // 2].encode())
    for depth in (5_000, 25_000):
        value = '{"a":' * depth + "1" + "}" * depth
        unknown = _field("x", value)
        yield kind(f"tel: {depth} objects in an unknown field", "tel", unknown, Reason.MALFORMED)
        yield kind(f"evt: {depth} objects in data", "evt", _in_event("data", value))


def _size(value: str) -> tuple[Reason, ...]:
    return (TOO_LARGE,) if len(value) > MAX_PAYLOAD_BYTES else (Reason.MALFORMED,)


def _in_event(name: str, value: str) -> Payload:
    return lambda number: event(number, **{name: value})


def _noise() -> Iterator[Kind]:
    """Random bytes of growing length: what a broken modem sends."""
    dice = random.Random(9)
    for place in range(60):
        length = 1 + place * place
        noise = dice.randbytes(length)
        if not _is_json(noise):
            yield kind(f"{LEAVES[place % 5]}: noise of {length} bytes", LEAVES[place % 5], noise)


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except ValueError:
        return False
    return True
