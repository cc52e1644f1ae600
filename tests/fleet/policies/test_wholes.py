"""Policies of assets as a whole: the same layers, versions and refusals as those of zones."""

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.alarms.asset_rules.policy import CabinetPolicy, TruckPolicy
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.domain.policies import Target, parse_target
from gongfu_fleet.domain.policy_fields import WHOLE_FIELDS, check_fields, shipped_fields
from gongfu_fleet.domain.scope import EVERYTHING
from gongfu_fleet.errors import InvalidError
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.asset_books import AssetBooks, KindPolicies
from gongfu_fleet.services.asset_policies import shipped_asset_policies, truck_policy
from gongfu_fleet.services.cold_policies import VersionedPolicies, record_shipped
from gongfu_fleet.services.policies import Change, PolicyDesk
from gongfu_fleet.services.watched_zones import RegistryZones
from tests.fleet.alarms.stand import DEV, MINUTE, START_MS, Stand

BY = Actor("x", START_MS, START_MS)
TRUCKS, ONE = parse_target("class:truck"), parse_target("zone:veh-0001:0")
CABINET = parse_target(f"zone:{DEV}:0")


@pytest.fixture
def kind() -> str:
    """One database is enough: the store has its own tests on both."""
    return "sqlite"


class House:
    """A desk, and what the watch would judge by."""

    def __init__(self, county: Engine) -> None:
        self.store, self.registry = SqlPolicies(county), SqlRegistry(county)
        record_shipped(self.store, now_ms=START_MS)
        self.desk = PolicyDesk(self.store, self.registry, self.registry)
        self.in_force = VersionedPolicies(self.store)
        books = AssetBooks(self.registry, self.in_force)
        self.zones = RegistryZones(self.registry, self.in_force, books)

    def says(self, target: Target, expected: int = 0, /, **fields: float) -> int:
        change = Change(target, fields, expected, f"because of {target}")
        return self.desk.save(change, by=BY).version

    def book(self, asset: str) -> object:
        self.zones.refresh()
        (found,) = (one.book for one in self.zones.zones()[asset] if one.zone == 0)
        return found

    def truck(self, asset: str = "veh-0001") -> TruckPolicy:
        policy = getattr(self.book(asset), "policy", None)
        assert isinstance(policy, TruckPolicy)
        return policy


@pytest.fixture
def house(county: Engine) -> House:
    return House(county)


def test_what_is_shipped_holds_with_every_source_until_somebody_says_otherwise(
    house: House,
) -> None:
    shipped, held = shipped_asset_policies()["truck"], house.truck()
    assert shipped_fields(held) == shipped_fields(shipped)
    assert {name: held.sources[name] for name in WHOLE_FIELDS["truck"]} == {
        name: " ".join(shipped.sources[name].split()) for name in WHOLE_FIELDS["truck"]
    }
    assert len(held.ground.stops) > 100


def test_one_truck_wins_over_all_trucks_field_by_field(house: House) -> None:
    first = house.says(TRUCKS, moving_kmh=12, corridor_min=20)
    second = house.says(ONE, moving_kmh=15)
    mine, other = house.truck(), house.truck("veh-0002")
    assert (mine.moving_kmh, mine.corridor_min, mine.version) == (15, 20, second)
    assert (other.moving_kmh, other.corridor_min, other.version) == (12, 20, first)
    assert mine.sources["moving_kmh"] == f"because of {ONE}"
    assert mine.sources["corridor_min"] == f"because of {TRUCKS}"
    assert house.book("veh-0002") is house.book("veh-0003")


def test_words_for_the_zones_of_an_asset_are_none_for_the_whole(house: House) -> None:
    before = house.truck()
    house.says(parse_target("asset:veh-0001"), air_high_celsius=9)
    assert house.truck() == before
    targets = [str(view.target) for view in house.desk.overrides(EVERYTHING)]
    house.says(ONE, moving_kmh=15)
    after = [str(view.target) for view in house.desk.overrides(EVERYTHING)]
    assert sorted({*after} - {*targets}) == ["zone:veh-0001:0"]


def test_an_old_version_can_be_had_as_it_was_and_gone_back_to(house: House) -> None:
    first = house.says(ONE, moving_kmh=15)
    second = house.says(ONE, first, moving_kmh=20)
    then = house.desk.show(ONE, EVERYTHING, upto=first).whole
    assert shipped_fields(then)["moving_kmh"] == 15
    house.desk.revert(ONE, 0, expected=second, note="", by=BY)
    assert house.truck().moving_kmh == truck_policy().moving_kmh
    assert len(house.desk.history(ONE, EVERYTHING)) == 3


@pytest.mark.parametrize(
    ("target", "fields", "words"),
    [
        (ONE, {"air_high_celsius": 4}, "no field 'air_high_celsius'"),
        (parse_target("zone:veh-0001:1"), {"moving_kmh": 4}, "no field 'moving_kmh'"),
        (ONE, {"moving_kmh": -1}, "moving_kmh is -1"),
        (ONE, {"power_need": 1.5}, "power_need is 1.5"),
        (ONE, {"still_kmh": 30}, "still_kmh above moving_kmh"),
        (ONE, {"power_need": 9}, "power_need of power_of"),
        (ONE, {"backlog_min": 5}, "backlog_min holds for every truck"),
    ],
)
def test_what_no_rule_can_mean_is_refused(
    house: House, target: Target, fields: dict[str, float], words: str
) -> None:
    with pytest.raises(InvalidError, match=words):
        house.says(target, 0, **fields)


def test_a_count_stays_a_count(house: House) -> None:
    house.says(ONE, power_need=1.0, power_of=2.0)
    assert [type(one) for one in (house.truck().power_need, house.truck().power_of)] == [int, int]
    assert check_fields({"power_of": 3.0}, "truck") == {"power_of": 3}


def test_the_limits_of_backlogs_are_those_of_the_kind_in_force(house: House) -> None:
    kinds = KindPolicies(house.in_force)
    assert kinds[AssetKind.TRUCK].backlog_min == truck_policy().backlog_min
    house.says(TRUCKS, backlog_min=33)
    assert kinds[AssetKind.TRUCK].backlog_min == truck_policy().backlog_min
    house.zones.refresh()
    assert kinds[AssetKind.TRUCK].backlog_min == 33
    assert isinstance(kinds[AssetKind.CABINET], CabinetPolicy)


def test_a_changed_policy_judges_the_last_days_anew_and_the_incident_names_it(
    house: House,
) -> None:
    stand = Stand()
    stand.zones.book = house.book(DEV)  # type: ignore[assignment] # a rulebook
    door = {"zone_1_celsius": 4.0, "door_open": 1.0, "mains_on": 1.0}

    def hears(minutes: range) -> None:
        told = [(START_MS + at * MINUTE, door) for at in minutes]
        stand.tell(told)
        stand.drain()

    hears(range(12))
    assert stand.incidents() == []
    version = house.says(CABINET, session_min=5)
    stand.zones.book = house.book(DEV)  # type: ignore[assignment] # as above
    hears(range(12, 13))
    (incident,) = stand.incidents()
    episode = incident.finding.episode
    assert incident.subject.hazard is Hazard.SESSION_OPEN
    assert incident.finding.policy_version == version
    assert episode.raised_ms - episode.begin_ms == 5 * MINUTE
