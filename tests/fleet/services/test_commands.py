"""Commands from the wish to the outcome: one ledger entry each, whoever answers how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, select

from gongfu_broker.codec import encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import CursorError
from gongfu_broker.payloads import Result
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.command_rows import CommandEventRow
from gongfu_fleet.adapters.db.commands import SqlCommands
from gongfu_fleet.adapters.db.engine import reading
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.adapters.memory_log import MemoryLog, batch_record
from gongfu_fleet.domain.commands import LIFE_MS, Command, Name, State
from gongfu_fleet.domain.scope import EVERYTHING, Scope, parse_grant, scope_of
from gongfu_fleet.errors import ConflictError, InvalidError, NotFoundError
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.commands import (
    CONSUMER,
    GRACE_REAL_MS,
    CommandBook,
    CommandResults,
    Order,
    new_nonce,
    next_orders,
)

NOW = 1_790_000_000_000
UNLOCK = Order("cab-0001", Name.UNLOCK, reason="补货开门")
COMPOUND = scope_of([parse_grant("operator:hangzhou")])


def lin(scope: Scope = EVERYTHING) -> Actor:
    return Actor("lin", NOW, NOW + 7, scope)


@dataclass
class Stand:
    """The book, the downlink's view of it, and devices that answer into a log."""

    engine: Engine
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))
    log: MemoryLog = field(default_factory=MemoryLog)

    def __post_init__(self) -> None:
        self.store = SqlCommands(self.engine)
        self.book = CommandBook(self.store, SqlRegistry(self.engine))
        self.results = CommandResults(self.log, self.store)

    def orders(self, *, linked: bool = True) -> list[str]:
        return [one.id for one in next_orders(self.store, self.clock, linked=linked)]

    def answer(self, command: Command, verdict: str, *, dev: str = "", res: object = None) -> None:
        payload = encode(Result(command.id, verdict, res))  # type: ignore[arg-type] # a verdict
        told = (0, self.clock.now_ms(), 0, command.site, dev or command.asset)
        self.log.append(CommittedRecord(*told, DeviceKind.CABINET, Leaf.RES, None, None, payload))
        self.results.turn()

    def now(self, command: Command) -> Command:
        return self.book.get(command.asset, command.id)

    def ledger(self, command: Command) -> list[str]:
        found = select(CommandEventRow.state).where(CommandEventRow.command_id == command.id)
        with reading(self.engine) as session:
            return list(session.scalars(found.order_by(CommandEventRow.seq)))


@pytest.fixture
def stand(county: Engine) -> Stand:
    return Stand(county)


def test_an_unlock_is_in_the_audit_log_before_it_is_sent_and_answered_once(stand: Stand) -> None:
    command = stand.book.request(UNLOCK, by=lin())
    (entry,) = SqlAuditLog(stand.engine).page(1)
    assert (entry.actor, entry.action, entry.object) == ("lin", "command.unlock", "asset:cab-0001")
    assert command.id in entry.data
    assert "补货开门" in entry.data
    assert command.exp_ms == NOW + LIFE_MS
    assert stand.orders() == [command.id]
    assert stand.orders() == [command.id]  # again and again until it is answered
    stand.answer(command, "ok", res={"door": 1})
    stand.answer(command, "failed")
    assert stand.orders() == []
    assert stand.now(command).state is State.OK
    assert stand.now(command).answer == '{"door": 1}'
    assert stand.ledger(command) == ["requested", "sent", "ok"]


def test_what_was_never_sent_expires_and_what_was_sent_times_out(stand: Stand) -> None:
    never = stand.book.request(UNLOCK, by=lin())
    stand.clock.now += LIFE_MS
    assert stand.orders(linked=False) == []
    assert stand.now(never).state is State.EXPIRED
    silent = stand.book.request(UNLOCK, by=Actor("lin", stand.clock.now, NOW))
    assert stand.orders() == [silent.id]
    stand.clock.now += LIFE_MS
    assert stand.orders() == []  # not sent any more, but an answer may be on its way
    assert stand.now(silent).state is State.SENT
    stand.clock.now += GRACE_REAL_MS
    stand.orders()
    assert stand.now(silent).state is State.TIMEOUT


def test_a_late_word_of_the_device_replaces_silence(stand: Stand) -> None:
    command = stand.book.request(UNLOCK, by=lin())
    stand.orders()
    stand.clock.now += LIFE_MS + GRACE_REAL_MS
    stand.orders()
    stand.answer(command, "ok")
    assert stand.now(command).state is State.OK
    assert stand.ledger(command) == ["requested", "sent", "timeout", "ok"]


def test_nobody_answers_for_another_device_nor_before_it_was_sent(stand: Stand) -> None:
    command = stand.book.request(UNLOCK, by=lin())
    stand.answer(command, "ok")
    assert stand.now(command).state is State.REQUESTED
    stand.orders()
    stand.answer(command, "ok", dev="cab-0002")
    assert stand.now(command).state is State.SENT


def test_one_of_a_kind_is_under_way_per_asset(stand: Stand) -> None:
    stand.book.request(UNLOCK, by=lin())
    with pytest.raises(ConflictError, match="not answered"):
        stand.book.request(UNLOCK, by=lin())
    stand.book.request(Order("cab-0002", Name.UNLOCK, reason="补货开门"), by=lin())
    stand.book.request(Order("cab-0001", Name.SALE_LOCK, {"locked": True}), by=lin())
    assert len(stand.orders()) == 3


