"""The ledger of policy versions on both databases."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.policies import (
    Layer,
    Place,
    PolicyVersion,
    Target,
    zone_target,
)
from gongfu_fleet.domain.policy_fields import shipped_fields
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.cold_policies import ShippedPolicies, VersionedPolicies, record_shipped
from gongfu_fleet.services.policy_ports import Draft

NOW = 1_790_000_000_000
PLACE = Place("chilled_generic", "cab-0001", 1)
ZONE = zone_target("cab-0001", 1)
DEED = Deed(NOW, "x", "policy.save", f"policy:{ZONE}")


def draft(**fields: float | None) -> Draft:
    return Draft(ZONE, fields, "HACCP 3", "夏季", "x", NOW, NOW + 1)


def test_versions_are_added_in_a_row_and_a_stale_change_is_refused_whole(database: Engine) -> None:
    store = SqlPolicies(database)
    assert store.revision() == 0
    first = store.append(draft(air_high_celsius=6, low_celsius=None), expected=0, deed=DEED)
    with pytest.raises(ConflictError, match="at version 1, not 0"):
        store.append(draft(air_high_celsius=5), expected=0, deed=DEED)
    second = store.append(draft(air_high_celsius=7), expected=first.version, deed=DEED)
    assert store.versions() == [first, second]
    assert (second.version, second.before, second.fields) == (2, 1, {"air_high_celsius": 7})
    assert first.fields == {"air_high_celsius": 6, "low_celsius": None}
    assert [one.data for one in SqlAuditLog(database).page(9)] == ['{"version":2}', '{"version":1}']


def test_of_two_changes_at_once_one_is_refused(database: Engine) -> None:
    store = SqlPolicies(database)

    def change(celsius: float) -> int:
        try:
            return store.append(draft(air_high_celsius=celsius), expected=0, deed=DEED).version
        except ConflictError:
            return 0

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(change, (5.0, 6.0))) == [0, 1]
    assert len(store.versions()) == 1


def test_what_is_shipped_is_recorded_once(database: Engine) -> None:
    store = SqlPolicies(database)
    assert record_shipped(store, now_ms=NOW) == 14
    assert record_shipped(store, now_ms=NOW + 1) == 0
    assert [one.version for one in store.versions()] == list(range(1, 15))
    numbered = VersionedPolicies(store).policy_of(PLACE)
    shipped = ShippedPolicies().policy_of(PLACE)
    assert numbered.air_high_celsius == shipped.air_high_celsius


@dataclass
class Kept:
    """A ledger in memory, for reading."""

    told: list[PolicyVersion]

    def revision(self) -> int:
        """The newest."""
        return self.told[-1].version

    def versions(self) -> list[PolicyVersion]:
        """All."""
        return self.told

    def append(self, draft: Draft, *, expected: int, deed: Deed) -> PolicyVersion:
        """Nobody writes here."""
        raise NotImplementedError

    def record_shipped(self, shipped: Mapping[Target, Draft]) -> int:
        """Nobody writes here."""
        raise NotImplementedError


def test_a_layer_that_cannot_hold_any_more_is_told_once_and_the_rest_holds() -> None:
    shipped = Target(Layer.SHIPPED, "chilled_generic")
    fields = shipped_fields(ShippedPolicies().policy_of(PLACE))
    store = Kept(
        [
            PolicyVersion(1, shipped, fields, "s", "", "gongfu", 0, 0),
            PolicyVersion(2, ZONE, {"product_high_celsius": 11}, "s", "", "x", 0, 0),
        ]
    )
    policies = VersionedPolicies(store)
    assert [policies.policy_of(PLACE).product_high_celsius for _ in range(2)] == [8, 8]
    (told,) = policies.troubles()
    assert "cab-0001 zone 1" in told
    store.told.append(PolicyVersion(3, ZONE, {"product_high_celsius": 9}, "s", "", "x", 0, 0))
    assert policies.refresh()
    assert policies.policy_of(PLACE).product_high_celsius == 9
    assert policies.troubles() == []
