"""Goods taken and not settled: one incident a stretch, over a crash too."""

import pytest
from sqlalchemy import Engine

from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.daytime import midnight_ms
from gongfu_firmware_sim.faults import NO_FAULTS, FaultKind, Injection
from gongfu_firmware_sim.outbox import Outbox, Pace
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_fleet.adapters.db.sales import SqlSales
from gongfu_fleet.adapters.memory_log import MemoryLog
from gongfu_fleet.domain.alarms.asset_rules.unsettled import Sale
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Subject
from gongfu_fleet.domain.alarms.timeline import Condition
from gongfu_fleet.errors import ConflictError, InvalidError
from gongfu_fleet.services.asset_policies import cabinet_policy
from gongfu_fleet.services.incident_words import words_of
from gongfu_fleet.services.watch_ports import Cursor
from gongfu_fleet.services.watch_sales import CONSUMER, News
from tests.fleet.asset_rules.sale_stand import CAB, HOUR, Stand, minute_of


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def stand(database: Engine) -> Stand:
    return Stand(database)


def test_goods_that_nobody_paid_are_told_after_a_quarter_of_an_hour(stand: Stand) -> None:
    stand.taken(10)
    stand.look(24.9)
    assert stand.found() == []
    stand.look(25)
    incident = stand.one()
    assert incident.subject == Subject(CAB, 0, Hazard.UNSETTLED)
    assert incident.severity is Severity.HIGH
    episode = incident.finding.episode
    assert (minute_of(episode.begin_ms), minute_of(episode.raised_ms)) == (10, 25)
    assert episode.condition is Condition.ACTIVE
    stand.decided(40)
    stand.look(41)
    assert stand.spans() == [(10, 40)]
    assert not stand.one().running


@pytest.mark.parametrize("st", ["paid", "dispute"])
def test_what_is_paid_or_in_dispute_is_settled(stand: Stand, st: str) -> None:
    stand.taken(10)
    stand.decided(10.3, st=st)
    stand.look(120)
    assert stand.found() == []


def test_a_pending_payment_settles_nothing(stand: Stand) -> None:
    stand.taken(10)
    stand.decided(10.3, st="pending")
    stand.look(30)
    assert stand.spans() == [(10, None)]


def test_filling_and_looking_owe_nothing(stand: Stand) -> None:
    stand.event("session", 1, {"session": "a", "by": "operator", "open_s": 90, "taken": [
        {"tray": 1, "kg": 2.0}]})  # fmt: skip
    stand.event("session", 2, {"session": "b", "by": "customer", "open_s": 20})
    put_back = [{"tray": 1, "kg": -0.2}]
    stand.event("session", 3, {"session": "c", "by": "customer", "open_s": 20, "taken": put_back})
    stand.look(120)
    assert stand.found() == []


@pytest.mark.parametrize(
    "data",
    [{}, {"session": "s1"}, {"session": "", "by": "customer", "open_s": 1}, {"session": 5}],
)
def test_events_that_do_not_fit_the_contract_say_nothing(stand: Stand, data: object) -> None:
    stand.event("session", 1, data)
    stand.event("purchase", 1, data)
    stand.event("door", 1, {"open": 1, "session": "s1"})
    stand.look(120)
    assert stand.found() == []


def test_sales_that_wait_together_are_one_incident(stand: Stand) -> None:
    stand.taken(10, "a")
    stand.taken(20, "b")
    stand.look(40)
    stand.decided(41, "a")
    stand.look(45)
    assert stand.spans() == [(10, None)]
    stand.decided(60, "b")
    stand.taken(90, "c")
    stand.look(110)
    assert stand.spans() == [(10, 60), (90, None)]


def test_a_silent_cabinet_proves_nothing(stand: Stand) -> None:
    stand.taken(10)
    stand.look(120, heard=11)
    assert stand.found() == []
    stand.decided(10.5, came=121)
    stand.look(126)
    assert stand.found() == []


def test_a_backlog_is_given_time_to_bring_what_settled_its_sales(stand: Stand) -> None:
    stand.taken(10, came=120)
    stand.look(121)
    assert stand.found() == []
    stand.decided(10.5, came=122)
    stand.look(130)
    assert stand.found() == []


def test_what_settled_it_and_came_late_takes_the_incident_back(stand: Stand) -> None:
    stand.taken(10)
    stand.look(30)
    told = stand.one()
    stand.decided(12, came=300)
    stand.look(301)
    assert stand.found() == []
    assert stand.ledger.find(told.id).retracted


def test_what_is_found_when_it_is_over_is_told_late(stand: Stand) -> None:
    stand.taken(10, came=300)
    stand.decided(60, came=300)
    stand.look(301)
    assert stand.spans() == [(10, 60)]
    assert stand.one().late


