"""One notice for a cause, none for what follows from it, one more when something grows graver."""

import pytest
from sqlalchemy import Engine

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Acknowledged, Subject
from gongfu_fleet.domain.alarms.liveness import over, raised
from gongfu_fleet.domain.alarms.modifiers import Graver, Released, Suppressed
from gongfu_fleet.domain.alarms.parents import BROKER, Group
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.domain.notify.notice import Bundle, Form, Transition
from gongfu_fleet.domain.notify.routing import Route
from gongfu_fleet.domain.notify.text import text_of
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from tests.fleet.notify.examples import HOUR, MINUTE, MONDAY_9, incident_id
from tests.fleet.notify.examples import raised as too_warm
from tests.fleet.notify.test_recorder import House

SITE = Group("hangzhou", AssetKind.CABINET).subject


@pytest.fixture
def house(fleet_db: Engine) -> House:
    return House(fleet_db)


def falls_silent(house: House, numbers: range, parent: int | None = None) -> None:
    for number in numbers:
        about = Subject(f"cab-{number:04d}", 0, Hazard.CHANNEL_SILENT)
        bodies = [raised(about, MONDAY_9 - 15 * MINUTE, MONDAY_9)]
        house.happens(number, *bodies, *([Suppressed(incident_id(parent))] if parent else []))


def test_a_silent_site_is_told_once_and_its_children_are_not(house: House) -> None:
    house.happens(99, raised(SITE, MONDAY_9 - 10 * MINUTE, MONDAY_9))
    falls_silent(house, range(1, 12), parent=99)
    (one,) = house.told()
    assert (one.incident_id, one.facts.asset_name) == (incident_id(99), "杭州智能柜")
    text = text_of(Bundle(Form.SINGLE, (one,)))
    assert text.title == "【重要】杭州智能柜 site:hangzhou:cabinet 整片无数据"


def test_whoever_covers_the_site_is_told_of_it(house: House) -> None:
    elsewhere = scope_of([Grant(ScopeKind.OPERATOR, "quzhou")])
    house.routes.append(Route("valleys", elsewhere))
    house.happens(99, raised(SITE, MONDAY_9 - 10 * MINUTE, MONDAY_9))
    assert len(house.told()) == 1
    assert house.told("valleys") == []


def test_a_child_that_outlives_its_parent_is_told_then(house: House) -> None:
    house.happens(99, raised(SITE, MONDAY_9 - 10 * MINUTE, MONDAY_9))
    falls_silent(house, range(1, 2), parent=99)
    assert len(house.told()) == 1
    house.happens(1, Released())
    told = {one.incident_id: one.transition for one in house.told()}
    assert told == {incident_id(99): Transition.RAISED, incident_id(1): Transition.REOPENED}


def test_a_child_that_was_told_before_its_parent_is_told_to_be_over(house: House) -> None:
    falls_silent(house, range(1, 2))
    assert len(house.told()) == 1
    house.happens(99, raised(SITE, MONDAY_9 - 20 * MINUTE, MONDAY_9))
    incident = house.ledger.find(incident_id(1))
    house.happens(1, Suppressed(incident_id(99)), over(incident, MONDAY_9 + HOUR).body)
    told = [one.transition for one in house.told() if one.incident_id == incident_id(1)]
    assert sorted(told) == [Transition.CLEARED, Transition.RAISED]


def test_the_lost_link_of_the_platform_is_told_on_every_channel(house: House) -> None:
    house.routes.append(Route("town", scope_of([Grant(ScopeKind.TOWN, "330803100")])))
    house.happens(1, raised(BROKER, MONDAY_9, MONDAY_9))
    assert [one.severity for one in house.told()] == [Severity.CRITICAL]
    (one,) = house.told("town")
    assert one.facts.asset_name == "消息服务器"


def test_a_step_up_is_told_and_reaches_channels_for_the_grave(house: House) -> None:
    house.routes.append(Route("pager", least=Severity.CRITICAL))
    house.happens(1, too_warm(severity=Severity.HIGH))
    assert house.told("pager") == []
    house.happens(1, Graver(Severity.CRITICAL))
    (one,) = house.told("pager")
    assert (one.transition, one.severity) == (Transition.GRAVER, Severity.CRITICAL)
    assert "严重·加重" in text_of(Bundle(Form.SINGLE, (one,))).title
    # From now on it is escalated like anything critical.
    told = house.later(15 * MINUTE)
    assert ("escalated", 1, "dispatcher") in told


def test_what_was_acknowledged_before_it_was_read_is_not_told_to_be_graver(house: House) -> None:
    house.happens(1, too_warm(), Acknowledged("去看"), Graver(Severity.CRITICAL))
    assert house.told() == []


def test_every_step_up_is_told_once(house: House) -> None:
    house.happens(1, too_warm(severity=Severity.LOW))
    house.told()
    house.happens(1, Graver(Severity.HIGH))
    house.told()
    house.happens(1, Graver(Severity.CRITICAL))
    steps = [one.severity for one in house.told() if one.transition is Transition.GRAVER]
    assert steps == [Severity.HIGH, Severity.CRITICAL]
