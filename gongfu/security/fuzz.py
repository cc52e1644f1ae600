"""S4: schemathesis over the OpenAPI document: no 5xx, nothing answered that the document denies.

Half of the cases fit the document, half are meant to break it. Every second case asks for an
object that exists, every eighth comes from nobody; the others from an administrator who is signed
in anew when a case has spent the session.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FailedHealthCheck, Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup, ServerError
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.requests import ManagedCookiesSession

from gongfu.security.credentials import Shown, by_session
from gongfu.security.matrix import DOCUMENT
from gongfu.security.rule import DOOR, Place, Rule
from gongfu.security.rules import rules_of
from gongfu.security.stand import Stand, StandError
from gongfu_fleet.domain.people import Role

CASES = 60
MOST_TOLD = 50
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ANSWER_S = 10.0
AnyCase = Case[Any]  # Any: of whichever kind of schema
AnyOperation = APIOperation[Any, Any, Any, Any]  # Any: as above
# Parameters that nobody asked for, so that what takes no input is tried more than once too.
NOISE = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=2)
ODD, STRANGER = 2, 8  # every second case asks for what exists, every eighth comes from nobody


@dataclass
class Fuzzed:
    """What was sent and what came back wrong; ``told`` has the first findings."""

    cases: dict[str, int] = field(default_factory=dict)
    server_errors: int = 0
    schema_breaks: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:  # Any: counts, for JSON
        """The keys of the bench."""
        return {
            "fuzz_operations": len(self.cases),
            "fuzz_cases": sum(self.cases.values()),
            "fuzz_5xx": self.server_errors,
            "fuzz_schema_breaks": self.schema_breaks,
        }


@dataclass
class _Fuzz:
    stand: Stand
    wire: ManagedCookiesSession  # one connection for all; it forgets the cookies of every answer
    found: Fuzzed = field(default_factory=Fuzzed)
    _shown: Shown | None = None
    _numbers: "count[int]" = field(default_factory=count)

    def attempt(self, case: AnyCase, rule: Rule | None, noise: Mapping[str, str]) -> None:
        if not case.query:
            case.query = dict(noise)
        number, shown = next(self._numbers), self._caller(rule)
        if rule and number % ODD:
            self._name(case, rule, shown)
        headers = {} if number % STRANGER == 0 else dict(shown.headers)
        label = case.operation.label
        self.found.cases[label] = self.found.cases.get(label, 0) + 1
        answer = case.call(
            base_url=self.stand.url, session=self.wire, headers=headers, timeout=ANSWER_S
        )
        code = answer.status_code
        self.found.answers[code] = self.found.answers.get(code, 0) + 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self._note(label, failure, case)
        except Failure as failure:
            self._note(label, failure, case)

    def _name(self, case: AnyCase, rule: Rule, shown: Shown) -> None:
        """Put objects that exist where the case names any."""
        made = {
            name: kind.make(self.stand, shown, Place.OWN) for name, kind in rule.objects.items()
        }
        if rule.naming is None:
            case.path_parameters.update(made)
        elif isinstance(case.body, dict) and "ids" in case.body:
            case.body = {**case.body, "ids": list(made.values())}

    def _caller(self, rule: Rule | None) -> Shown:
        spends = rule is not None and rule.spends
        if self._shown is not None and not spends:
            return self._shown
        account = self.stand.person(f"fuzz-{next(self._numbers)}", Role.ADMIN)
        shown = by_session(account, self.stand.session(account))
        if not spends:
            self._shown = shown
        return shown

    def _note(self, label: str, failure: Failure, case: AnyCase) -> None:
        self.found.server_errors += isinstance(failure, ServerError)
        self.found.schema_breaks += not isinstance(failure, ServerError)
        if len(self.found.told) < MOST_TOLD:
            self.found.told.append(f"{label}: {failure}\n{case.as_curl_command()}")


def fuzz(stand: Stand, *, cases: int = CASES, seed_number: int = 1) -> Fuzzed:
    """Send this many cases to every operation; fewer where there are not so many to think of."""
    stand.person(DOOR, Role.VIEWER)
    document = stand.send("GET", DOCUMENT)
    schema = schemathesis.openapi.from_dict(json.loads(document.body))
    schema.config.max_stream_events = 1
    with ManagedCookiesSession() as wire:
        wire.trust_env = False
        run = _Fuzz(stand, wire)
        for found in schema.get_all_operations():
            if isinstance(found, Err):
                raise StandError(f"the OpenAPI document has a fault: {found.err()}")
            _operation(run, found.ok(), cases, seed_number)
    return run.found


def _operation(run: _Fuzz, operation: AnyOperation, cases: int, seed_number: int) -> None:
    rule = next(iter(rules_of((operation.method.upper(), operation.path))), None)
    half = cases // 2
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        _some(run, operation, rule, mode=mode, most=(half, seed_number))
    # What takes no input cannot be sent a wrong one.
    left = cases - run.found.cases.get(operation.label, 0)
    if left > 0:
        rest = (left, seed_number + 1)
        _some(run, operation, rule, mode=GenerationMode.POSITIVE, most=rest)


def _some(
    run: _Fuzz,
    operation: AnyOperation,
    rule: Rule | None,
    *,
    mode: GenerationMode,
    most: tuple[int, int],
) -> None:
    number, seed_number = most
    strategy = operation.as_strategy(generation_mode=mode)

    @seed(seed_number)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=sorted(set(HealthCheck) - {HealthCheck.filter_too_much}, key=str),
    )
    @given(strategy, NOISE)
    def send(case: AnyCase, noise: dict[str, str]) -> None:
        run.attempt(case, rule, noise)

    # There is nothing that would break the promise of an operation that takes anything.
    with suppress(Unsatisfiable, FailedHealthCheck):
        send()
