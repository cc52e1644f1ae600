"""What roles at a provider mean here: by rules, and nothing without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.identities import SqlIdentities
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.oidc import Flow, Identity, membership_of, names_of, parse_rules
from gongfu_fleet.domain.people import Account, Role
from gongfu_fleet.domain.scope import EVERYTHING
from gongfu_fleet.errors import ConflictError, InvalidError

NOW = 1_790_000_000_000
ISSUER = "https://id.example/realm"
RULES = parse_rules("ops=admin; /groups/hz=manager@operator:hangzhou+county:330802; a=b=viewer ;")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def test_rules_name_role_and_scope() -> None:
    told = [(r.value, r.membership.role, r.membership.scope.everything) for r in RULES]
    assert told == [
        ("ops", Role.ADMIN, True),
        ("/groups/hz", Role.MANAGER, False),
        ("a=b", Role.VIEWER, True),
    ]


@pytest.mark.parametrize(
    "text", ["ops", "ops=", "=admin", "ops=king", "ops=device", "ops=viewer@quzhou", "a=viewer@+"]
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_remedy(text: str) -> None:
    with pytest.raises(InvalidError, match="Write"):
        parse_rules(text)


@pytest.mark.parametrize(
    ("claims", "claim", "role"),
    [
        ({"roles": ["x", "ops"]}, "roles", Role.ADMIN),
        ({"roles": "ops"}, "roles", Role.ADMIN),
        ({"realm_access": {"roles": ["ops"]}}, "realm_access.roles", Role.ADMIN),
        ({"https://x.example/roles": ["ops"]}, "https://x.example/roles", Role.ADMIN),
        ({"roles": ["OPS", "ops "]}, "roles", None),
        ({"roles": [["ops"]]}, "roles", None),
        ({"roles": {"ops": True}}, "roles", None),
        ({"roles": None}, "roles", None),
        ({}, "roles", None),
    ],
)
def test_roles_are_found_as_text_or_list_also_inside_of_claims(
    claims: dict[str, object], claim: str, role: Role | None
) -> None:
    found = membership_of(claims, claim, RULES)
    assert (found.role if found else None) == role


@given(st.dictionaries(st.sampled_from(["roles", "a", "b"]), JSON), st.text(max_size=6))
def test_no_claims_whatever_give_a_role_without_its_value(
    claims: dict[str, object], claim: str
) -> None:
    found = membership_of(claims, claim, RULES)
    assert found is None or any(rule.value in str(claims) for rule in RULES)


@given(st.text(min_size=1, max_size=20))
def test_the_secret_of_a_sign_in_gives_three_values_that_tell_nothing_of_each_other(
    secret: str,
) -> None:
    flow = Flow(secret)
    told = {flow.state, flow.nonce, flow.verifier, flow.challenge, secret}
    assert len(told) == 5
    assert 43 <= len(flow.verifier) <= 128  # RFC 7636


def test_a_person_without_a_name_is_called_by_subject_and_host() -> None:
    identity = Identity(ISSUER, "u-1")
    assert names_of({"preferred_username": " "}, "preferred_username", identity) == (
        "u-1@id.example",
    )


def test_an_identity_has_one_account_on_either_database(database: Engine) -> None:
    store, identity = SqlIdentities(database), Identity(ISSUER, "u-1")
    deed = Deed(NOW, "oidc", "user.add", "user:lin")
    assert store.account_of(identity) is None
    lin = Account("1" * 36, "lin", Role.VIEWER, "x", active=True, created_ms=NOW, scope=EVERYTHING)
    store.add(identity, lin, deed)
    assert store.account_of(identity) == lin
    assert store.account_of(Identity(ISSUER + "/", "u-1")) is None
    for other in (identity, Identity(ISSUER, "u-2")):
        with pytest.raises(ConflictError):
            store.add(other, lin, deed)
