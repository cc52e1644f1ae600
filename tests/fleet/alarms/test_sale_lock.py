"""A cabinet that cannot hold its goods stops selling, once; a person lets it sell again."""

from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.commands import SqlCommands
from gongfu_fleet.adapters.db.incident_desk import SqlIncidentDesk
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import MemoryConnections, MemoryReadings, SettableClock
from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.handling import (
    ALL_LOTS,
    Decision,
    Disposed,
    OutOfService,
    Returned,
)
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Finding, Raised, Subject
from gongfu_fleet.domain.alarms.modifiers import Graver
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.sale_lock import filled_ms
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.commands import LIFE_MS, Command, Name, State
from gongfu_fleet.errors import ConflictError, InvalidError
from gongfu_fleet.ports import Actor, Connection
from gongfu_fleet.services.alarm_policies import sale_lock_policy
from gongfu_fleet.services.commands import CommandBook, Order, next_orders
from gongfu_fleet.services.incident_desk import IncidentDesk
from gongfu_fleet.services.sale_lock import SaleLockDesk, SaleLockKeeper, lock_guard, newest_lock
from gongfu_fleet.services.watched_zones import RegistryZones

NOW = 1_790_000_000_000
MINUTE = 60_000
CAB = "cab-0001"
WITHDRAWN = Disposed(ALL_LOTS, Decision.WITHDRAW, "倒掉")


class DyingCommands(SqlCommands):
    """The process dies when it would ask for a command."""

    def add(self, command: Command, deed: object) -> None:
        raise InterruptedError(command.id, deed)


@dataclass
class House:
    """The ledger, the commands and the keeper between; commands are answered as a test says."""

    engine: Engine
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))

    def __post_init__(self) -> None:
        self.ledger = SqlIncidentStore(self.engine)
        self.registry = SqlRegistry(self.engine)
        zones = RegistryZones(self.registry)
        self.desk = IncidentDesk(
            self.ledger, SqlIncidentDesk(self.engine), zones, SqlPeople(self.engine), self.registry
        )
        self.store = SqlCommands(self.engine)
        self.readings, self.links = MemoryReadings(), MemoryConnections()
        self.links.known[CAB] = Connection(online=True, heard_ms=NOW)
        self.restart()

    def restart(self, store: SqlCommands | None = None) -> None:
        self.book = CommandBook(store or self.store, self.registry, lock_guard(self.desk))
        self.keeper = SaleLockKeeper(
            ledger=self.ledger,
            commands=self.book,
            registry=self.registry,
            readings=self.readings,
            connections=self.links,
            policy=sale_lock_policy(),
            clock=self.clock,
            real_ms=lambda: self.clock.now,
        )

    def exposed(
        self,
        incident: str = "i-1",
        *,
        asset: str = CAB,
        hazard: Hazard = Hazard.PRODUCT_HIGH,
        severity: Severity = Severity.CRITICAL,
    ) -> None:
        episode = Episode(Condition.ACTIVE, NOW - MINUTE, NOW, None, 12.0, ())
        finding = Finding(episode, 8.0, "dairy", 1)
        raised = Raised(
            Subject(asset, 1, hazard),
            severity,
            finding,
            late=False,
            consequence=Consequence.PRODUCT,
        )
        self.ledger.append([Draft(incident, raised)], at_ms=NOW)

    def ticks(self, times: int = 3) -> None:
        for _ in range(times):
            self.keeper.tick()

    def locks(self) -> list[tuple[bool, State]]:
        """What the cabinet was told of its sale, oldest first."""
        page = self.store.page(CAB, 50)
        told = [one for one in reversed(page) if one.name is Name.SALE_LOCK]
        return [(one.args["locked"], one.state) for one in told]

    def end(self, state: State) -> None:
        """The newest command ends so."""
        if state is State.OK:
            next_orders(self.store, self.clock, linked=True)
        self.clock.now += LIFE_MS

        def step(command: Command) -> Command:
            return replace(command, state=state, ended_ms=self.clock.now)

        self.store.advance(step, self.clock.now)

    def by(self) -> Actor:
        return Actor("mei", self.clock.now, real_ms=self.clock.now)

    def unlock(self, incident: str = "i-1", note: str = "修好并重新补货") -> None:
        SaleLockDesk(self.desk, self.book).unlock(incident, note, by=self.by())


