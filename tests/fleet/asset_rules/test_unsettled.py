"""Goods taken and not settled: one incident a stretch, the same in any order, over a crash too."""

import random
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from gongfu_broker.codec import encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.daytime import midnight_ms
from gongfu_firmware_sim.faults import NO_FAULTS, FaultKind, Injection
from gongfu_firmware_sim.outbox import Outbox, Pace
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.sales import SqlSales
from gongfu_fleet.adapters.memory import MemoryConnections
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.adapters.memory_log import MemoryLog
from gongfu_fleet.domain.alarms.asset_rules.unsettled import Sale, Watermark, episodes, joined
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Incident, Subject
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.errors import ConflictError, InvalidError
from gongfu_fleet.ports import Connection
from gongfu_fleet.services.asset_policies import cabinet_policy
from gongfu_fleet.services.incident_words import words_of
from gongfu_fleet.services.watch_ports import Cursor
from gongfu_fleet.services.watch_sales import CONSUMER, KEPT_MS, News, SaleWatch
from tests.fleet.asset_rules.rides import CABINETS, START

MINUTE = 60_000
HOUR = 60 * MINUTE
CAB = "cab-0001"
OFFSET = 7_000


@pytest.fixture
def kind() -> str:
    return "sqlite"


@dataclass
class Stand:
    """A log of events, the sales in a database, the ledger, and a watch that can begin anew."""

    engine: Engine
    log: MemoryLog = field(default_factory=MemoryLog)
    ledger: MemoryIncidentStore = field(default_factory=MemoryIncidentStore)
    links: MemoryConnections = field(default_factory=MemoryConnections)
    now: int = START

    def __post_init__(self) -> None:
        self.ids, self.seqs = count(), count(1)
        self.restart()
        self.watch.turn()

    def restart(self, store: SqlSales | None = None) -> None:
        self.watch = SaleWatch(
            log=self.log,
            store=store or SqlSales(self.engine),
            ledger=self.ledger,
            connections=self.links,
            policy=CABINETS,
            new_id=lambda: f"i-{next(self.ids):04}",
        )

    def event(self, kind: str, minute: float, data: object, *, came: float | None = None) -> None:
        """The cabinet's clock is 7 s behind ours."""
        seq, at_ms = next(self.seqs), START + round(minute * MINUTE)
        event = {"v": 1, "boot": 1, "seq": seq, "id": f"e{seq}", "kind": kind, "data": data}
        event["ts"] = at_ms - OFFSET
        received_ms = at_ms if came is None else START + round(came * MINUTE)
        about = (0, received_ms, OFFSET, "hangzhou", CAB, DeviceKind.CABINET, Leaf.EVT)
        self.log.append(CommittedRecord(*about, 1, seq, encode(event)))

    def taken(self, minute: float, session: str = "s1", *, came: float | None = None) -> None:
        data = {"session": session, "by": "customer", "open_s": 31.5}
        self.event("session", minute, {**data, "taken": [{"tray": 3, "kg": 0.41}]}, came=came)

    def decided(
        self, minute: float, session: str = "s1", st: str = "paid", *, came: float | None = None
    ) -> None:
        self.event("purchase", minute, {"session": session, "st": st, "fen": 525}, came=came)

    def look(self, minute: float, *, heard: float | None = None) -> None:
        """What the watch finds so many minutes after the start; it was heard until then."""
        self.now = START + round(minute * MINUTE)
        heard_ms = START + round((minute if heard is None else heard) * MINUTE)
        self.links.known[CAB] = Connection(online=True, heard_ms=heard_ms)
        while self.watch.turn():
            pass
        self.watch.tick(self.now)

    def found(self) -> list[Incident]:
        page = self.ledger.page(99, None, asset=CAB, only_open=False)
        return sorted((one for one in page if one.living), key=lambda one: one.id)

    def one(self) -> Incident:
        (incident,) = self.found()
        return incident

    def spans(self) -> list[tuple[float, float | None]]:
        """Begin and end in minutes."""
        told = [one.finding.episode for one in self.found()]
        return [(_minute(one.begin_ms), one.end_ms and _minute(one.end_ms)) for one in told]


