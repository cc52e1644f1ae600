"""From the ledger to the outbox: every event told once, through kills, shelves and the ladder."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.duty import SqlRoster
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.adapters.db.outbox_sending import SqlSendingDesk
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.domain.alarms.handling import Closed, Shelved
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Body,
    ConditionChanged,
    Retracted,
    Revised,
    Silent,
)
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.notify.duty import Shift, parse_hours
from gongfu_fleet.domain.notify.notice import Notice, Transition
from gongfu_fleet.domain.notify.routing import Route
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.notify_ports import Recording
from gongfu_fleet.services.notify_recorder import KnownAssets, NoticeRecorder
from tests.fleet.notify.examples import ACTIVE, HOUR, MINUTE, MONDAY_9, OVER, incident_id, raised

PROVINCE = scope_of([Grant(ScopeKind.CABINET, "cab-0001")])


class DyingOutbox(SqlOutbox):
    """The process dies when it would save."""

    def save(self, recording: Recording) -> None:
        raise InterruptedError(recording.after)


class House:
    """A ledger, an outbox and the recorder between; ``clock`` is platform time."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.clock = engine, SettableClock(MONDAY_9)
        self.ledger, self.roster = SqlIncidentStore(engine), SqlRoster(engine)
        self.routes = [Route("wecom")]
        self.recorder(SqlOutbox).turn()  # where everything begins

    def recorder(self, outbox: Callable[[Engine], SqlOutbox] = SqlOutbox) -> NoticeRecorder:
        return NoticeRecorder(
            outbox=outbox(self.engine),
            roster=self.roster,
            routes=self.routes,
            assets=KnownAssets(SqlRegistry(self.engine)),
            clock=self.clock,
            real_clock=SettableClock(MONDAY_9),
        )

    def happens(self, number: int, *bodies: Body) -> None:
        drafts = [Draft(incident_id(number), body) for body in bodies]
        self.ledger.append(drafts, at_ms=self.clock.now, by="wang")

    def told(self, channel: str = "wecom") -> list[Notice]:
        """What waits, after the recorder has taken everything."""
        while self.recorder().turn():
            pass
        return list(SqlSendingDesk(self.engine).look(channel, MONDAY_9, 0).waiting)

    def later(self, ms: int) -> list[tuple[Transition, int, str]]:
        """What waits when so much time has passed: transition, step and role of each."""
        self.clock.now += ms
        return sorted((one.transition, one.step, one.role) for one in self.told())


@pytest.fixture
def house(fleet_db: Engine) -> House:
    return House(fleet_db)


def test_the_first_start_tells_nothing_of_what_is_older(fleet_db: Engine) -> None:
    SqlIncidentStore(fleet_db).append([Draft(incident_id(1), raised())], at_ms=MONDAY_9)
    assert House(fleet_db).told() == []


def test_an_incident_is_told_with_what_is_known_of_it(house: House) -> None:
    house.happens(1, raised())
    (one,) = house.told()
    assert (one.transition, one.severity, one.role) == (Transition.RAISED, Severity.HIGH, "manager")
    assert (one.facts.asset, one.facts.site, one.facts.peak_celsius) == (
        "cab-0001", "hangzhou", -3.2,
    )  # fmt: skip
    assert one.facts.asset_name


def test_events_are_told_once_however_often_they_are_read(house: House) -> None:
    house.happens(1, raised())
    assert len(house.told()) == len(house.told()) == 1


def test_a_kill_before_saving_loses_and_doubles_nothing(house: House) -> None:
    house.happens(1, raised())
    with pytest.raises(InterruptedError):
        house.recorder(DyingOutbox).turn()
    assert len(house.told()) == 1


def test_two_recorders_on_one_outbox_are_noticed(house: House) -> None:
    outbox = SqlOutbox(house.engine)
    outbox.save(Recording(outbox.cursor(), 7))
    with pytest.raises(ConflictError, match="one worker"):
        outbox.save(Recording(0, 8))


def test_an_end_is_told_where_the_beginning_was(house: House) -> None:
    house.routes.append(Route("pager", least=Severity.CRITICAL))
    house.happens(1, raised(), ConditionChanged(OVER))
    assert {one.transition for one in house.told()} == {Transition.RAISED, Transition.CLEARED}
    assert house.told("pager") == []


def test_an_incident_that_was_over_before_anybody_knew_is_late(house: House) -> None:
    house.happens(1, raised(late=True))
    assert [one.transition for one in house.told()] == [Transition.LATE]
    assert house.later(2 * HOUR)[0][0] is Transition.LATE


def test_what_is_retracted_before_it_is_told_is_not_told_at_all(house: House) -> None:
    house.happens(1, raised(), Retracted())
    assert house.told() == []