@pytest.fixture
def kind() -> str:
    """The stores are compared elsewhere; here it is about the rules."""
    return "sqlite"


@pytest.fixture
def house(county: Engine) -> House:
    return House(county)


def test_a_critical_exposure_locks_the_sale_once_over_ticks_and_restarts(house: House) -> None:
    house.exposed()
    house.ticks()
    house.end(State.OK)
    house.restart()
    house.ticks()
    assert house.locks() == [(True, State.OK)]
    kinds = [type(event.body).__name__ for event in house.ledger.events("i-1")]
    assert kinds == ["Raised", "SaleLocked"]
    lock = house.ledger.find("i-1").handling.sale_lock
    assert lock is not None
    assert newest_lock(house.book, CAB) == house.store.find(lock.command, asset=CAB)
    assert house.book.sale_locked() == {CAB}


def test_a_kill_between_the_ledger_and_the_command_neither_loses_nor_doubles_it(
    house: House,
) -> None:
    house.exposed()
    house.restart(DyingCommands(house.engine))
    with pytest.raises(InterruptedError):
        house.keeper.tick()
    assert house.locks() == []
    house.restart()
    house.ticks()
    assert house.locks() == [(True, State.REQUESTED)]
    lock = house.ledger.find("i-1").handling.sale_lock
    last = newest_lock(house.book, CAB)
    assert (lock and lock.command) == (last and last.id)


@pytest.mark.parametrize(
    ("hazard", "severity", "asset"),
    [
        (Hazard.PRODUCT_HIGH, Severity.HIGH, CAB),
        (Hazard.TEMPERATURE_LOW, Severity.CRITICAL, CAB),
        (Hazard.PRODUCT_HIGH, Severity.CRITICAL, "veh-0001"),
    ],
)
def test_what_is_no_critical_exposure_of_a_cabinet_locks_nothing(
    house: House, hazard: Hazard, severity: Severity, asset: str
) -> None:
    house.exposed(hazard=hazard, severity=severity, asset=asset)
    house.ticks()
    assert house.locks() == []
    assert house.ledger.find("i-1").handling.sale_lock is None


def test_an_incident_that_grows_critical_locks_then(house: House) -> None:
    house.exposed(severity=Severity.HIGH)
    house.ticks()
    assert house.locks() == []
    house.ledger.append([Draft("i-1", Graver(Severity.CRITICAL))], at_ms=NOW)
    house.ticks()
    assert house.locks() == [(True, State.REQUESTED)]


def test_a_cabinet_that_did_not_hear_is_told_again_when_it_speaks(house: House) -> None:
    house.exposed()
    house.ticks()
    house.end(State.EXPIRED)
    house.clock.now += 10 * MINUTE
    house.ticks()
    assert house.locks() == [(True, State.EXPIRED)]  # it still says nothing
    house.links.known[CAB] = Connection(online=True, heard_ms=house.clock.now)
    house.ticks()
    assert house.locks() == [(True, State.EXPIRED), (True, State.REQUESTED)]


@pytest.mark.parametrize("minutes", [29, 31])
def test_a_cabinet_just_filled_may_be_warm_for_half_an_hour(house: House, minutes: int) -> None:
    filled = NOW - minutes * MINUTE
    for ts_ms, kg in ((filled - MINUTE, 1.0), (filled, 9.0), (filled + MINUTE, 9.0)):
        house.readings.add(CAB, "tray_3_kg", ts_ms=ts_ms, value=kg)
    house.exposed()
    house.ticks()
    assert bool(house.locks()) is (minutes > 30)
    house.clock.now = filled + 30 * MINUTE
    house.ticks()
    assert house.locks() == [(True, State.REQUESTED)]


