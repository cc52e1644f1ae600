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
from gongfu_fleet.domain.alarms.policy import ZonePolicy
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Excursion, Span
from gongfu_fleet.domain.alarms.zone import ZoneState
from gongfu_fleet.errors import InvalidError
from tests.fleet.alarms.stand import POLICY

finite = st.floats(allow_nan=False, allow_infinity=False)
spans = st.lists(st.builds(Span, st.integers(), st.integers())).map(tuple)
excursions = st.builds(Excursion, peak_celsius=finite, unknown=spans)
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
policies = st.builds(
    ZonePolicy,
    low_celsius=st.none() | st.just(-0.5),
    high_celsius=st.none() | st.just(0.0),
    deadband_celsius=st.floats(0, 5),
    on_delay_ms=st.integers(0),
    low_on_delay_ms=st.integers(0),
    off_delay_ms=st.integers(0),
    max_gap_ms=st.integers(1),
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
        policy=policies,
        last=st.none() | st.tuples(st.integers(), finite),
        high=st.none() | excursions,
        low=st.none() | excursions,
        disturbed_ms=st.none() | st.integers(),
    )
)
def test_every_zone_state_survives_the_way_through_json(state: ZoneState) -> None:
    text = zone_data.to_text(state)
    assert zone_data.from_text(text) == state
    assert json.loads(text) == json.loads(json.dumps(zone_data.to_data(state)))


def test_of_a_state_stored_before_it_was_told_everything_counts_as_disturbed() -> None:
    data = zone_data.to_data(ZoneState("zone_1_celsius", POLICY, (25, -14.3)))
    del data["disturbed_ms"]
    assert zone_data.from_data(data).disturbed_ms == 25
    assert zone_data.from_data({**data, "last": None}).disturbed_ms is None


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