def test_who_was_told_of_an_incident_hears_that_it_was_none(house: House) -> None:
    house.happens(1, raised())
    house.told()
    house.happens(1, Retracted())
    assert {one.transition for one in house.told()} == {Transition.RAISED, Transition.RETRACTED}


def test_late_data_that_makes_a_late_incident_run_is_an_alarm(house: House) -> None:
    house.happens(1, raised(late=True))
    house.told()
    house.happens(1, Revised(ACTIVE))
    assert {one.transition for one in house.told()} == {Transition.LATE, Transition.REOPENED}
    assert (Transition.ESCALATED, 1, "dispatcher") in house.later(HOUR)


def test_what_was_opened_again_has_an_end_of_its_own(house: House) -> None:
    house.happens(1, raised(late=True), Revised(ACTIVE), ConditionChanged(OVER))
    house.told()
    house.later(12 * HOUR)
    house.happens(1, Revised(ACTIVE))
    house.told()
    house.happens(1, ConditionChanged(OVER))
    house.happens(1, Revised(replace(OVER, policy_version=3)))
    told = [(one.transition, one.step) for one in house.told()]
    assert sorted(step for transition, step in told if transition is Transition.CLEARED) == [0, 4]


def test_a_revision_of_what_climbs_already_is_not_told(house: House) -> None:
    house.happens(1, raised())
    house.told()
    house.happens(1, Revised(replace(ACTIVE, policy_version=3)))
    assert [one.transition for one in house.told()] == [Transition.RAISED]


def test_an_incident_that_was_closed_on_less_than_is_known_now_is_told_again(house: House) -> None:
    house.happens(1, raised(), ConditionChanged(OVER), Acknowledged("seen"))
    house.happens(1, Closed("done"))
    house.told()
    house.later(12 * HOUR)
    house.happens(1, Revised(ACTIVE))
    assert Transition.REOPENED in {one.transition for one in house.told()}


def test_silence_neither_ends_an_incident_nor_is_told(house: House) -> None:
    house.happens(1, raised(), Silent(MONDAY_9))
    assert [one.transition for one in house.told()] == [Transition.RAISED]


def test_nobody_acknowledges_and_the_ladder_is_climbed(house: House) -> None:
    house.happens(1, raised(severity=Severity.CRITICAL))
    assert len(house.told()) == 1
    assert house.later(15 * MINUTE)[0] == (Transition.ESCALATED, 1, "dispatcher")
    assert house.later(15 * MINUTE)[1] == (Transition.ESCALATED, 2, "admin")
    assert (Transition.REMINDED, 3, "admin") in house.later(4 * HOUR)


def test_after_a_day_away_one_step_is_told_not_all(house: House) -> None:
    house.happens(1, raised(severity=Severity.CRITICAL))
    house.told()
    told = house.later(24 * HOUR)
    assert len(told) == 2
    assert house.later(0) == told


def test_acknowledging_ends_the_ladder(house: House) -> None:
    house.happens(1, raised())
    house.told()
    house.happens(1, Acknowledged("on my way"))
    assert len(house.later(12 * HOUR)) == 1


def test_the_ladder_ends_with_the_excursion_and_the_end_is_told(house: House) -> None:
    house.happens(1, raised())
    house.told()
    house.happens(1, ConditionChanged(OVER))
    assert [one[0] for one in house.later(12 * HOUR)] == [Transition.CLEARED, Transition.RAISED]


def test_a_shelved_incident_is_quiet_until_its_shelf_ends(house: House) -> None:
    house.happens(1, raised())
    house.told()
    house.happens(1, Shelved(MONDAY_9 + 2 * HOUR, "being defrosted"))
    assert len(house.later(HOUR)) == 1
    assert (Transition.REMINDED, 2, "dispatcher") in house.later(4 * HOUR)


def test_who_is_on_duty_is_mentioned_and_scopes_hold(house: House) -> None:
    night = Shift("s", "wang", Role.MANAGER, parse_hours("1-7", "20:00-08:00"), contact="wang")
    day = replace(
        night, id="t", contact="li", hours=parse_hours("1", "08:00-20:00"), scope=PROVINCE
    )
    deed = Deed(MONDAY_9, "test", "duty.add", "shift:s")
    house.roster.add([night, day], [deed])
    house.happens(1, raised())
    house.happens(2, raised("cab-0002"))
    assert [one.mentions for one in house.told()] == [("li",), ()]


def test_an_asset_that_nobody_registered_holds_nothing_up(house: House) -> None:
    house.happens(1, raised("cab-9999"))
    house.happens(2, raised())
    assert [one.incident_id for one in house.told()] == [incident_id(2)]
