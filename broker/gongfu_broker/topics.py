"""The topic tree ``clf/v1/{site}/{dev}/{leaf}``: five levels, one rule per leaf and direction.

The topic is the identity: ids inside payloads are ignored.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gongfu_broker.errors import TopicError

ROOT = "clf"
VERSION = "v1"
_ID = re.compile(r"[a-z0-9-]{1,64}")
_LEVELS = 5


class Leaf(StrEnum):
    """The last level of a topic: what kind of message it carries."""

    TEL = "tel"
    BF = "bf"
    EVT = "evt"
    STATE = "state"
    RES = "res"
    ACK = "ack"
    CMD = "cmd"
    CFG = "cfg"
    OTA = "ota"


@dataclass(frozen=True)
class LeafRule:
    """Direction, quality of service and retention of one leaf."""

    direction: Literal["up", "down"]
    qos: Literal[0, 1]
    retained: bool
    summary: str


RULES: dict[Leaf, LeafRule] = {
    Leaf.TEL: LeafRule("up", 1, retained=False, summary="live telemetry, batch form"),
    Leaf.BF: LeafRule("up", 1, retained=False, summary="backfill after an outage, same schema"),
    Leaf.EVT: LeafRule("up", 1, retained=False, summary="events, each with a UUID"),
    Leaf.STATE: LeafRule("up", 1, retained=True, summary="birth and last will"),
    Leaf.RES: LeafRule("up", 1, retained=False, summary="result of a command"),
    Leaf.ACK: LeafRule("down", 0, retained=False, summary="application ack, cumulative"),
    Leaf.CMD: LeafRule("down", 0, retained=False, summary="command, repeated until res or expiry"),
    Leaf.CFG: LeafRule("down", 0, retained=True, summary="desired configuration"),
    Leaf.OTA: LeafRule("down", 0, retained=True, summary="firmware offer"),
}
UP = tuple(leaf for leaf, rule in RULES.items() if rule.direction == "up")
DOWN = tuple(leaf for leaf, rule in RULES.items() if rule.direction == "down")
# One numbering per boot runs through these leaves.
NUMBERED = frozenset({Leaf.TEL, Leaf.BF, Leaf.EVT})


@dataclass(frozen=True)
class Topic:
    """One device's topic."""

    site: str
    dev: str
    leaf: Leaf

    def __str__(self) -> str:
        return f"{ROOT}/{VERSION}/{self.site}/{self.dev}/{self.leaf}"


def parse(topic: str) -> Topic:
    """Read a topic.

    Raises TopicError when it is not ``clf/v1/{site}/{dev}/{leaf}`` with ids of ``[a-z0-9-]``.
    """
    levels = topic.split("/")
    if len(levels) != _LEVELS or levels[0] != ROOT or levels[1] != VERSION:
        raise TopicError(f"{topic!r} is not {ROOT}/{VERSION}/{{site}}/{{dev}}/{{leaf}}")
    site, dev, leaf = levels[2:]
    if not _ID.fullmatch(site) or not _ID.fullmatch(dev):
        raise TopicError(f"{topic!r}: site and dev are 1 to 64 characters of a-z, 0-9 and -")
    try:
        return Topic(site, dev, Leaf(leaf))
    except ValueError:
        known = ", ".join(Leaf)
        raise TopicError(f"{topic!r}: unknown leaf {leaf!r}; known are {known}") from None


def valid_id(text: str) -> bool:
    """Whether the text may stand as a site or device level of a topic."""
    return _ID.fullmatch(text) is not None


def uplink_filters(leaves: Iterable[Leaf] = UP) -> tuple[str, ...]:
    """The subscriptions that together see every message of these leaves from every device."""
    return tuple(f"{ROOT}/{VERSION}/+/+/{leaf}" for leaf in leaves)
