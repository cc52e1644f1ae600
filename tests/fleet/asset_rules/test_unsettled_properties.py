"""What is found of sales is the same in any order and however often events come."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.domain.alarms.asset_rules.unsettled import Sale, Watermark, episodes, joined
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.services.watch_sales import KEPT_MS
from tests.fleet.asset_rules.rides import CABINETS, START
from tests.fleet.asset_rules.sale_stand import HOUR, MINUTE, Stand

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