def _minute(ts_ms: int) -> float:
    return (ts_ms - START) / MINUTE


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
    assert (_minute(episode.begin_ms), _minute(episode.raised_ms)) == (10, 25)
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
    stand.look(_minute(start_ms + 12 * HOUR))
    if hours == 0:
        assert stand.found() == []
        return
    episode = stand.one().finding.episode
    assert start_ms + HOUR < episode.begin_ms
    assert episode.end_ms == start_ms + (1 + hours) * HOUR


SALES = st.builds(
    Sale,
    st.sampled_from(["a", "b", "c", "d", "e"]),
    st.none() | st.integers(0, 300).map(lambda m: START + m * MINUTE),
    st.none() | st.just(START),
    st.booleans(),
    st.none() | st.integers(0, 300).map(lambda m: START + m * MINUTE),
)


@given(SALES, SALES, SALES)
def test_what_is_known_of_a_sale_does_not_depend_on_order_or_repetition(
    one: Sale, two: Sale, three: Sale
) -> None:
    one, two, three = (sale._replace(session="a") for sale in (one, two, three))
    assert joined(one, two) == joined(two, one)
    assert joined(joined(one, two), three) == joined(one, joined(two, three))
    assert joined(one, one) == one
    assert joined(joined(one, two), two) == joined(one, two)


@given(st.lists(SALES, max_size=8), st.randoms(use_true_random=False))
def test_episodes_are_in_order_apart_and_the_same_in_any_order(
    sales: list[Sale], dice: random.Random
) -> None:
    mark = Watermark(START + 400 * MINUTE, START + 400 * MINUTE)
    found = episodes(sales, CABINETS, mark)
    dice.shuffle(sales)
    assert episodes(sales, CABINETS, mark) == found
    for before, after in pairwise(found):
        assert before.end_ms is not None
        assert before.end_ms <= after.begin_ms
    owed = [s for s in sales if s.owed and s.ended_ms is not None]
    for sale in owed:
        late = sale.settled_ms is None or sale.settled_ms - (sale.ended_ms or 0) > 15 * MINUTE
        assert late is any(_holds(one, sale.ended_ms or 0) for one in found) or not late


def _holds(episode: Episode, ts_ms: int) -> bool:
    return episode.begin_ms <= ts_ms and (episode.end_ms is None or ts_ms <= episode.end_ms)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sales") / "empty.db"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000))
def test_any_order_of_delivery_gives_the_incidents_of_ordered_events(
    migrated: Path, seed: int
) -> None:
    dice = random.Random(seed)
    told: list[tuple[str, int, str]] = []
    for n in range(6):
        at = dice.choice([5, 10, 12, 40, 60, 90])
        told.append(("taken", at, f"s{n}"))
        if dice.random() < 0.8:
            told.append(("decided", at + dice.choice([1, 14, 16, 30, 60]), f"s{n}"))
    timelines = []
    for shuffled in (False, True):
        copy = migrated.with_name(f"{shuffled}.db")
        copy.write_bytes(migrated.read_bytes())
        engine = open_database(f"sqlite:///{copy}")
        stand = Stand(engine)
        events = [*told, *dice.sample(told, 3)]
        events.sort(key=lambda one: one[1])
        if shuffled:
            dice.shuffle(events)
        minute = 0
        for kind, at, session in events:
            minute = max(minute + 1, at + 1)
            tell = stand.taken if kind == "taken" else stand.decided
            tell(at, session, came=minute)
            if dice.random() < 0.6:
                stand.look(minute)
            if dice.random() < 0.2:
                stand.restart()
        stand.look(minute + 300)
        findings = [one.finding for one in stand.found()]
        timelines.append(sorted(findings, key=lambda one: one.episode.begin_ms))
        engine.dispose()
    assert timelines[0] == timelines[1]


def test_those_sales_do_find_something() -> None:
    assert KEPT_MS > 72 * HOUR
    late = Sale("a", START, START, owed=True, settled_ms=START + 16 * MINUTE)
    assert len(episodes([late], CABINETS, Watermark(START + HOUR, START + HOUR))) == 1
