"""S1: every route × everything one can show × own, foreign and missing objects; all asserted.

The rows come from the OpenAPI document that the running app answers, the expectations from
``rules.py``. A 2xx also must not tell anything of what lies outside the caller's part, and a
foreign object must be answered as one that is not there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from fastapi.routing import APIRoute

from gongfu.security.credentials import (
    FAR_ASSET,
    FAR_OPERATOR,
    NEAR_ASSET,
    PEOPLE_ROLES,
    Credential,
    Part,
    Shown,
    credentials,
)
from gongfu.security.rule import DOOR, Place, Rule
from gongfu.security.rules import RULES
from gongfu.security.stand import Answer, Stand
from gongfu_fleet.api.permissions import SAFE_METHODS, flat
from gongfu_fleet.domain.people import Role

DOCUMENT = "/api/openapi.json"
METHODS = frozenset({"get", "post", "put", "patch", "delete"})
# The page that says how to build the pages; with a bundle it is a mount.
UNDOCUMENTED = {("GET", "/")}
NOT_THERE = 404
NOT_GOOD = 300
Key = tuple[str, str]
Operation = Mapping[str, Any]  # Any: a part of the OpenAPI document


@dataclass(frozen=True)
class Cell:
    """One call and what became of it."""

    route: Key
    credential: str
    place: Place
    expected: int
    got: int
    leak: str = ""

    @property
    def got_in(self) -> bool:
        """Whether it was let in where it must not be."""
        return 200 <= self.got < 300 and self.got != self.expected  # noqa: PLR2004 - 2xx

    @property
    def wrong(self) -> bool:
        """Whether anything is not as the rule says."""
        return self.got != self.expected or bool(self.leak)

    def __str__(self) -> str:
        """For whoever reads a failing test."""
        told = f"{' '.join(self.route)} as {self.credential}, {self.place}: "
        return f"{told}{self.got} instead of {self.expected} {self.leak}".strip()


@dataclass(frozen=True)
class Matrix:
    """All cells, and what does not fit together.

    ``unruled`` routes have no rule, ``stale`` rules no route; ``hidden`` routes are served and not
    in the document.
    """

    cells: Sequence[Cell]
    unruled: Sequence[Key]
    stale: Sequence[Key]
    hidden: Sequence[Key]

    @property
    def wrong(self) -> list[Cell]:
        """Cells that are not as they must be."""
        return [cell for cell in self.cells if cell.wrong]

    def figures(self) -> dict[str, Any]:  # Any: counts and names, for JSON
        """The keys of the bench; a route without a rule has cells that nobody asserts."""
        columns, rows = len(credentials()), {cell.route for cell in self.cells}
        return {
            "routes": len(rows) + len(self.unruled),
            "roles": len(PEOPLE_ROLES),
            "credentials": columns,
            "cells": len(self.cells) + columns * len(self.unruled),
            "asserted": len(self.cells),
            "unexpected_2xx": sum(cell.got_in for cell in self.cells),
            "unexpected_other": sum(cell.wrong and not cell.got_in for cell in self.cells),
            "routes_without_rule": len([*self.unruled, *self.stale, *self.hidden]),
        }


@dataclass(frozen=True)
class _Seen:
    """An answer, its text without the names of what was asked for, and whether anything moved."""

    answer: Answer
    text: str
    happened: bool


@dataclass
class _Calls:
    """Makes calls on the stand; sessions are opened once, except where a call uses them up.

    An object to which nothing happened is asked for again.
    """

    stand: Stand
    _left: dict[tuple[int, Place], dict[str, str]] = field(default_factory=dict)
    _kept: dict[str, Shown] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)

    def shown(self, credential: Credential, rule: Rule) -> Shown:
        if rule.spends:
            return credential.show(self.stand, f"-{next(self._numbers)}")
        if credential.name not in self._kept:
            self._kept[credential.name] = credential.show(self.stand, "")
        return self._kept[credential.name]

    def call(self, route: Key, rule: Rule, credential: Credential, place: Place) -> _Seen:
        """What comes of the call."""
        shown, (method, path) = self.shown(credential, rule), route
        asked = self._left.pop((id(rule), place), None) or {
            name: kind.make(self.stand, shown, place) for name, kind in rule.objects.items()
        }
        query = rule.query()
        where = path.format(**asked) + (f"?{query}" if query else "")
        body = _filled(rule.body(place), asked) if rule.body else None
        if rule.naming:
            body = rule.naming(asked)
        before = rule.trace(self.stand) if rule.trace else None
        answer = self.stand.send(method, where, headers=shown.headers, body=body)
        happened = rule.trace is not None and rule.trace(self.stand) != before
        if rule.trace is not None and not happened:
            self._left[id(rule), place] = asked
        text = answer.text
        for one in asked.values():
            text = text.replace(one, "…")
        return _Seen(answer, text, happened)


def _filled(body: Any, asked: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever JSON can say
    if not isinstance(body, dict):
        return body
    named = {f"{{{name}}}": found for name, found in asked.items()}
    return {
        key: named.get(value, value) if isinstance(value, str) else value
        for key, value in body.items()
    }


def http_matrix(stand: Stand, rules: Mapping[Key, Rule | tuple[Rule, ...]] = RULES) -> Matrix:
    """Try every cell."""
    stand.person(DOOR, Role.VIEWER)
    outside = _outside(stand)
    operations = _operations(stand)
    calls, cells = _Calls(stand), list[Cell]()
    for route in sorted(operations.keys() & rules.keys()):
        found = rules[route]
        for rule in found if isinstance(found, tuple) else (found,):
            for credential in credentials():
                cells += _row(calls, (route, operations[route]), rule, credential, outside)
    served = {
        (method, one.path)
        for one in flat(stand.app.routes)
        if isinstance(one, APIRoute)
        for method in one.methods or ()
    }
    return Matrix(
        sorted(cells, key=lambda cell: (cell.route, cell.credential, cell.place)),
        sorted(operations.keys() - rules.keys()),
        sorted(rules.keys() - operations.keys()),
        sorted(served - operations.keys() - UNDOCUMENTED),
    )


def _operations(stand: Stand) -> dict[Key, Operation]:
    document = json.loads(stand.send("GET", DOCUMENT).body)
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def _outside(stand: Stand) -> dict[Part, frozenset[str]]:
    """Words that an answer to somebody of this part must not hold."""
    far = {FAR_ASSET, stand.incident(FAR_ASSET), "far-target", f"operator:{FAR_OPERATOR}"}
    near = {NEAR_ASSET, stand.incident(NEAR_ASSET)}
    return {
        Part.WIDE: frozenset(),
        Part.NEAR: frozenset(far),
        Part.NOTHING: frozenset(far | near),
    }


def _row(
    calls: _Calls,
    row: tuple[Key, Operation],
    rule: Rule,
    credential: Credential,
    outside: Mapping[Part, frozenset[str]],
) -> Iterator[Cell]:
    route, operation = row
    not_there: dict[Place, str] = {}
    good = success(operation) if rule.good is None else rule.good
    for place in rule.all_places():
        alone = expectation(route[0], rule, credential, place, good)
        seen = calls.call(route, rule, credential, place)
        # One request for many is answered; what became of each stands in the answer.
        expected = good if rule.naming and alone == NOT_THERE else alone
        if expected == seen.answer.status and alone == NOT_THERE:
            not_there[place] = seen.text
        words = outside[_part_shown(rule, credential, alone)]
        told = (
            _leak(seen.answer, words, always=rule.bearer),
            _outcome(seen, alone == good) if rule.naming and expected == good else "",
            _effect(seen, rule, route[0] not in SAFE_METHODS and alone == good < NOT_GOOD),
            "a foreign object is answered otherwise than a missing one"
            if len(set(not_there.values())) > 1
            else "",
        )
        fault = "; ".join(one for one in told if one)
        yield Cell(route, credential.name, place, expected, seen.answer.status, fault)


def _part_shown(rule: Rule, credential: Credential, expected: int) -> Part:
    """Which part an answer may tell of; a link tells who has it of what it is about."""
    if not rule.bearer:
        return credential.part
    return Part.WIDE if expected < NOT_GOOD else Part.NOTHING


def _leak(answer: Answer, words: frozenset[str], *, always: bool) -> str:
    if answer.status >= NOT_GOOD and not always:  # only a 2xx has content of the fleet
        return ""
    found = sorted(word for word in words if word in answer.text)
    return f"tells of {', '.join(found)}" if found else ""


def _outcome(seen: _Seen, done: bool) -> str:  # noqa: FBT001 - what is to be seen
    """Of the one object that was named."""
    (item,) = json.loads(seen.answer.body)["items"]
    as_told = (item["changed"], item["incident"] is not None, item["fault"] is None)
    return "" if as_told == (done, done, done) else f"the outcome is {item}"


def _effect(seen: _Seen, rule: Rule, moves: bool) -> str:  # noqa: FBT001 - as above
    if rule.trace is None or seen.happened is moves:
        return ""
    return "it happened all the same" if seen.happened else "nothing came of it"


def expectation(method: str, rule: Rule, credential: Credential, place: Place, good: int) -> int:
    """The status that a cell must have."""
    if rule.bearer:
        return good if place is Place.OWN else NOT_THERE
    if rule.who is None or (rule.scraper and credential.scraper):
        return good
    if not credential.roles:
        return 401
    if not _let_in(method, rule, credential):
        return 403
    if place is Place.MISSING:
        return NOT_THERE
    return rule.foreign if _foreign(rule, credential, place) else good


def _let_in(method: str, rule: Rule, credential: Credential) -> bool:
    if rule.who is None or (method not in SAFE_METHODS and not credential.csrf):
        return False
    if credential.token and not rule.tokens:
        return False
    may = credential.roles <= rule.who or credential.roles <= rule.or_who
    return may and (not rule.whole or credential.part is Part.WIDE)


def _foreign(rule: Rule, credential: Credential, place: Place) -> bool:
    if place is Place.NONE:
        return False
    if any(kind.personal for kind in rule.objects.values()):
        return place is Place.FOREIGN
    if credential.part is Part.NOTHING:
        return True
    return place is Place.FOREIGN and credential.part is Part.NEAR


def success(operation: Operation) -> int:
    """The one good status that the document promises."""
    good = [int(code) for code in operation["responses"] if code.startswith("2")]
    return min(good, default=200)
