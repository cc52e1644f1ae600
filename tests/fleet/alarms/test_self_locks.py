"""A cabinet that locked itself is an incident once, whatever crashes, and holds the lock."""

import pytest
from sqlalchemy import Engine

from gongfu_broker.codec import encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.adapters.db.commands import SqlCommands
from gongfu_fleet.adapters.memory_log import MemoryLog
from gongfu_fleet.domain.alarms.handling import ALL_LOTS, Decision, Disposed
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Incident
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.sale_lock import lock_stands
from gongfu_fleet.domain.commands import State
from gongfu_fleet.services.self_locks import CONSUMER, SelfLocks
from tests.fleet.alarms.test_sale_lock import CAB, MINUTE, NOW, House

OFFSET = 7_000


@pytest.fixture
def kind() -> str:
    return "sqlite"


class Stand:
    """The log, the ledger, and a consumer that can be started anew."""

    def __init__(self, engine: Engine) -> None:
        self.house, self.log = House(engine), MemoryLog()
        self.ids = iter(f"own-{number}" for number in range(99))
        self.restart()

    def restart(self, cursors: SqlCommands | None = None) -> None:
        self.consumer = SelfLocks(
            log=self.log,
            ledger=self.house.ledger,
            cursors=cursors or self.house.store,
            clock=self.house.clock,
            new_id=lambda: next(self.ids),
            real_ms=lambda: NOW,
        )

    def event(self, kind: str = "sale_lock", seq: int = 1, **data: object) -> None:
        event = {"v": 1, "boot": 1, "seq": seq, "id": f"e{seq}", "kind": kind}
        event |= {"ts": NOW - 60 * MINUTE + seq, "data": data or {"locked": True, "celsius": 11.5}}
        about = (0, NOW, OFFSET, "hangzhou", CAB, DeviceKind.CABINET, Leaf.EVT)
        self.log.append(CommittedRecord(*about, 1, seq, encode(event)))

    def found(self) -> list[Incident]:
        page = self.house.ledger.page(99, None, asset=CAB, only_open=False)
        return [one for one in page if one.subject.hazard is Hazard.SALE_LOCKED]


@pytest.fixture
def stand(county: Engine) -> Stand:
    stand = Stand(county)
    stand.consumer.turn()
    return stand


def test_a_cabinet_that_locked_itself_is_an_incident_that_holds_the_lock(stand: Stand) -> None:
    stand.event()
    stand.consumer.turn()
    (incident,) = stand.found()
    assert incident.severity is Severity.CRITICAL
    assert incident.finding.episode.begin_ms == NOW - 60 * MINUTE + 1 + OFFSET
    assert incident.finding.episode.peak_celsius == 11.5
    assert incident.late
    assert incident.open
    assert lock_stands(incident)


def test_it_is_unlocked_like_any_other_when_its_goods_are_decided_on(stand: Stand) -> None:
    stand.event()
    stand.consumer.turn()
    (incident,), house = stand.found(), stand.house
    house.ticks()
    assert house.locks() == [(True, State.REQUESTED)]
    house.end(State.OK)
    gone = Disposed(ALL_LOTS, Decision.WITHDRAW, "倒掉")
    house.ledger.append([Draft(incident.id, gone)], at_ms=NOW, by="mei")
    house.unlock(incident.id)
    assert house.locks() == [(True, State.OK), (False, State.REQUESTED)]


def test_doors_and_unlocked_sales_are_nothing_to_it(stand: Stand) -> None:
    stand.event("door", open=1)
    stand.event("note", 2, text="sale_lock")
    stand.event("sale_lock", 3, locked=False)
    stand.consumer.turn()
    assert stand.found() == []


def test_a_kill_between_the_incident_and_the_cursor_doubles_nothing(stand: Stand) -> None:
    class Dying(SqlCommands):
        """The process dies when it would save how far it has read."""

        def take(self, *_: object) -> int:
            raise InterruptedError

    stand.event()
    stand.restart(Dying(stand.house.engine))
    with pytest.raises(InterruptedError):
        stand.consumer.turn()
    stand.restart()
    stand.consumer.turn()
    stand.event(seq=2)
    stand.consumer.turn()
    assert len(stand.found()) == 2
    stand.restart()
    stand.consumer.turn()
    assert len(stand.found()) == 2


def test_what_was_in_the_log_before_the_first_start_is_no_news(county: Engine) -> None:
    stand = Stand(county)
    stand.event()
    stand.consumer.turn()
    stand.restart()  # and that is remembered
    stand.consumer.turn()
    assert stand.found() == []
    assert stand.log.released[CONSUMER] == 1


def test_when_the_log_is_quiet_it_is_seen_that_nothing_is_left_to_read(stand: Stand) -> None:
    stand.event("door", open=1)
    assert [stand.consumer.turn() for _ in range(2)] == [1, 0]
    stand.consumer.rest()
    cursor = stand.house.store.cursor(CONSUMER)
    assert cursor is not None
    assert cursor.seq == stand.log.head()


def test_a_log_that_is_not_its_own_is_noticed(stand: Stand) -> None:
    stand.event()
    stand.consumer.turn()
    stand.log = MemoryLog()
    stand.restart()
    with pytest.raises(CursorError):
        stand.consumer.turn()
