"""What is stored can be read again, exactly."""

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms import event_data, zone_data
from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.handling import Handling, Step
from gongfu_fleet.domain.alarms.handling_data import handling_of, handling_to_data
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Body,
    ConditionChanged,
    Finding,
    Heard,
    Merged,
    Raised,
    Retracted,
    Revised,
    Silent,
    Subject,
)
from gongfu_fleet.domain.alarms.modifiers import Graver
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Span
from gongfu_fleet.domain.alarms.zone import ZoneState
from gongfu_fleet.errors import InvalidError

finite = st.floats(allow_nan=False, allow_infinity=False)
spans = st.lists(st.builds(Span, st.integers(), st.integers())).map(tuple)
findings = st.builds(
    Finding,
    episode=st.builds(Episode, peak_celsius=st.none() | finite, unknown=spans),
    limit_celsius=st.none() | finite,
)
bodies = st.one_of(
    st.builds(Raised, finding=findings),
    st.builds(ConditionChanged, findings),
    st.builds(Revised, findings),
    *(st.from_type(kind) for kind in (Silent, Heard, Graver, Acknowledged, Merged, Retracted)),
    *(st.from_type(kind) for kind in get_args(Step)),
)


@given(bodies)
def test_every_event_survives_the_way_through_json(body: Body) -> None:
    kind, data = event_data.to_data(body)
    assert event_data.from_data(kind, json.loads(json.dumps(data))) == body


@given(st.from_type(Handling))
def test_what_people_did_survives_the_way_through_json(handling: Handling) -> None:
    assert handling_of(json.loads(json.dumps(handling_to_data(handling)))) == handling


def test_an_event_stored_before_consequences_and_arrivals_were_told_keeps_its_meaning() -> None:
    assert event_data.from_data("acknowledged", {"note": "x"}) == Acknowledged("x", None)
    episode = Episode(Condition.ACTIVE, 10, 20, None, 9.0, ())
    subject = Subject("cab-0001", 1, Hazard.TEMPERATURE_HIGH)
    finding = Finding(episode, 8.0, "dairy", 1)
    told = Raised(subject, Severity.HIGH, finding, late=False, consequence=Consequence.PRODUCT)
    kind, data = event_data.to_data(told)
    old = {name: value for name, value in data.items() if name != "consequence"}
    assert event_data.from_data(kind, old) == replace(told, consequence=Consequence.NONE)
    assert event_data.from_data("retracted", {}) == Retracted("")


@given(
    st.builds(
        ZoneState,
        kind=st.text(),
        key=st.text(),
        last=st.none() | st.tuples(st.integers(), st.tuples(st.none() | finite, finite)),
        text=st.just("") | st.text(alphabet='{}[]\n"ab1'),
    )
)
def test_every_zone_state_survives_the_way_through_text(state: ZoneState) -> None:
    assert zone_data.from_text(zone_data.to_text(state)) == state


def test_a_state_of_the_plain_rule_is_known_as_such_with_its_newest_sample() -> None:
    old = '{"metric":"zone_1_celsius","policy":{"version":1},"last":[25,-14.3],"high":null}'
    assert zone_data.from_text(old) == ZoneState(zone_data.PLAIN, "", (25, (-14.3,)))
    never = '{"metric":"zone_1_celsius","policy":{"version":1},"last":null,"high":null}'
    assert zone_data.from_text(never) == ZoneState(zone_data.PLAIN, "")


def test_an_event_of_a_newer_program_is_refused_with_a_remedy() -> None:
    with pytest.raises(InvalidError, match="newer"):
        event_data.from_data("teleported", {})


def test_the_words_in_the_ledger_are_those_of_the_http_contract() -> None:
    assert [condition.value for condition in Condition] == [
        "normal",
        "pending",
        "active",
        "clearing",
        "unknown",
    ]
