"""The rules in the running watch: any order of delivery, restarts, samples, old states."""

import random
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_broker.columns import DeviceKind
from gongfu_fleet.adapters.memory_log import batch_record
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Finding, Raised, Retracted, Subject
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.rulebook import Found, Row, sampled
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.alarms.zone import ZoneState, advance, fresh
from gongfu_fleet.domain.alarms.zone_book import ZoneBook
from gongfu_fleet.domain.alarms.zone_data import PLAIN
from gongfu_fleet.services.cold_policies import cold_policy
from gongfu_fleet.services.watch_cold_chain import CONSUMER
from gongfu_fleet.services.watch_ports import Cursor, Followed, Turn, ZoneKey, ZoneUpdate
from gongfu_fleet.services.watch_unsaved import Pace
from tests.fleet.alarms.stand import DEV, HOUR, METRIC, MINUTE, START_MS, FitfulPace, Stand

FROZEN = ZoneBook(METRIC, cold_policy("frozen", {"learn_h": 12}))
MEAT = ZoneBook(METRIC, cold_policy("chilled_meat", {"learn_h": 12, "tau_min": 10}))
LEARNED = 840
Story = tuple[ZoneBook, list[Row]]


def rows(celsius: Callable[[int], float | None], minutes: range, *, door: float = 0.0) -> list[Row]:
    """A row a minute, 7 s into it."""
    told = ((START_MS + m * MINUTE + 7_000, celsius(m - minutes.start)) for m in minutes)
    return [(ts, (None if c is None else round(c, 2), door)) for ts, c in told]


def cycling(minutes: range, mean: float) -> list[Row]:
    """A thermostat: 14 minutes up, 14 down, a degree and a half around the mean."""
    begin = minutes.start
    return rows(lambda n: mean + abs((begin + n) % 28 - 14) / 14 * 3 - 1.5, minutes)


def after(*parts: list[Row], mean: float = -19.4) -> list[Row]:
    """What happens after twelve hours were learned."""
    return [*cycling(range(LEARNED), mean), *(row for part in parts for row in part)]


def span(begin: int, minutes: int) -> range:
    return range(LEARNED + begin, LEARNED + begin + minutes)


def stopped() -> list[Row]:
    """The compressor stops, and runs again after two hours."""
    return after(
        rows(lambda n: min(-18 + 0.2 * n, 2), span(0, 120)),
        rows(lambda n: max(2 - 0.5 * n, -20), span(120, 90)),
        cycling(span(210, 60), -19.4),
    )


def forgotten() -> list[Row]:
    """The door stands open, the probe fails, and when it comes back it repeats itself."""
    return after(
        rows(lambda n: -18 + 0.1 * n, span(0, 12), door=1.0),
        cycling(span(12, 60), -19.4),
        rows(lambda _: None, span(72, 40)),
        cycling(span(112, 30), -19.4),
        rows(lambda _: -19.4, span(142, 45)),
        cycling(span(187, 60), -19.4),
    )


def leaking() -> list[Row]:
    """Ever warmer, half a degree an hour."""
    whole = cycling(range(LEARNED, LEARNED + 420), -19.4)
    return after([(ts, (round((c or 0) + n / 120, 2), d)) for n, (ts, (c, d)) in enumerate(whole)])


def meat() -> list[Row]:
    """Too warm for five hours, then too cold for one."""
    return after(
        rows(lambda _: 5.8, span(0, 300)),
        rows(lambda n: max(5.8 - 0.3 * n, -3), span(300, 100)),
        cycling(span(400, 60), 3.0),
        mean=3.0,
    )


STORIES: Mapping[str, Callable[[], Story]] = {
    "stopped": lambda: (FROZEN, stopped()),
    "forgotten": lambda: (FROZEN, forgotten()),
    "leaking": lambda: (FROZEN, leaking()),
    "meat": lambda: (MEAT, meat()),
}


def stand_of(
    book: ZoneBook, *, pace: Pace | None = None, crashes: Mapping[int, bool] | None = None
) -> Stand:
    stand = Stand(pace=pace, crashes=crashes)
    stand.zones.book = book
    return stand


def tell(stand: Stand, message: list[Row], mseq: int) -> None:
    told = [(ts, {METRIC: celsius, "door_open": door}) for ts, (celsius, door) in message]
    record = batch_record(DEV, DeviceKind.CABINET, told, mseq=mseq, received_ms=stand.clock.ms)
    stand.log.append(record)


def expected(book: ZoneBook, told: list[Row]) -> tuple[ZoneState, list[tuple[Hazard, Finding]]]:
    """One pass over everything in order; how often the door opened, nobody told."""
    whole = sorted((ts, (*values, None)) for ts, values in told)
    run = advance(book, fresh(book), sampled(whole, book.sample_ms), from_ms=0)
    found = [
        (hazard, book.finding(Found(hazard, episode)))
        for hazard, episodes in run.episodes.items()
        for episode in episodes
    ]
    return run.after, sorted(found, key=lambda item: (item[0], item[1].episode.begin_ms))


