"""From a change of a policy to the verdict of the watch, and back to the policy it was made by."""

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.policy_effect import found
from gongfu_fleet.domain.alarms.zone_book import zone_book
from gongfu_fleet.domain.policies import zone_target
from gongfu_fleet.domain.scope import EVERYTHING
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.cold_policies import VersionedPolicies, record_shipped
from gongfu_fleet.services.policies import Change, PolicyDesk
from gongfu_fleet.services.watched_zones import RegistryZones
from tests.fleet.alarms.stand import DEV, METRIC, MINUTE, START_MS, Stand

TARGET = zone_target(DEV, 1)
BY = Actor("x", START_MS, START_MS)
WARM = range(60, 160)


@pytest.fixture
def kind() -> str:
    """One database is enough: the store has its own tests on both."""
    return "sqlite"


def celsius(minute: int) -> float:
    return 7.5 if minute in WARM else 3 + minute % 7 / 10


def test_a_verdict_names_the_version_by_which_it_can_be_recomputed(county: Engine) -> None:
    store, registry = SqlPolicies(county), SqlRegistry(county)
    record_shipped(store, now_ms=START_MS)
    desk, zones = PolicyDesk(store, registry), RegistryZones(registry, VersionedPolicies(store))
    stand, told = Stand(), list[float]()

    def watched(*values: float) -> None:
        zones.refresh()
        stand.zones.book = zones.zones()[DEV][0].book
        stand.hear(*values, minute=len(told))
        told.extend(values)
        stand.drain()

    watched(*(celsius(n) for n in range(200)))
    assert stand.incidents() == []
    lower = Change(TARGET, {"air_high_celsius": 7}, 0, "HACCP")
    version = desk.save(lower, by=BY).version
    watched(celsius(200))
    (incident,) = stand.incidents()
    finding = incident.finding
    assert (incident.subject.hazard, finding.limit_celsius) == (Hazard.AIR_HIGH, 7)
    assert finding.policy_version == version

    desk.save(Change(TARGET, {"air_high_celsius": 9}, version, "HACCP"), by=BY)
    watched(celsius(201))
    assert [one.living for one in stand.incidents()] == [False]
    then = desk.show(TARGET, EVERYTHING, upto=finding.policy_version).whole
    rows = [(START_MS + n * MINUTE, (value, None)) for n, value in enumerate(told)]
    assert [(one.hazard, one.episode) for one in found(rows, zone_book(METRIC, then))] == [
        (Hazard.AIR_HIGH, finding.episode)
    ]