def test_after_three_days_it_is_a_matter_for_the_books(stand: Stand) -> None:
    stand.taken(0)
    stand.look(71 * 60)
    assert stand.one().running
    stand.look(73 * 60)
    assert stand.spans() == [(0, 72 * 60)]
    stand.decided(80 * 60)
    stand.look(81 * 60)
    assert stand.spans() == [(0, 72 * 60)]


def test_a_look_that_finds_nothing_new_writes_nothing(stand: Stand) -> None:
    stand.taken(10)
    for minute in range(30, 60):
        stand.look(minute)
    assert len(stand.ledger.events(stand.one().id)) == 1


def test_a_restart_in_the_middle_neither_loses_nor_doubles_it(stand: Stand) -> None:
    stand.taken(10)
    stand.watch.turn()
    stand.restart()
    stand.look(30)
    stand.restart()
    stand.look(40)
    stand.decided(50)
    stand.restart()
    stand.look(60)
    assert stand.spans() == [(10, 50)]
    assert stand.ledger.find(stand.one().id).n == 2


def test_a_kill_between_the_ledger_and_the_mark_doubles_nothing(stand: Stand) -> None:
    class Dying(SqlSales):
        """The process dies when it would mark what was told."""

        def judge(self, *_: object) -> None:
            raise InterruptedError

    stand.taken(10)
    stand.decided(40)
    stand.restart(Dying(stand.engine))
    with pytest.raises(InterruptedError):
        stand.look(60)
    stand.restart()
    stand.look(61)
    assert stand.spans() == [(10, 40)]


def test_what_was_settled_long_ago_is_forgotten_and_its_incident_stays(stand: Stand) -> None:
    stand.taken(10)
    stand.decided(40)
    stand.look(60)
    for days in (29, 32):
        stand.taken(days * 24 * 60, f"d{days}")
        stand.decided(days * 24 * 60 + 1, f"d{days}")
        stand.look(days * 24 * 60 + 5)
    assert stand.spans() == [(10, 40)]
    store = SqlSales(stand.engine)
    store.take([News(CAB, Sale("x"), stand.now)], "other", None, Cursor("memory", 1))
    known = store.unjudged(0)[CAB]
    assert {sale.session for sale in known} == {"x", "d29", "d32"}


def test_a_cursor_of_another_log_or_another_worker_is_refused(stand: Stand) -> None:
    stand.taken(10)
    stand.watch.turn()
    stand.log = MemoryLog("other")
    stand.restart()
    with pytest.raises(CursorError, match="same backup"):
        stand.watch.turn()
    with pytest.raises(ConflictError):
        SqlSales(stand.engine).take((), CONSUMER, None, Cursor("memory", 9))


def test_it_says_what_to_do_in_two_languages(stand: Stand) -> None:
    class Nothing:
        def zones(self) -> dict[str, list[object]]:
            return {}

        def refresh(self) -> None:
            """It stays as it is."""

    stand.taken(10)
    stand.look(30)
    words = words_of(stand.one(), stand.ledger, Nothing())  # type: ignore[arg-type] # no zones
    assert "未结算" in str(words.zh)
    assert str(words.en).endswith(".")


def test_a_policy_that_forgets_before_it_tells_is_refused() -> None:
    with pytest.raises(InvalidError):
        cabinet_policy({"unsettled_forget_h": 0.2})


@pytest.mark.parametrize("hours", [0, 6])
def test_a_simulated_cabinet_is_told_while_its_payments_fail_and_not_otherwise(
    stand: Stand, hours: int
) -> None:
    start_ms = midnight_ms(20_403) + 8 * HOUR
    down = Injection(CAB, FaultKind.PAYMENT_DOWN, start_ms + HOUR, hours * 3600)
    device = DeviceSpec(CAB, DeviceKind.CABINET, "hangzhou", ("chilled_generic",))
    model = Cabinet(device, ScenarioSpec(7, start_ms, (device,), (down,), NO_FAULTS))
    recorder = Recorder(7, CAB, Outbox(1, {}, pace=Pace()))
    for moment in model.moments(start_ms, start_ms + 12 * HOUR):
        for message in recorder.record(moment, offset_ms=0, now_s=0):
            about = (0, moment.ts_ms, 0, "hangzhou", CAB, DeviceKind.CABINET, message.leaf)
            stand.log.append(CommittedRecord(*about, 1, message.seq, message.payload))
    stand.look(minute_of(start_ms + 12 * HOUR))
    if hours == 0:
        assert stand.found() == []
        return
    episode = stand.one().finding.episode
    assert start_ms + HOUR < episode.begin_ms
    assert episode.end_ms == start_ms + (1 + hours) * HOUR
