"""The ledger follows the timeline, whatever late data makes of the past."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    ConditionChanged,
    Event,
    Finding,
    Incident,
    Merged,
    Raised,
    Retracted,
    Revised,
    Subject,
    Workflow,
    apply,
    measured,
)
from gongfu_fleet.domain.alarms.reconcile import Reconciled, reconcile
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Span

SUBJECT = Subject("cab-0001", 1, Hazard.TEMPERATURE_HIGH)


def found(
    begin: int, end: int | None, *, peak: float = 9.0, unknown: tuple[Span, ...] = ()
) -> Finding:
    condition = Condition.ACTIVE if end is None else Condition.NORMAL
    return Finding(Episode(condition, begin, begin + 1, end, peak, unknown), 8.0, "dairy", 1)


class Ledger:
    """A ledger as small as can be: ids count upwards."""

    def __init__(self) -> None:
        self.incidents: dict[str, Incident] = {}
        self._ids = count(1)

    def agree(self, *findings: Finding) -> list[type]:
        """Reconcile and apply; tells the kinds of events that took."""
        living = [i for i in self.incidents.values() if i.living]
        result = reconcile(SUBJECT, living, findings, new_id=lambda: f"i-{next(self._ids):04}")
        self._apply(result)
        return [type(draft.body) for draft in result.drafts]

    def _apply(self, result: Reconciled) -> None:
        for incident_id, body in result.drafts:
            before = self.incidents.get(incident_id)
            self.incidents[incident_id] = apply(incident_id, before, Event(0, None, body))
        for incident_id, finding in result.measures.items():
            self.incidents[incident_id] = measured(self.incidents[incident_id], finding)

    def acknowledge(self, incident_id: str) -> None:
        """Acknowledge one incident."""
        event = Event(0, "mei", Acknowledged(""))
        self.incidents[incident_id] = apply(incident_id, self.incidents[incident_id], event)

    def living(self) -> list[Finding]:
        """What the ledger says happened, in order of time."""
        findings = [i.finding for i in self.incidents.values() if i.living]
        return sorted(findings, key=lambda finding: finding.episode.begin_ms)


def test_an_episode_that_ended_before_its_discovery_is_raised_late() -> None:
    ledger = Ledger()
    assert ledger.agree(found(10, 20)) == [Raised]
    assert ledger.incidents["i-0001"].late


def test_time_going_on_is_no_revision() -> None:
    ledger = Ledger()
    ledger.agree(found(10, None))
    assert ledger.agree(found(10, 30)) == [ConditionChanged]


def test_a_growing_peak_is_measured_without_an_event() -> None:
    ledger = Ledger()
    ledger.agree(found(10, None))
    assert ledger.agree(found(10, None, peak=12.0)) == []
    assert ledger.living() == [found(10, None, peak=12.0)]


def test_a_gap_filled_by_late_data_is_a_revision() -> None:
    ledger = Ledger()
    ledger.agree(found(10, None, unknown=(Span(12, 40),)))
    assert ledger.agree(found(10, None)) == [Revised]


def test_an_episode_that_proves_longer_or_shorter_is_revised_and_keeps_its_id() -> None:
    ledger = Ledger()
    ledger.agree(found(10, 20))
    assert ledger.agree(found(5, 40)) == [Revised]
    assert ledger.agree(found(12, 14)) == [Revised]
    assert list(ledger.incidents) == ["i-0001"]


def test_two_that_prove_to_be_one_keep_the_elder_id() -> None:
    ledger = Ledger()
    ledger.agree(found(10, 20), found(30, None))
    ledger.acknowledge("i-0001")
    assert ledger.agree(found(10, None)) == [Revised, Merged]
    elder, younger = ledger.incidents.values()
    assert younger.merged_into == elder.id == "i-0001"
    assert elder.workflow is Workflow.ACKED


def test_the_elder_is_the_one_discovered_first_not_the_one_that_began_first() -> None:
    ledger = Ledger()
    ledger.agree(found(30, None))
    ledger.agree(found(10, 20), found(30, None))
    ledger.agree(found(10, None))
    assert ledger.incidents["i-0002"].merged_into == "i-0001"


def test_one_that_proves_to_be_two_keeps_its_id_for_the_first() -> None:
    ledger = Ledger()
    ledger.agree(found(10, None))
    assert ledger.agree(found(10, 20), found(30, None)) == [ConditionChanged, Raised]
    assert ledger.incidents["i-0001"].finding == found(10, 20)


def test_an_incident_that_reaches_into_the_next_episode_is_kept_for_that() -> None:
    ledger = Ledger()
    ledger.agree(found(10, 20), found(30, None))
    assert ledger.agree(found(10, 32), found(40, None)) == [Revised, Revised]
    assert [i.finding.episode.begin_ms for i in ledger.incidents.values()] == [10, 40]


def test_an_episode_that_begins_where_another_ended_is_another() -> None:
    ledger = Ledger()
    ledger.agree(found(10, 20))
    assert ledger.agree(found(20, 30)) == [Raised, Retracted]


def test_an_episode_that_never_was_is_retracted_and_stays_in_the_ledger() -> None:
    ledger = Ledger()
    ledger.agree(found(10, 20))
    assert ledger.agree() == [Retracted]
    assert ledger.incidents["i-0001"].retracted
    assert ledger.agree(found(10, 20)) == [Raised]


@st.composite
def timelines(draw: st.DrawFn) -> list[Finding]:
    """Episodes that do not touch; only the last may be going on."""
    edges = sorted(draw(st.sets(st.integers(0, 60), max_size=10)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    findings = [found(2 * begin, 2 * end, peak=float(end)) for begin, end in pairs]
    if len(edges) % 2:
        findings.append(found(2 * edges[-1], None))
    return findings


@given(st.lists(st.tuples(timelines(), st.booleans()), min_size=1, max_size=5))
def test_after_any_history_the_ledger_says_what_the_timeline_says(
    histories: list[tuple[list[Finding], bool]],
) -> None:
    ledger = Ledger()
    for findings, acknowledge in histories:
        ledger.agree(*findings)
        assert ledger.living() == findings
        living = [i.id for i in ledger.incidents.values() if i.living]
        for incident_id in living[:1] if acknowledge else []:
            ledger.acknowledge(incident_id)
    assert ledger.agree(*histories[-1][0]) == []
    assert all(
        ledger.incidents[i.merged_into].id < i.id
        for i in ledger.incidents.values()
        if i.merged_into
    )