def busier(told: list[Row], dice: random.Random) -> list[Row]:
    """Rows in between, that nobody needs to judge, whatever they say."""
    known = [ts for ts, (celsius, _) in told if celsius is not None]
    some = dice.sample(known, len(told) // 4)
    extra = [(ts + dice.randrange(1, 52_000), (dice.choice([9.0, -40.0]), 1.0)) for ts in some]
    return sorted([*told, *extra])


def messages_of(told: list[Row], dice: random.Random) -> list[tuple[int, list[Row]]]:
    """Cut, some twice, in any order: everything within a day, so up to 24 h late."""
    cut = [told[at : at + 60] for at in range(0, len(told), 60)]
    numbered = list(enumerate(cut, 1))
    numbered += dice.sample(numbered, 4)
    dice.shuffle(numbered)
    return numbered


def test_the_stories_tell_of_every_rule() -> None:
    found = {hazard for story in STORIES.values() for hazard, _ in expected(*story())[1]}
    assert found >= set(FROZEN.hazards) - {Hazard.RATE_OF_RISE}


@pytest.mark.parametrize("story", STORIES)
@settings(deadline=None, max_examples=2)
@given(seed=st.integers(0, 10_000), limit=st.integers(1, 7))
def test_any_order_of_delivery_gives_bit_for_bit_the_timeline_of_ordered_data(
    story: str, seed: int, limit: int
) -> None:
    book, plain = STORIES[story]()
    dice = random.Random(seed)
    told = busier(plain, dice)
    stand = stand_of(book)
    for mseq, message in messages_of(told, dice):
        tell(stand, message, mseq)
        if dice.random() < 0.3:
            stand.drain(limit)
    stand.drain(limit)
    state, findings = expected(book, plain)
    assert stand.timeline() == findings
    (followed,) = stand.store.states().values()
    assert followed.state == state


@pytest.mark.parametrize("story", ["stopped", "meat"])
@settings(deadline=None, max_examples=2)
@given(seed=st.integers(0, 10_000))
def test_crashes_and_restarts_in_mid_incident_neither_lose_nor_double_anything(
    story: str, seed: int
) -> None:
    book, told = STORIES[story]()
    dice = random.Random(seed)
    pace = FitfulPace(decide=lambda: dice.random() < 0.4)
    crashes = {dice.randrange(2, 30): dice.random() < 0.5 for _ in range(4)}
    stand, undisturbed = stand_of(book, pace=pace, crashes=crashes), stand_of(book)
    # The stories' hours of interest by the minute, what was learned before at once.
    cut = [told[:LEARNED], *(told[at : at + 5] for at in range(LEARNED, len(told), 5))]
    for mseq, message in enumerate(cut, 1):
        for one in (stand, undisturbed):
            tell(one, message, mseq)
            one.turn()
        if dice.random() < 0.1:
            stand.watch = stand.restarted()
    pace.decide = lambda: True
    for one in (stand, undisturbed):
        one.drain()
        one.watch.rest()
    assert stand.timeline() == undisturbed.timeline() == expected(book, told)[1]
    assert [one.n for one in stand.incidents()] == [one.n for one in undisturbed.incidents()]


def test_rows_in_a_bucket_that_was_judged_are_passed_whatever_they_say() -> None:
    stand = stand_of(FROZEN)
    tell(stand, [(START_MS, (-19.0, 0.0))], 1)
    stand.drain()
    before = stand.ledger.states()
    stand.history.reads.clear()
    tell(stand, [(START_MS + n * 1_000, (30.0, 1.0)) for n in range(1, 60)], 2)
    tell(stand, [(START_MS, (-19.0, 0.0))], 3)
    stand.drain()
    assert stand.ledger.states() == before
    assert stand.history.reads == []


def test_an_earlier_row_of_a_judged_bucket_is_judged_in_its_place() -> None:
    stand = stand_of(FROZEN)
    minute = START_MS + MINUTE
    tell(stand, [(START_MS, (-19.0, 0.0)), (minute + 5_000, (-18.0, 0.0))], 1)
    stand.drain()
    tell(stand, [(minute + 1_000, (-18.5, 0.0))], 2)
    stand.drain()
    (followed,) = stand.ledger.states().values()
    assert followed.state.last == (minute + 1_000, (-18.5, 0.0, None))


def test_a_backlog_that_fills_a_gap_is_judged_from_where_the_gap_began() -> None:
    told = STORIES["stopped"]()[1]
    gap = slice(LEARNED + 20, LEARNED + 80)
    stand = stand_of(FROZEN)
    for at in range(0, LEARNED, 60):
        tell(stand, told[at : at + 60], at + 1)
    tell(stand, told[LEARNED : gap.start], 900)
    stand.drain()
    tell(stand, told[gap.stop :], 3_000)
    stand.drain()
    stand.history.reads.clear()
    for mseq, at in enumerate(range(gap.stop - 10, gap.start - 1, -10), 2_000):
        tell(stand, told[at : at + 10], mseq)
        stand.drain()
    edge_ms = told[gap.start][0] - told[gap.start][0] % MINUTE
    assert {start_ms for start_ms, _ in stand.history.reads} == {edge_ms}
    assert stand.timeline() == expected(FROZEN, told)[1]


def test_what_is_older_than_the_gap_is_judged_from_its_checkpoint() -> None:
    told = STORIES["stopped"]()[1]
    stand = stand_of(FROZEN)
    tell(stand, told[:100] + told[101:400], 1)
    stand.drain()
    tell(stand, told[420:], 2)
    stand.drain()
    tell(stand, told[100:101], 3)
    stand.drain()
    tell(stand, told[400:420], 4)
    stand.drain()
    assert stand.timeline() == expected(FROZEN, told)[1]


def test_the_first_value_of_a_bucket_counts_where_the_first_row_has_none() -> None:
    stand = stand_of(FROZEN)
    tell(stand, [(START_MS, (-19.0, 0.0)), (START_MS + MINUTE, (None, 0.0))], 1)
    stand.drain()
    tell(stand, [(START_MS + MINUTE + 1_000, (-18.0, 0.0))], 2)
    stand.drain()
    (followed,) = stand.ledger.states().values()
    assert followed.state.last == (START_MS + MINUTE + 1_000, (-18.0, 0.0, None))


def test_a_probe_that_never_told_anything_is_not_judged() -> None:
    stand = stand_of(FROZEN)
    stand.turn()
    for minute in range(40):
        tell(stand, [(START_MS + minute * MINUTE, (None, 0.0))], minute + 1)
    stand.drain()
    assert stand.incidents() == []
    (followed,) = [*stand.ledger.states().values()] or [Followed(fresh(FROZEN))]
    assert followed.state.last is None


def test_a_failure_while_the_unit_is_still_learned_raises_air_and_goods() -> None:
    book = ZoneBook(METRIC, cold_policy("chilled_generic"))
    stand = stand_of(book)
    warm = [*cycling(range(120), 3.0), *rows(lambda n: min(3 + 0.1 * n, 12), range(120, 300))]
    for at in range(0, len(warm), 20):
        tell(stand, warm[at : at + 20], at + 1)
    stand.drain()
    open_now = {one.subject.hazard: one for one in stand.incidents() if one.running}
    assert set(open_now) >= {Hazard.AIR_HIGH, Hazard.PRODUCT_HIGH}
    assert open_now[Hazard.PRODUCT_HIGH].severity is Severity.CRITICAL
    assert open_now[Hazard.PRODUCT_HIGH].finding.limit_celsius == book.policy.product_high_celsius
    assert open_now[Hazard.AIR_HIGH].severity is Severity.HIGH
    assert open_now[Hazard.AIR_HIGH].finding.episode.peak_celsius == 12.0


def test_what_the_plain_rule_left_running_ends_with_a_reason_and_the_rules_go_on() -> None:
    stand = stand_of(FROZEN)
    told = rows(lambda _: -5.0, range(200))
    tell(stand, told[:-1], 1)
    episode = Episode(Condition.ACTIVE, START_MS, START_MS + HOUR, None, -5.0, ())
    subject = Subject(DEV, 1, Hazard.TEMPERATURE_HIGH)
    old = Raised(subject, Severity.HIGH, Finding(episode, -15.0, "frozen", 1), late=False)
    last = (told[-2][0], (-5.0,))
    update = ZoneUpdate(
        ZoneKey(DEV, 1), Followed(ZoneState(PLAIN, "", last)), drafts=(Draft("i-old", old),)
    )
    stand.ledger.save_turn(Turn(CONSUMER, None, Cursor("memory", 1), 0, (update,)))
    stand.watch = stand.restarted()
    tell(stand, told[-1:], 2)
    stand.drain()
    bodies = [event.body for event in stand.ledger.events("i-old")]
    assert bodies == [old, Retracted("rules")]
    assert Hazard.AIR_HIGH in {one.subject.hazard for one in stand.incidents() if one.running}


def test_a_state_that_cannot_be_read_is_judged_anew_from_the_readings() -> None:
    stand = stand_of(FROZEN)
    told = rows(lambda _: -19.0, range(10))
    tell(stand, told[:-1], 1)
    stand.drain()
    (followed,) = stand.ledger.states().values()
    spoilt = ZoneState(FROZEN.kind, FROZEN.key, followed.state.last, '{"unit":7}')
    cursor = stand.ledger.cursor(CONSUMER)
    assert cursor
    moved = {ZoneKey(DEV, 1): Followed(spoilt)}
    stand.ledger.save_turn(Turn(CONSUMER, cursor, cursor, 0, (), moved))
    stand.watch = stand.restarted()
    tell(stand, told[-1:], 2)
    stand.drain()
    (followed,) = stand.ledger.states().values()
    assert followed.state == expected(FROZEN, told)[0]
