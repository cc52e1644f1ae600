"""Layers of policies: who wins, which number names the whole, what is refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_fleet.domain import policies
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.policies import (
    Layer,
    Layers,
    Place,
    PolicyVersion,
    Target,
    cold,
    layers_of,
    parse_target,
    targets_of,
)
from gongfu_fleet.domain.policy_fields import (
    FIELDS,
    WHOLE_FIELDS,
    check_fields,
    differences,
    shipped_fields,
)
from gongfu_fleet.errors import InvalidError, NotFoundError
from gongfu_fleet.services.cold_policies import shipped_cold_policies

WEB = Path(__file__).parents[3] / "fleet" / "web" / "src" / "shared" / "messages"
PLACE = Place("frozen", "cab-0001", 1)
SHIPPED, CLASS, ASSET, ZONE = targets_of(PLACE)
FROZEN = shipped_fields(shipped_cold_policies()["frozen"])


def version(number: int, target: Target, fields: Mapping[str, float | None]) -> PolicyVersion:
    return PolicyVersion(number, target, fields, f"source {number}", "", "x", 0, 0)


BASE = version(1, SHIPPED, FROZEN)


def policy_at(layers: Layers, place: Place) -> ColdPolicy:
    return cold(policies.policy_at(layers, place))


def policy_in_force(layers: Layers, place: Place) -> tuple[ColdPolicy, InvalidError | None]:
    policy, fault = policies.policy_in_force(layers, place)
    return cold(policy), fault


def test_the_more_specific_layer_wins_field_by_field() -> None:
    layers = layers_of(
        [
            BASE,
            version(2, ZONE, {"air_high_celsius": -17}),
            version(3, ASSET, {"air_high_celsius": -16, "door_open_min": 5}),
            version(4, CLASS, {"air_high_celsius": -14, "door_open_min": 7, "stuck_min": 45}),
        ]
    )
    policy = policy_at(layers, PLACE)
    assert (policy.air_high_celsius, policy.door_open_min, policy.stuck_min) == (-17, 5, 45)
    assert policy.tau_min == FROZEN["tau_min"]
    assert policy.version == 4
    assert policy.source == "source 1 | source 4 | source 3 | source 2"
    other = policy_at(layers, Place("frozen", "cab-0002", 1))
    assert (other.air_high_celsius, other.version) == (-14, 4)
    assert policy_at(layers, Place("frozen", "cab-0001", 2)).air_high_celsius == -16


def test_no_limit_is_a_value_of_its_own() -> None:
    chilled = shipped_fields(shipped_cold_policies()["dairy"])
    place = Place("dairy", "cab-0001", 1)
    layers = layers_of(
        [
            version(1, Target(Layer.SHIPPED, "dairy"), chilled),
            version(2, ZONE, {"low_celsius": None}),
        ]
    )
    assert chilled["low_celsius"] == 0
    assert policy_at(layers, place).low_celsius is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([CLASS, ASSET, ZONE]),
            st.dictionaries(
                st.sampled_from(["door_open_min", "stuck_min", "bad_min"]), st.integers(1, 20)
            ),
        ),
        max_size=12,
    )
)
def test_one_number_names_the_whole_policy_for_ever(
    changes: list[tuple[Target, dict[str, int]]],
) -> None:
    versions, told = [BASE], {}
    for number, (target, fields) in enumerate(changes, start=2):
        versions.append(version(number, target, dict(fields)))
        told[number] = policy_at(layers_of(versions), PLACE)
    for number, policy in told.items():
        assert policy.version == number
        assert policy_at(layers_of(reversed(versions), number), PLACE) == policy


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"air_heigh": 1}, "no field 'air_heigh'"),
        ({"air_high_celsius": 99}, "air_high_celsius is 99. Give a number from -60 to 70"),
        ({"air_high_celsius": None}, "air_high_celsius is no number"),
        ({"air_high_celsius": "-15"}, "air_high_celsius is no number"),
        ({"air_delay_min": True}, "air_delay_min is no number"),
        ({"air_delay_min": -1}, "from 0 to 10080"),
        ({"tau_min": 0}, "tau_min is 0. Give a number from 1"),
        ({"tau_min": float("nan")}, "tau_min is nan"),
        ({"low_celsius": "x"}, "or null for none"),
    ],
)
def test_a_refused_value_is_told_by_its_field_and_what_it_may_be(
    told: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidError, match=words.replace("(", r"\(")):
        check_fields(told)


def test_0_and_negative_values_are_values() -> None:
    assert check_fields({"low_celsius": 0, "air_high_celsius": -40.5}) == {
        "low_celsius": 0,
        "air_high_celsius": -40.5,
    }


def test_fields_that_cannot_hold_together_are_told_with_the_zone() -> None:
    layers = layers_of([BASE, version(2, ZONE, {"product_critical_celsius": -20})])
    with pytest.raises(InvalidError, match=r"cab-0001 zone 1 \(frozen\): product_high_celsius -15"):
        policy_at(layers, PLACE)


def test_a_layer_that_a_new_program_cannot_bear_is_passed_over_and_told() -> None:
    shipped = version(9, SHIPPED, {**FROZEN, "product_critical_celsius": -14})
    own = version(3, ZONE, {"product_high_celsius": -13, "stuck_min": 40})
    layers = layers_of([BASE, version(2, ASSET, {"door_open_min": 5}), own, shipped])
    policy, fault = policy_in_force(layers, PLACE)
    assert (policy.product_high_celsius, policy.stuck_min, policy.door_open_min) == (-15, 30, 5)
    assert policy.version == 9
    assert "product_high_celsius -13" in str(fault)
    assert policy_in_force(layers_of([BASE, own]), PLACE)[1] is None


def test_a_field_of_a_newer_program_is_passed_over() -> None:
    layers = layers_of([BASE, version(2, ZONE, {"of_the_future": 3, "stuck_min": 40})])
    assert policy_at(layers, PLACE).stuck_min == 40


def test_a_class_that_is_not_shipped_has_no_policy() -> None:
    with pytest.raises(NotFoundError, match="class 'wine'"):
        policy_at(layers_of([BASE]), Place("wine", "cab-0001", 1))


@pytest.mark.parametrize("text", ["class:frozen", "asset:cab-0001", "zone:cab-0001:2"])
def test_a_target_is_written_and_read_back(text: str) -> None:
    assert str(parse_target(text)) == text


@pytest.mark.parametrize(
    "text", ["", "frozen", "class:", "shipped:frozen", "zone:cab-0001", "zone:cab-0001:x", "a:b:1"]
)
def test_what_names_no_policy_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidError, match=r"zone:cab-0001:1"):
        parse_target(text)


def test_every_shipped_value_is_one_that_people_may_set() -> None:
    for policy in shipped_cold_policies().values():
        assert check_fields(shipped_fields(policy)) == shipped_fields(policy)
    assert set(FROZEN) == set(FIELDS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_field_and_class_has_words_on_the_page(language: str) -> None:
    words = (WEB / f"policies.{language}.ts").read_text()
    whole = [name for known in WHOLE_FIELDS.values() for name in known]
    names = (*FIELDS, *shipped_cold_policies(), *whole, *WHOLE_FIELDS)
    assert [name for name in names if f" {name}: '" not in words] == []


def test_differences_tell_what_was_set_what_was_unset_and_what_is_none() -> None:
    assert differences({"low_celsius": 0, "stuck_min": 3}, {"low_celsius": None, "tau_min": 4}) == {
        "tau_min": ("", 4),
        "low_celsius": (0, None),
        "stuck_min": (3, ""),
    }
