"""A thousand kinds of messages that no device should send, each with a name and its right end.

A kind is a topic, a payload for each repetition, and where it may end: in the dead letters for a
reason, accepted with a value left out, or before ingest, refused by the broker or by any client.
The families stand in files of their own beside this one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gongfu_broker.payloads import Reason

KINDS = 1_000
Payload = Callable[["Number"], bytes]


class Speaker(StrEnum):
    """Who publishes: the device itself, or the account that may write backfill of any device."""

    DEVICE = "device"
    REPLAY = "replay"


class End(StrEnum):
    """Where a kind may end, besides the dead letters."""

    VALUE_LEFT_OUT = "value_left_out"  # accepted; the value stands in the dead letters
    ACCEPTED = "accepted"  # odd, but true to the contract
    BROKER = "broker"  # no account may publish it, or no broker takes it
    CLIENT = "client"  # no MQTT client sends it


@dataclass(frozen=True)
class Number:
    """What makes a repetition's payload its own: a boot per kind, a seq per repetition."""

    boot: int
    seq: int
    now_ms: int


@dataclass(frozen=True)
class Kind:
    """``topic`` is the last level for a device, the whole topic for the replay account."""

    name: str
    topic: str
    payload: Payload
    ends: frozenset[Reason | End]
    speaker: Speaker = Speaker.DEVICE


def kind(
    name: str,
    topic: str,
    payload: Payload | bytes,
    *ends: Reason | End,
    by: Speaker = Speaker.DEVICE,
) -> Kind:
    """One kind; a payload of bytes is the same each time."""
    told = payload if callable(payload) else _always(payload)
    return Kind(name, topic, told, frozenset(ends or (Reason.MALFORMED,)), by)


def _always(payload: bytes) -> Payload:
    return lambda _: payload


def fields(number: Number, **changes: str) -> dict[str, str]:
    """A good batch as raw JSON by field; a change of '' leaves the field out."""
    good = {
        "v": "1",
        "boot": str(number.boot),
        "seq": str(number.seq),
        "t0": str(number.now_ms),
        "s": "[[0,4.1,0]]",
    }
    return {name: text for name, text in {**good, **changes}.items() if text}


def event_fields(number: Number, **changes: str) -> dict[str, str]:
    """A good event as raw JSON by field."""
    good = {
        "v": "1",
        "boot": str(number.boot),
        "seq": str(number.seq),
        "id": f'"e-{number.boot}-{number.seq}"',
        "ts": str(number.now_ms),
        "kind": '"door"',
        "data": '{"open":1}',
    }
    return {name: text for name, text in {**good, **changes}.items() if text}


def text(given: Iterable[tuple[str, str]]) -> bytes:
    """An object of raw JSON; a name may come twice."""
    return ("{" + ",".join(f'"{name}":{value}' for name, value in given) + "}").encode()


def batch(number: Number, **changes: str) -> bytes:
    """A good batch with changes."""
    return text(fields(number, **changes).items())


def event(number: Number, **changes: str) -> bytes:
    """A good event with changes."""
    return text(event_fields(number, **changes).items())


def named_once(kinds: Iterable[Kind]) -> Iterator[Kind]:
    """The same kinds. Raises ValueError when a name comes twice."""
    told = list(kinds)
    twice = [name for name, count in Counter(one.name for one in told).items() if count > 1]
    if twice:
        raise ValueError(f"kinds with the same name: {twice[:5]}")
    return iter(told)
