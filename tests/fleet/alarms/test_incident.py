"""The fold: which steps are possible, which are harmless, which are refused."""

from dataclasses import replace

import pytest

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Body,
    ConditionChanged,
    Event,
    Finding,
    Heard,
    Incident,
    Merged,
    Raised,
    Retracted,
    Revised,
    Silent,
    Subject,
    Workflow,
    fold,
)
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.errors import ConflictError

ACTIVE = Finding(Episode(Condition.ACTIVE, 10, 20, None, 9.0, ()), 8.0, "dairy", 1)
OVER = replace(ACTIVE, episode=Episode(Condition.NORMAL, 10, 20, 30, 9.5, ()))
RAISED = Raised(Subject("cab-0001", 1, Hazard.TEMPERATURE_HIGH), Severity.HIGH, ACTIVE, late=False)


def after(*bodies: Body) -> Incident:
    events = [Event(100 + n, "mei", body) for n, body in enumerate((RAISED, *bodies))]
    return fold("i-1", events)


def test_a_raised_incident_is_active_unacknowledged_and_open() -> None:
    incident = after()
    assert (incident.condition, incident.workflow) == (Condition.ACTIVE, Workflow.UNACK)
    assert incident.open
    assert incident.n == 1


def test_acknowledging_keeps_who_when_and_why() -> None:
    incident = after(Acknowledged("on my way"))
    assert (incident.workflow, incident.acked_by, incident.acked_ms, incident.note) == (
        Workflow.ACKED,
        "mei",
        101,
        "on my way",
    )


def test_acknowledging_twice_is_harmless() -> None:
    assert after(Acknowledged("first"), Acknowledged("second")) == after(Acknowledged("first"))


def test_an_incident_stays_open_until_it_is_over_and_acknowledged() -> None:
    assert after(Acknowledged("")).open
    assert after(ConditionChanged(OVER)).open
    assert not after(ConditionChanged(OVER), Acknowledged("")).open
    assert not after(Acknowledged(""), ConditionChanged(OVER)).open


def test_silence_hides_the_condition_and_does_not_end_it() -> None:
    silent = after(Silent(25))
    assert silent.condition is Condition.UNKNOWN
    assert silent.running
    assert after(Silent(25), Heard(40)).condition is Condition.ACTIVE
    assert after(Silent(25), ConditionChanged(OVER)).condition is Condition.NORMAL


def test_hearing_the_same_silence_twice_changes_nothing() -> None:
    assert after(Silent(25), Silent(25)).n == after(Silent(25)).n


def test_late_data_may_reopen_what_was_over() -> None:
    incident = after(ConditionChanged(OVER), Acknowledged(""), Revised(ACTIVE))
    assert incident.running
    assert incident.open


def test_a_merged_incident_points_to_the_elder_and_is_closed() -> None:
    incident = after(Merged("i-0"))
    assert (incident.merged_into, incident.workflow) == ("i-0", Workflow.CLOSED)
    assert not incident.open


@pytest.mark.parametrize("end", [Merged("i-0"), Retracted()])
@pytest.mark.parametrize("body", [Acknowledged(""), Revised(ACTIVE), Silent(1), Retracted()])
def test_nothing_follows_a_merge_or_a_retraction(end: Body, body: Body) -> None:
    with pytest.raises(ConflictError) as refused:
        after(end, body)
    assert refused.value.remedy


@pytest.mark.parametrize(
    "bodies",
    [
        [RAISED],
        [ConditionChanged(OVER), ConditionChanged(ACTIVE)],
        [ConditionChanged(replace(ACTIVE, episode=replace(ACTIVE.episode, begin_ms=5)))],
        [ConditionChanged(OVER), Silent(40)],
    ],
)
def test_a_step_that_cannot_be_is_refused(bodies: list[Body]) -> None:
    with pytest.raises(ConflictError):
        after(*bodies)


def test_a_ledger_without_the_raising_event_is_refused() -> None:
    with pytest.raises(ConflictError):
        fold("i-1", [Event(1, None, Acknowledged(""))])
    with pytest.raises(ConflictError):
        fold("i-1", [])
