"""What every store does with the steps of people; in memory and in the database alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.incident_desk import SqlIncidentDesk
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.domain.alarms.handling import (
    ALL_LOTS,
    Assigned,
    Closed,
    Commented,
    Decision,
    Disposed,
    OutOfService,
    Shelved,
)
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Body,
    ConditionChanged,
    Subject,
    fold,
)
from gongfu_fleet.domain.alarms.liveness import over, raised
from gongfu_fleet.domain.alarms.modifiers import Suppressed
from gongfu_fleet.domain.alarms.parents import BROKER, Group
from gongfu_fleet.domain.alarms.queues import Queue, queues_of
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.scope import Grant, Scope, ScopeKind, scope_of
from gongfu_fleet.errors import ConflictError, NotFoundError
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.incident_ports import IncidentActions, Task, Wanted
from gongfu_fleet.services.watch_ports import IncidentLedger
from tests.fleet.alarms.test_handling import ENDED, EXPOSED, RELEASED

MEI = Actor("mei", 1_000, real_ms=7)
COMPOUND = scope_of([Grant(ScopeKind.OPERATOR, "hangzhou")])


@dataclass
class Desk:
    """A store of either kind, and how many deeds it noted."""

    ledger: IncidentLedger
    actions: IncidentActions
    store: MemoryIncidentStore | Engine

    def deeds(self) -> list[tuple[str, str]]:
        if isinstance(self.store, MemoryIncidentStore):
            return [(deed.action, deed.object) for deed in self.store.deeds]
        entries = SqlAuditLog(self.store).page(100)
        return [(entry.action, entry.object) for entry in reversed(entries)]

    def take(self, *tasks: Task, by: Actor = MEI) -> list[str]:
        """done, unchanged, or the name of the fault, per task."""
        return [
            type(one.fault).__name__ if one.fault else "done" if one.changed else "unchanged"
            for one in self.actions.take(tasks, by=by)
        ]

    def agrees(self, *ids: str) -> None:
        """The state kept for lists is the fold of the ledger."""
        for one in ids:
            assert fold(one, self.ledger.events(one)) == self.ledger.find(one)


@pytest.fixture
def desk(county: Engine) -> Desk:
    """A relational store, the shipped county in it, with two incidents."""
    return raised_on(Desk(SqlIncidentStore(county), SqlIncidentDesk(county), county))


@pytest.fixture
def twin(county: Engine) -> Desk:
    """The same in memory."""
    memory = MemoryIncidentStore(SqlRegistry(county).assets())
    return raised_on(Desk(memory, memory, memory))


def raised_on(desk: Desk) -> Desk:
    for number, asset in enumerate(("cab-0001", "cab-0080"), start=1):
        exposed = replace(EXPOSED, subject=replace(EXPOSED.subject, asset=asset))
        desk.ledger.append([Draft(f"i-{number}", exposed)], at_ms=900)
    return desk


def task(number: int, *bodies: Body, key: str = "") -> Task:
    return Task(f"i-{number}", bodies, Deed(7, "mei", "incident.do", f"incident:i-{number}"), key)


def both(desk: Desk, twin: Desk) -> Sequence[Desk]:
    return desk, twin


def test_steps_are_taken_whole_noted_once_and_folded(desk: Desk, twin: Desk) -> None:
    for store in both(desk, twin):
        bodies = (Acknowledged("seen", 2_000), Assigned("lin"), Commented("on site"))
        assert store.take(task(1, *bodies, key="k")) == ["done"]
        assert store.take(task(1, *bodies, key="k")) == ["unchanged"]
        assert store.take(task(1, Assigned("mei"), Closed(""))) == ["ConflictError"]
        assert store.deeds() == [("incident.do", "incident:i-1")]
        assert store.ledger.find("i-1").handling.assignee == "lin"
        assert [e.at_ms for e in store.ledger.events("i-1")] == [900, 1_000, 1_000, 1_000]
        store.agrees("i-1", "i-2")


def test_of_many_tasks_each_answers_for_itself(desk: Desk, twin: Desk) -> None:
    for store in both(desk, twin):
        store.ledger.append([Draft("i-2", ConditionChanged(ENDED.finding))], at_ms=950)
        shelved = Shelved(1_500, "defrost")
        outcomes = store.take(task(1, shelved), task(2, shelved), task(9, shelved))
        assert outcomes == ["done", ConflictError.__name__, NotFoundError.__name__]
        assert store.deeds() == [("incident.do", "incident:i-1")]
        store.agrees("i-1", "i-2")


@pytest.mark.parametrize("scope", [COMPOUND, COMPOUND.narrowed(scope_of([]))])
def test_what_lies_outside_the_scope_is_not_there(desk: Desk, twin: Desk, scope: Scope) -> None:
    inside = 0 if scope_of([]).limits[0] in scope.limits else 1
    for store in both(desk, twin):
        by = replace(MEI, scope=scope)
        seen = ["done"] if inside else ["NotFoundError"]
        assert store.take(task(1, Commented("x")), by=by) == seen
        assert store.take(task(2, Commented("x")), by=by) == ["NotFoundError"]
        wanted = Wanted("mei", 1_000)
        assert len(store.actions.inbox(wanted, 10, scope=scope)) == inside
        assert store.actions.counts(wanted, scope=scope)[Queue.WAITING] == inside


def test_lists_say_what_the_rule_says_at_any_time(desk: Desk, twin: Desk) -> None:
    for store in both(desk, twin):
        store.take(task(1, Shelved(1_500, "x"), Assigned("mei"), OutOfService("WO-1", "")))
        store.take(task(2, Acknowledged("")))
        store.ledger.append([Draft("i-2", ConditionChanged(ENDED.finding))], at_ms=1_000)
        for now_ms, user in ((1_000, "mei"), (1_500, "mei"), (1_500, "lin")):
            found = {one: store.ledger.find(one) for one in ("i-1", "i-2")}
            wanted = Wanted(user, now_ms)
            for queue in Queue:
                expected = [
                    one
                    for one, incident in found.items()
                    if queue in queues_of(incident, user=user, now_ms=now_ms)
                ]
                listed = store.actions.inbox(replace(wanted, queue=queue), 10)
                assert sorted(incident.id for incident in listed) == expected, queue
                assert store.actions.counts(wanted)[queue] == len(expected), queue


def test_lists_are_paged_and_narrowed_to_a_site(desk: Desk, twin: Desk) -> None:
    for store in both(desk, twin):
        wanted = Wanted("mei", 1_000)
        ids = [incident.id for incident in store.actions.inbox(wanted, 1)]
        rest = [incident.id for incident in store.actions.inbox(wanted, 5, "i-2")]
        there = store.actions.inbox(replace(wanted, site="quzhou"), 5)
        assert (ids, rest) == (["i-2"], ["i-1"])
        assert [incident.subject.asset for incident in there] == ["cab-0080"]


def test_a_closed_incident_leaves_every_list(desk: Desk, twin: Desk) -> None:
    for store in both(desk, twin):
        store.ledger.append([Draft("i-1", ConditionChanged(ENDED.finding))], at_ms=950)
        lots = Disposed("A", Decision.WITHDRAW, ""), replace(RELEASED, lot=ALL_LOTS)
        assert store.take(task(1, Acknowledged(""), *lots, Closed("done"))) == ["done"]
        counts = store.actions.counts(Wanted("mei", 1_000))
        assert (counts[Queue.WAITING], counts[Queue.DISPOSITION]) == (1, 0)
        store.agrees("i-1")


def test_what_befell_a_group_is_seen_by_whoever_sees_one_of_it(desk: Desk, twin: Desk) -> None:
    elsewhere = scope_of([Grant(ScopeKind.OPERATOR, "nobody")])
    for one in both(desk, twin):
        one.ledger.append(
            [
                Draft("i-3", raised(Group("hangzhou", AssetKind.CABINET).subject, 500, 900)),
                Draft("i-4", raised(BROKER, 500, 900)),
            ],
            at_ms=900,
        )
        assert one.ledger.find("i-3", scope=COMPOUND).subject.asset == "site:hangzhou:cabinet"
        shown = one.actions.inbox(Wanted("mei", 1_000), 10, scope=COMPOUND)
        assert [incident.id for incident in shown] == ["i-3", "i-1"]
        there = one.actions.inbox(Wanted("mei", 1_000, site="hangzhou"), 10)
        assert [incident.id for incident in there] == ["i-3", "i-1"]
        in_scope = replace(MEI, scope=COMPOUND)
        assert one.take(task(3, Acknowledged("去看")), by=in_scope) == ["done"]
        with pytest.raises(NotFoundError):
            one.ledger.find("i-3", scope=elsewhere)
        with pytest.raises(NotFoundError):
            one.ledger.find("i-4", scope=COMPOUND)
        assert one.ledger.find("i-4").subject == BROKER


def test_what_ended_under_its_parent_waits_for_nobody(desk: Desk, twin: Desk) -> None:
    about = Subject("cab-0001", 0, Hazard.CHANNEL_SILENT)
    for one in both(desk, twin):
        one.ledger.append([Draft("i-3", raised(about, 500, 900))], at_ms=900)
        one.ledger.append([Draft("i-3", Suppressed("i-9"))], at_ms=900)
        tricky = Commented('"parent":"i-1"')
        shelved = Shelved(1_500, '"parent":"i-1"')
        assert one.take(task(2, tricky, shelved)) == ["done"]
        assert one.ledger.find("i-3").open
        counts = one.actions.counts(Wanted("mei", 2_000))
        assert (counts[Queue.WAITING], counts[Queue.SUPPRESSED]) == (2, 1)
        assert counts[Queue.UNACKNOWLEDGED] == 2
        one.ledger.append([over(one.ledger.find("i-3"), 950)], at_ms=960)
        assert not one.ledger.find("i-3").open
        shown = one.actions.inbox(Wanted("mei", 2_000), 10)
        assert [incident.id for incident in shown] == ["i-2", "i-1"]
        one.agrees("i-3")