def test_a_cabinet_just_serviced_may_be_warm_for_half_an_hour(house: House) -> None:
    house.exposed()
    out, back = OutOfService("WO-1", ""), Returned("换了压缩机")
    house.ledger.append([Draft("i-1", out), Draft("i-1", back)], at_ms=NOW)
    house.ticks()
    assert house.locks() == []
    house.clock.now += 30 * MINUTE
    house.ticks()
    assert house.locks() == [(True, State.REQUESTED)]


def test_unlocking_needs_a_word_on_the_goods_and_a_note(house: House) -> None:
    house.exposed()
    house.ticks()
    house.end(State.OK)
    with pytest.raises(ConflictError, match="decided"):
        house.unlock()
    house.ledger.append([Draft("i-1", WITHDRAWN)], at_ms=NOW, by="mei")
    with pytest.raises(InvalidError):
        house.unlock(note=" ")
    house.unlock()
    assert house.locks() == [(True, State.OK), (False, State.REQUESTED)]
    house.end(State.OK)
    house.ticks()
    house.unlock()  # once more is harmless
    assert house.locks() == [(True, State.OK), (False, State.OK)]
    assert house.book.sale_locked() == frozenset()


def test_an_unlocking_that_did_not_arrive_is_sent_again_when_asked_again(house: House) -> None:
    house.exposed()
    house.ticks()
    house.end(State.OK)
    house.ledger.append([Draft("i-1", WITHDRAWN)], at_ms=NOW, by="mei")
    house.unlock()
    house.end(State.EXPIRED)
    house.unlock()
    assert [locked for locked, _ in house.locks()] == [True, False, False]


def test_an_unlocking_that_did_not_arrive_is_sent_again_when_the_cabinet_speaks(
    house: House,
) -> None:
    house.exposed()
    house.ticks()
    house.end(State.OK)
    house.ledger.append([Draft("i-1", WITHDRAWN)], at_ms=NOW, by="mei")
    house.unlock()
    house.end(State.TIMEOUT)
    house.clock.now += 10 * MINUTE
    house.ticks()
    assert len(house.locks()) == 2
    house.links.known[CAB] = Connection(online=True, heard_ms=house.clock.now)
    house.ticks()
    assert house.locks()[-1] == (False, State.REQUESTED)
    house.end(State.OK)
    house.clock.now += 10 * MINUTE
    house.links.known[CAB] = Connection(online=True, heard_ms=house.clock.now)
    house.ticks()
    assert len(house.locks()) == 3


def test_goods_of_another_incident_keep_the_cabinet_locked(house: House) -> None:
    house.exposed()
    house.ticks()
    house.end(State.OK)
    house.exposed("i-2", hazard=Hazard.EXPOSURE)
    house.ticks()
    house.end(State.OK)
    house.ledger.append([Draft("i-1", WITHDRAWN)], at_ms=NOW, by="mei")
    with pytest.raises(ConflictError, match="i-2"):
        house.unlock("i-1")
    house.ledger.append([Draft("i-2", WITHDRAWN)], at_ms=NOW, by="mei")
    house.unlock("i-1")
    stands = [house.ledger.find(one).handling.sale_lock for one in ("i-1", "i-2")]
    assert [lock and lock.stands for lock in stands] == [False, False]


def test_a_plain_command_does_not_unlock_what_an_incident_has_locked(house: House) -> None:
    house.exposed()
    house.ticks()
    house.end(State.OK)
    order = Order(CAB, Name.SALE_LOCK, {"locked": False})
    with pytest.raises(ConflictError, match="i-1"):
        house.book.request(order, by=house.by())
    house.ledger.append([Draft("i-1", WITHDRAWN)], at_ms=NOW, by="mei")
    house.unlock()
    assert house.locks()[-1] == (False, State.REQUESTED)


def test_a_customer_taking_goods_is_no_filling() -> None:
    assert filled_ms([[(0, 5.0), (10, 4.2), (20, 4.3)]], 1.0) is None
    assert filled_ms([[(0, 5.0), (10, 7.0)], [(0, 1.0), (30, 3.0), (40, 3.0)]], 1.0) == 30


def test_more_grace_than_the_food_code_allows_is_refused() -> None:
    with pytest.raises(InvalidError):
        replace(sale_lock_policy(), grace_ms=31 * MINUTE)
