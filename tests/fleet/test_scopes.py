"""Who sees which part of the fleet: in the query and in memory alike."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.people import Account, Role
from gongfu_fleet.domain.scope import EVERYTHING, Grant, Scope, ScopeKind, parse_grant, scope_of
from gongfu_fleet.errors import InvalidError

REFS = ["quzhou", "hangzhou", "330802", "330881", "330802001", "veh-0001", "cab-0001", "", "'--"]
GRANTS = st.builds(Grant, st.sampled_from(ScopeKind), st.sampled_from(REFS))
SCOPES = st.builds(Scope, st.lists(st.frozensets(GRANTS, max_size=4), max_size=3).map(tuple))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scope=SCOPES)
def test_the_query_and_the_rule_agree_on_every_asset(county: Engine, scope: Scope) -> None:
    registry = SqlRegistry(county)
    everything = registry.assets()
    covered = {key for key, asset in everything.items() if scope.covers(asset)}
    assert set(registry.assets(scope)) == covered


def test_two_operators_see_nothing_of_each_other(county: Engine) -> None:
    registry = SqlRegistry(county)
    quzhou = registry.assets(scope_of([Grant(ScopeKind.OPERATOR, "quzhou")]))
    compound = registry.assets(scope_of([Grant(ScopeKind.OPERATOR, "hangzhou")]))
    assert (len(quzhou), len(compound)) == (51, 68)
    assert not quzhou.keys() & compound.keys()


def test_an_empty_list_of_grants_is_nothing_and_none_is_everything(county: Engine) -> None:
    registry = SqlRegistry(county)
    assert not registry.assets(scope_of([]))
    assert registry.assets(scope_of(None)) == registry.assets(EVERYTHING) == registry.assets()


@given(one=SCOPES, other=SCOPES)
def test_narrowing_never_widens(one: Scope, other: Scope) -> None:
    assert one.narrowed(EVERYTHING) == one
    assert one.narrowed(other).limits == one.limits + other.limits


@pytest.mark.parametrize("text", ["", "county", "county:", ":330802", "village:330802", "COUNTY:1"])
def test_a_scope_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="no scope"):
        parse_grant(text)


def test_a_scope_survives_the_database(county: Engine) -> None:
    people = SqlPeople(county)
    scope = scope_of([parse_grant("county:330802"), parse_grant("cabinet:cab-0001")])
    for name, given_scope in (("all", EVERYTHING), ("some", scope), ("none", scope_of([]))):
        people.add(
            Account(name, name, Role.VIEWER, "x", active=True, created_ms=1, scope=given_scope)
        )
        account = people.by_name(name)
        assert account is not None
        assert account.scope == given_scope


def test_nobody_knows_an_incident_outside_the_scope(county: Engine) -> None:
    store = SqlIncidentStore(county)
    assert store.version(scope_of([])) == 0
    assert not store.page(10, None, asset=None, only_open=False, scope=scope_of([]))
