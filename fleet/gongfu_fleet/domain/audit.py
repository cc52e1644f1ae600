"""What people did, as a chain: every entry holds the hash of the one before it. Pure.

The hash covers every field of the entry and the previous hash, so an altered, removed, inserted
or moved row breaks the chain at its place. Whoever can rewrite the whole chain can forge it:
keep the newest hash elsewhere (``gongfu audit verify`` prints it).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

GENESIS = "0" * 64
LONGEST_TEXT = 120


class Outcome(StrEnum):
    """Whether it was done."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Deed:
    """Something somebody did or tried: ``action`` is noun.verb, ``object`` kind:id.

    ``data`` is JSON without secrets. ``at_ms`` is real time, UTC ms.
    """

    at_ms: int
    actor: str
    action: str
    object: str
    outcome: Outcome = Outcome.DONE
    data: Mapping[str, Any] = field(default_factory=dict)  # each action has its own fields


@dataclass(frozen=True)
class Entry:
    """A deed in its place in the chain; ``data`` is canonical JSON."""

    seq: int
    at_ms: int
    actor: str
    action: str
    object: str
    outcome: str
    data: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Sought:
    """Which entries somebody looks for; what is None narrows nothing.

    ``text`` is part of an actor, action or object, ``actor`` the whole name. ``action`` is a deed
    such as ``user.role``, or a noun such as ``user``. from_ms <= at_ms < until_ms.
    """

    text: str | None = None
    actor: str | None = None
    action: str | None = None
    outcome: Outcome | None = None
    from_ms: int | None = None
    until_ms: int | None = None


EVERY_ENTRY = Sought()


def chained(deed: Deed, last: Entry | None) -> Entry:
    """The entry that follows ``last``."""
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    data = json.dumps(deed.data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    fields = (
        seq,
        deed.at_ms,
        deed.actor[:LONGEST_TEXT],
        deed.action,
        deed.object[:LONGEST_TEXT],
        deed.outcome.value,
        data,
        previous,
    )
    return Entry(*fields, hash=_hash(fields))


@dataclass(frozen=True)
class Verdict:
    """``entries`` were read; ``head`` is the newest hash; ``fault`` the first broken place."""

    entries: int
    head: str
    fault: str | None = None


def verify(entries: Iterable[Entry]) -> Verdict:
    """Walk the whole chain in the order of seq."""
    count, previous = 0, GENESIS
    for entry in entries:
        count += 1
        if fault := _fault(entry, count, previous):
            return Verdict(count, entry.hash, f"entry {entry.seq}: {fault}")
        previous = entry.hash
    return Verdict(count, previous)


def _fault(entry: Entry, place: int, previous: str) -> str | None:
    if entry.seq != place:
        return f"stands in place {place}; entries are missing or were added"
    if entry.previous != previous:
        return "does not follow the entry before it; one of them was altered"
    told = (
        entry.seq, entry.at_ms, entry.actor, entry.action,
        entry.object, entry.outcome, entry.data, entry.previous,
    )  # fmt: skip
    return None if _hash(told) == entry.hash else "was altered: its hash does not fit its fields"


def _hash(fields: tuple[object, ...]) -> str:
    # A list as JSON: no two different sets of fields give the same bytes.
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()