@pytest.mark.parametrize(
    ("asset", "name", "args", "reason"),
    [
        ("cab-0001", Name.UNLOCK, {}, "   ok  "),
        ("cab-0001", Name.UNLOCK, {}, "two\nlines"),
        ("cab-0001", Name.UNLOCK, {}, "x" * 201),
        ("cab-0001", Name.UNLOCK, {"door": 2}, "补货开门"),
        ("veh-0001", Name.UNLOCK, {}, "补货开门"),
        ("cab-0001", Name.PRICE, {"tray": 0, "fen_per_kg": 100}, ""),
        ("cab-0001", Name.PRICE, {"tray": 1, "fen_per_kg": 0}, ""),
        ("cab-0001", Name.PRICE, {"tray": True, "fen_per_kg": 1}, ""),
        ("cab-0001", Name.SETPOINT, {"zone": 2, "celsius": 4.0}, ""),
        ("cab-0001", Name.SETPOINT, {"zone": 1, "celsius": 12.0}, ""),
        ("cab-0001", Name.SETPOINT, {"zone": 1, "celsius": float("nan")}, ""),
        ("cab-0001", Name.SETPOINT, {"zone": 1, "celsius": "4"}, ""),
        ("cab-0001", Name.VOICE, {"text": " "}, ""),
        ("cab-0001", Name.VOICE, {"text": "x" * 121}, ""),
        ("cab-0001", Name.SALE_LOCK, {"locked": 1}, ""),
    ],
)
def test_what_an_asset_cannot_be_told_is_refused_and_leaves_no_trace(
    stand: Stand, asset: str, name: Name, args: Mapping[str, object], reason: str
) -> None:
    with pytest.raises(InvalidError):
        stand.book.request(Order(asset, name, args, reason), by=lin())
    assert stand.orders() == []
    assert SqlAuditLog(stand.engine).page(1) == []


def test_outside_ones_scope_there_is_no_asset_no_command_and_no_news(stand: Stand) -> None:
    with pytest.raises(NotFoundError):
        stand.book.request(Order("veh-0001", Name.VOICE, {"text": "你好"}), by=lin(COMPOUND))
    foreign = stand.book.request(Order("veh-0001", Name.VOICE, {"text": "你好"}), by=lin())
    with pytest.raises(NotFoundError):
        stand.book.get("veh-0001", foreign.id, scope=COMPOUND)
    assert stand.book.page("veh-0001", 10, scope=COMPOUND) == []
    assert (stand.book.version(COMPOUND), stand.book.version()) == (0, 1)
    stand.book.request(UNLOCK, by=lin(COMPOUND))
    assert (stand.book.version(COMPOUND), stand.book.version()) == (1, 2)


def test_an_assets_commands_come_newest_first_page_by_page(stand: Stand) -> None:
    ids: list[str] = []
    for later_ms in range(3):
        order = Order("cab-0001", Name.VOICE, {"text": "你好"})
        by = Actor("lin", NOW, NOW + later_ms)
        ids.insert(0, stand.book.request(order, by=by).id)
        stand.orders()
        stand.answer(stand.book.get("cab-0001", ids[0]), "ok")
    first = stand.book.page("cab-0001", 2)
    assert [one.id for one in first] == ids[:2]
    assert [one.id for one in stand.book.page("cab-0001", 2, first[-1].id)] == ids[2:]


def test_a_nonce_holds_128_random_bits_beside_its_time() -> None:
    first, second = new_nonce(NOW), new_nonce(NOW)
    assert first < new_nonce(NOW + 1)
    assert len(first) <= 64
    assert len(set(first.partition(".")[2])) > 4
    assert first.partition(".")[2] != second.partition(".")[2]


def test_after_a_restart_results_are_read_from_where_they_were_saved(stand: Stand) -> None:
    command = stand.book.request(UNLOCK, by=lin())
    stand.orders()
    stand.answer(command, "ok")
    assert stand.log.released == {CONSUMER: 1}
    again = CommandResults(stand.log, stand.store)
    assert again.turn() == 0
    with pytest.raises(CursorError, match="same backup"):
        CommandResults(MemoryLog("another"), stand.store).turn()


def test_a_long_log_without_results_is_passed_and_saved_now_and_then(stand: Stand) -> None:
    reading_record = CommittedRecord(
        0, NOW, 0, "hangzhou", "cab-0001", DeviceKind.CABINET, Leaf.STATE, None, None, b"{}"
    )
    for _ in range(5):
        stand.log.append(reading_record)
    assert stand.results.turn() == 5
    assert stand.store.cursor(CONSUMER) is None  # nothing is lost by reading these again
    stand.results.rest()
    cursor = stand.store.cursor(CONSUMER)
    assert cursor is not None
    assert cursor.seq == 5


def test_when_the_log_is_quiet_it_is_seen_that_nothing_is_left_to_read(stand: Stand) -> None:
    told = [(NOW, {"zone_1_celsius": 4.0})]
    stand.log.append(batch_record("cab-0001", DeviceKind.CABINET, told, mseq=1, received_ms=NOW))
    assert [stand.results.turn() for _ in range(2)] == [1, 0]
    assert stand.store.cursor(CONSUMER) is None
    stand.results.rest()
    assert stand.store.cursor(CONSUMER) is not None
    assert stand.log.released == {CONSUMER: stand.log.head()}
