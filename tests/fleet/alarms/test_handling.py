"""What people may do about an incident, what is harmless, and what is refused with a remedy."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.handling import (
    ALL_LOTS,
    LONGEST_SHELF_MS,
    MOST_LOTS,
    Assigned,
    Closed,
    Commented,
    Decision,
    Disposed,
    OutOfService,
    Returned,
    Shelved,
    Unshelved,
)
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Body,
    ConditionChanged,
    Event,
    Finding,
    Incident,
    Merged,
    Raised,
    Retracted,
    Revised,
    Silent,
    Subject,
    Workflow,
    advanced,
    apply,
    fold,
)
from gongfu_fleet.domain.alarms.queues import Queue, queues_of
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.errors import ConflictError, FleetError, InvalidError

ACTIVE = Finding(Episode(Condition.ACTIVE, 10, 20, None, 9.0, ()), 8.0, "dairy", 1)
OVER = replace(ACTIVE, episode=Episode(Condition.NORMAL, 10, 20, 30, 9.5, ()))
SUBJECT = Subject("cab-0001", 1, Hazard.TEMPERATURE_HIGH)
EXPOSED = Raised(SUBJECT, Severity.HIGH, ACTIVE, late=False, consequence=Consequence.PRODUCT)
HARMLESS = replace(EXPOSED, consequence=Consequence.NONE)
ENDED, SEEN = ConditionChanged(OVER), Acknowledged("seen")
RELEASED = Disposed(ALL_LOTS, Decision.RELEASE, "core 4.1 °C")
HOUR_MS = 3_600_000


def after(*bodies: Body, raised: Raised = EXPOSED) -> Incident:
    events = [Event(100 + n, "mei", body) for n, body in enumerate((raised, *bodies))]
    return fold("i-1", events)


def refusal(*bodies: Body, raised: Raised = EXPOSED) -> FleetError:
    *before, last = bodies
    incident = after(*before, raised=raised)
    with pytest.raises((ConflictError, InvalidError)) as refused:
        apply("i-1", incident, Event(500, "mei", last))
    assert refused.value.remedy
    return refused.value


def test_exposed_goods_keep_an_incident_open_until_somebody_closes_it() -> None:
    assert after(SEEN, ENDED).open
    closed = after(SEEN, ENDED, RELEASED, Closed("done"))
    assert (closed.open, closed.workflow) == (False, Workflow.CLOSED)
    assert closed.handling.closing is not None
    assert closed.handling.closing.by == "mei"


def test_where_no_goods_were_exposed_over_and_acknowledged_is_enough() -> None:
    assert not after(SEEN, ENDED, raised=HARMLESS).open
    assert after(SEEN, ENDED, Closed(""), raised=HARMLESS).workflow is Workflow.CLOSED


@pytest.mark.parametrize(
    ("bodies", "why"),
    [
        ((SEEN, Closed("")), "it goes on"),
        ((ENDED, RELEASED, Closed("")), "acknowledged"),
        ((SEEN, ENDED, Closed("")), "what becomes of them"),
        ((SEEN, ENDED, OutOfService("WO-1", ""), RELEASED, Closed("")), "out of service"),
        ((SEEN, ENDED, Disposed("A", Decision.INSPECT, ""), Closed("")), "inspection of A"),
        ((SEEN, RELEASED), "while the exposure goes on"),
        ((SEEN, ENDED, Shelved(900, "later")), "over"),
        ((OutOfService("WO-1", ""), OutOfService("WO-2", "")), "WO-1"),
        ((SEEN, ENDED, RELEASED, Closed(""), Assigned("lin")), "closed"),
        ((SEEN, ENDED, RELEASED, Closed(""), Shelved(900, "x")), "closed"),
    ],
)
def test_a_step_that_cannot_be_is_refused_and_says_why(bodies: tuple[Body, ...], why: str) -> None:
    assert why in refusal(*bodies).fault


def test_goods_that_were_never_exposed_are_not_disposed_of() -> None:
    assert "no goods" in refusal(SEEN, ENDED, RELEASED, raised=HARMLESS).fault


@pytest.mark.parametrize(
    "body",
    [
        Shelved(500, "not later than now"),
        Shelved(500 + LONGEST_SHELF_MS + 1, "too long"),
        Shelved(900, " "),
        Commented(" "),
        OutOfService(" ", ""),
        Assigned(""),
        Disposed(" ", Decision.WITHDRAW, ""),
        Acknowledged("", eta_ms=499),
    ],
)
def test_a_value_that_means_nothing_is_refused(body: Body) -> None:
    assert isinstance(refusal(body), InvalidError)


def test_a_release_needs_its_grounds_and_a_withdrawal_does_not() -> None:
    assert "grounds" in refusal(ENDED, Disposed("A", Decision.RELEASE, " ")).fault
    assert after(ENDED, Disposed("A", Decision.WITHDRAW, "")).handling.dispositions


def test_goods_may_be_withdrawn_while_the_exposure_goes_on() -> None:
    assert after(Disposed(ALL_LOTS, Decision.WITHDRAW, "")).handling.dispositions


def test_the_newest_word_on_a_lot_counts() -> None:
    inspected = Disposed("A", Decision.INSPECT, "")
    withdrawn = Disposed("A", Decision.WITHDRAW, "4 h above 5 °C")
    (said,) = after(ENDED, SEEN, inspected, withdrawn).handling.dispositions
    assert (said.lot, said.decision, said.by) == ("A", Decision.WITHDRAW, "mei")


def test_there_is_an_end_of_lots() -> None:
    many = [Disposed(str(n), Decision.WITHDRAW, "") for n in range(MOST_LOTS)]
    assert "lots already" in refusal(*many, Disposed("one more", Decision.WITHDRAW, "")).fault


def test_a_shelved_incident_comes_back_by_itself() -> None:
    incident = after(Shelved(101 + HOUR_MS, "defrost"))
    assert incident.shelved(101 + HOUR_MS - 1)
    assert not incident.shelved(101 + HOUR_MS)
    assert not after(Shelved(101 + HOUR_MS, "defrost"), Unshelved()).shelved(200)
    assert not after(Shelved(101 + HOUR_MS, "defrost"), ENDED).shelved(200)


@pytest.mark.parametrize(
    ("before", "again"),
    [
        ((Assigned("lin"),), Assigned("lin")),
        ((), Assigned(None)),
        ((Shelved(900, "x"),), Shelved(900, "x")),
        ((), Unshelved()),
        ((Shelved(105, "x"),), Unshelved()),
        ((OutOfService("WO-1", ""),), OutOfService("WO-1", "again")),
        ((), Returned("")),
        ((ENDED, RELEASED), RELEASED),
        ((SEEN,), Acknowledged("me too")),
        ((SEEN, ENDED, RELEASED, Closed("")), Closed("again")),
    ],
)
def test_what_is_so_already_changes_nothing(before: tuple[Body, ...], again: Body) -> None:
    incident = after(*before)
    assert apply("i-1", incident, Event(500, "lin", again)) is incident


def test_the_same_request_sent_twice_is_done_once() -> None:
    said = Event(200, "mei", Commented("on site"), key="k-1")
    once = apply("i-1", after(), said)
    assert apply("i-1", once, replace(said, at_ms=300)) is once
    assert apply("i-1", once, replace(said, key="k-2")).n == once.n + 1


def test_a_request_of_several_events_is_done_once_and_whole() -> None:
    bodies: list[Body] = [
        Disposed("A", Decision.WITHDRAW, ""),
        Disposed("B", Decision.WITHDRAW, ""),
        Closed(""),
    ]
    ready = after(SEEN, ENDED)
    done, events = advanced(ready, bodies, at_ms=200, by="mei", key="k")
    assert (len(events), done.workflow, done.n) == (3, Workflow.CLOSED, ready.n + 3)
    assert advanced(done, bodies, at_ms=300, by="mei", key="k") == (done, [])


@pytest.mark.parametrize(
    "episode",
    [
        replace(OVER.episode, end_ms=31),
        replace(OVER.episode, begin_ms=9),
        replace(OVER.episode, peak_celsius=9.6),
        replace(ACTIVE.episode, peak_celsius=9.5),
    ],
)
def test_a_worse_exposure_voids_the_release_and_opens_what_was_closed(episode: Episode) -> None:
    worse = Revised(replace(OVER, episode=episode))
    reopened = after(SEEN, ENDED, RELEASED, Closed(""), worse)
    assert (reopened.open, reopened.workflow, reopened.acked_by) == (True, Workflow.UNACK, None)
    assert (reopened.handling.dispositions, reopened.handling.closing) == ((), None)
    waiting = after(SEEN, ENDED, RELEASED, worse)
    assert (waiting.handling.dispositions, waiting.acked_by) == ((), "mei")


def test_of_a_cold_exposure_the_colder_is_the_worse() -> None:
    cold = replace(EXPOSED, subject=replace(SUBJECT, hazard=Hazard.TEMPERATURE_LOW))
    steps = (SEEN, ENDED, RELEASED, Closed(""))
    colder, warmer = (replace(OVER.episode, peak_celsius=celsius) for celsius in (9.4, 9.6))
    assert after(*steps, Revised(replace(OVER, episode=colder)), raised=cold).open
    assert not after(*steps, Revised(replace(OVER, episode=warmer)), raised=cold).open


def test_a_milder_exposure_leaves_what_was_decided() -> None:
    milder = Revised(replace(OVER, episode=replace(OVER.episode, end_ms=29)))
    assert not after(SEEN, ENDED, RELEASED, Closed(""), milder).open


def test_goods_that_were_withdrawn_stay_withdrawn_whatever_is_found_later() -> None:
    worse = Revised(replace(OVER, episode=replace(OVER.episode, end_ms=99)))
    withdrawn = Disposed("A", Decision.WITHDRAW, "")
    assert after(SEEN, ENDED, withdrawn, Closed(""), worse).handling.dispositions


@pytest.mark.parametrize(
    ("bodies", "queues"),
    [
        ((), {Queue.WAITING, Queue.UNACKNOWLEDGED}),
        ((SEEN, Assigned("lin")), {Queue.WAITING, Queue.MINE}),
        ((SEEN, Assigned("mei")), {Queue.WAITING}),
        ((SEEN, ENDED), {Queue.WAITING, Queue.DISPOSITION}),
        ((Shelved(900, "x"),), {Queue.SHELVED}),
        ((SEEN, OutOfService("WO-1", "")), {Queue.WAITING, Queue.OUT_OF_SERVICE}),
        ((SEEN, ENDED, RELEASED, Closed("")), set()),
        ((Merged("i-0"),), set()),
    ],
)
def test_every_open_incident_waits_where_somebody_looks(
    bodies: tuple[Body, ...], queues: set[Queue]
) -> None:
    assert queues_of(after(*bodies), user="lin", now_ms=500) == queues


later = st.integers(100, 400)
findings = st.builds(
    Finding,
    st.builds(
        Episode,
        st.just(Condition.NORMAL),
        st.integers(5, 10),
        st.just(20),
        st.none() | st.integers(30, 40),
        st.floats(9, 12),
        st.just(()),
    ),
    st.just(8.0),
    st.just("dairy"),
    st.just(1),
)
steps = st.one_of(
    st.builds(Acknowledged, st.just("seen"), st.none() | later),
    st.builds(ConditionChanged, st.just(OVER)),
    st.builds(Revised, findings),
    st.builds(Silent, later),
    st.builds(Assigned, st.none() | st.sampled_from(["lin", "mei"])),
    st.builds(Commented, st.sampled_from(["", "on site"])),
    st.builds(Shelved, later, st.sampled_from(["", "x"])),
    st.just(Unshelved()),
    st.builds(OutOfService, st.sampled_from(["WO-1", "WO-2"]), st.just("")),
    st.just(Returned("")),
    st.builds(
        Disposed, st.sampled_from(["A", ALL_LOTS]), st.sampled_from(Decision), st.just("seen")
    ),
    st.just(Closed("")),
    st.just(Retracted()),
)


@given(st.lists(st.tuples(steps, st.sampled_from(["", "a", "b"])), max_size=25))
def test_whatever_is_tried_the_fold_of_what_was_taken_is_the_state(
    tried: list[tuple[Body, str]],
) -> None:
    events = [Event(100, None, EXPOSED)]
    incident = fold("i-1", events)
    unsaid: list[FleetError] = []
    for place, (body, key) in enumerate(tried):
        event = Event(101 + place, "mei", body, key)
        try:
            after_it = apply("i-1", incident, event)
        except FleetError as refused:
            unsaid += [] if refused.fault and refused.remedy else [refused]
            continue
        events += [event] if after_it is not incident else []
        incident = after_it
        if incident.living and incident.workflow is Workflow.CLOSED:
            said = {one.decision for one in incident.handling.dispositions}
            assert said
            assert Decision.INSPECT not in said
            assert incident.finding.episode.end_ms is not None
            assert incident.handling.service is None
    assert fold("i-1", events) == incident
    assert incident.n == len(events)
    assert unsaid == []
