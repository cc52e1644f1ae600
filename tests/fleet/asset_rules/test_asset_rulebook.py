"""The rulebooks of whole assets: order, pieces and storage do not matter, odd values neither."""

import json
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_fleet.domain.alarms.asset_rules.ground import Ground
from gongfu_fleet.domain.alarms.asset_rules.policy import ShelfLife
from gongfu_fleet.domain.alarms.asset_rules.reading import (
    cabinet_reading,
    resolved,
    truck_reading,
)
from gongfu_fleet.domain.alarms.asset_rules.rulebook import AssetRulebook, asset_rulebook
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rulebook import Judged, Row, Rulebook
from gongfu_fleet.domain.coldchain.shelf_life import Arrhenius
from gongfu_fleet.errors import InvalidError
from tests.fleet.asset_rules.rides import (
    CABINETS,
    FAR,
    FIELD,
    GROUND,
    KEPT,
    START,
    TIMED,
    TRUCKS,
    VILLAGE,
)

TRUCK_BOOK: Rulebook = asset_rulebook(TIMED)
CABINET_BOOK: Rulebook = asset_rulebook(KEPT)
BOOKS = [TRUCK_BOOK, CABINET_BOOK]
ODD = (None, 0.0, -1.0, math.nan, math.inf, 85.0)


def wild(book: Rulebook, seed: int) -> list[Row]:
    """Half a day in which everything happens, in stretches, with gaps; distinct times in order."""
    dice = random.Random(seed)
    tell = wild_truck if book is TRUCK_BOOK else wild_cabinet
    rows: list[Row] = []
    ts_ms, count = START, 0
    while len(rows) < 500:
        values = tell(dice, count)
        for _ in range(dice.choice([1, 2, 6, 40, 150])):
            row = [None if dice.random() < 0.02 else value for value in values]
            if dice.random() < 0.02:
                row[dice.randrange(len(row))] = dice.choice(ODD)
            rows.append((ts_ms, tuple(row)))
            ts_ms += dice.choice([1] * 60 + [2, 45]) * book.sample_ms
            values = drifted(book, values, dice)
        count += 1
    return rows


def drifted(book: Rulebook, values: list[float | None], dice: random.Random) -> list[float | None]:
    creep = dice.choice([0.0, 0.01, 0.3])
    moving = {"zone_1_celsius", "zone_2_celsius", "odometer_km", "tray_3_kg"}
    pairs = zip(book.columns, values, strict=True)
    return [v + creep if v is not None and name in moving else v for name, v in pairs]


def wild_truck(dice: random.Random, count: int) -> list[float | None]:
    lat, lon = dice.choice([VILLAGE, FIELD, FAR])
    fixed = dice.random() < 0.7
    return [
        dice.choice([4.0, 9.0]),
        dice.choice([-19.0, -3.0]),
        float(dice.random() < 0.4),
        lat if fixed else None,
        lon if fixed else None,
        dice.choice([0.0, 7.0, 50.0]),
        11.0 if fixed else 0.0,
        dice.choice([0.0, 40.0, 300.0]),
        20_000.0 + count,
        dice.choice([13.8, 10.0, 0.0]),
        dice.choice([0.0, -8.0]),
        4.0,
        dice.choice([-19.0, -30.0]),
        -19.0,
    ]


def wild_cabinet(dice: random.Random, count: int) -> list[float | None]:
    opened = float(dice.random() < 0.3)
    trays: list[float | None] = [dice.choice([5.0, 5.5]) for _ in range(8)]
    return [
        4.0,
        opened,
        100.0 + count // 2,
        float(dice.random() < 0.7),
        *trays,
        float(dice.random() < 0.7),
    ]


def test_the_wild_rows_show_every_hazard_so_that_the_properties_mean_something() -> None:
    for book in BOOKS:
        found = {f.hazard for seed in range(12) for f in ran(book, wild(book, seed)).raised}
        assert found == set(book.hazards)


def ran(book: Rulebook, rows: list[Row]) -> Judged:
    return book.follow(book.fresh, rows)


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(BOOKS), st.integers(0, 10_000))
def test_episodes_are_the_same_under_any_order_and_duplication(book: Rulebook, seed: int) -> None:
    tell = truck_reading if book is TRUCK_BOOK else cabinet_reading
    readings = [tell(*row) for row in wild(book, seed)]
    dice = random.Random(seed + 1)
    shuffled = readings + dice.sample(readings, len(readings) // 5)
    dice.shuffle(shuffled)
    assert list(resolved(shuffled)) == readings


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(BOOKS), st.integers(0, 10_000), st.data())
def test_following_in_pieces_over_a_stored_state_is_following_at_once(
    book: Rulebook, seed: int, data: st.DataObject
) -> None:
    rows = wild(book, seed)
    whole = book.follow(book.fresh, rows)
    cut = data.draw(st.integers(1, len(rows) - 1))
    first = book.follow(book.fresh, rows[:cut])
    stored = book.from_text(book.to_text(first.state))
    assert stored == first.state
    second = book.follow(stored, rows[cut:])
    assert book.to_text(second.state) == book.to_text(whole.state)
    assert (*first.raised, *second.raised) == whole.raised
    assert (*first.ended, *second.ended) == whole.ended
    assert second.open == whole.open == book.open(whole.state)


@pytest.mark.parametrize("book", BOOKS)
def test_rows_of_nothing_but_odd_values_find_nothing(book: Rulebook) -> None:
    for odd in (None, math.nan, math.inf, -math.inf):
        values = (odd,) * len(book.columns)
        judged = book.follow(book.fresh, [(START + n * 30_000, values) for n in range(500)])
        assert judged[1:] == ((), (), ())
        assert json.loads(book.to_text(judged.state))


@pytest.mark.parametrize("value", [0.0, -5.0])
def test_zero_and_negative_values_are_values(value: float) -> None:
    for book in BOOKS:
        rows = [(START + n * 30_000, (value,) * len(book.columns)) for n in range(20)]
        found = {f.hazard for f in book.follow(book.fresh, rows).raised}
        cabinets = {Hazard.POWER_LOST, Hazard.LOCK_NOT_LATCHED}
        assert found == ({Hazard.TRACKER_POWER_CUT} if book is TRUCK_BOOK else cabinets)


def test_what_is_pending_or_open_tells_when_it_began() -> None:
    values: list[float | None] = [None] * len(CABINET_BOOK.columns)
    values[CABINET_BOOK.columns.index("mains_on")] = 0.0
    one = CABINET_BOOK.follow(CABINET_BOOK.fresh, [(START, tuple(values))])
    assert CABINET_BOOK.begun(one.state) == {Hazard.POWER_LOST: START}
    assert one.open == ()


def test_a_rulebook_reads_columns_of_the_wire_and_buckets_that_divide_an_hour() -> None:
    for book, kind in ((TRUCK_BOOK, DeviceKind.TRUCK), (CABINET_BOOK, DeviceKind.CABINET)):
        names = {column.name for column in COLUMNS[1, kind]}
        assert set(book.columns) <= names
        assert 3_600_000 % book.sample_ms == 0


def test_a_finding_has_no_temperature_and_names_the_version_of_its_policy() -> None:
    rows = [(START + n * 30_000, (0.0,) * len(TRUCK_BOOK.columns)) for n in range(20)]
    finding = TRUCK_BOOK.finding(TRUCK_BOOK.follow(TRUCK_BOOK.fresh, rows).raised[0])
    assert (finding.limit_celsius, finding.episode.peak_celsius) == (None, None)
    assert (finding.product_class, finding.policy_version) == ("truck", TRUCKS.version)
    assert TRUCK_BOOK.severity(Hazard.GNSS_LOST) is Severity.LOW


def test_another_value_or_another_ground_is_another_key_and_another_source_is_not() -> None:
    keys = {
        asset_rulebook(policy).key
        for policy in (
            TRUCKS,
            replace(TRUCKS, moving_kmh=12),
            replace(TRUCKS, ground=Ground()),
            TIMED,
            CABINETS,
            KEPT,
            replace(KEPT, life=ShelfLife(Arrhenius(4.0, 3.0), 1.1, 60, -60, 70)),
        )
    }
    assert len(keys) == 7
    told = dict.fromkeys(TRUCKS.sources, "somebody said so")
    assert asset_rulebook(replace(TRUCKS, sources=told, ground=GROUND)).key in keys


def test_a_state_of_another_age_is_refused_with_a_remedy() -> None:
    with pytest.raises(InvalidError, match="follow the readings again"):
        TRUCK_BOOK.from_text("[7, {}]")


def test_every_rule_speaks_two_languages() -> None:
    for book in BOOKS:
        assert isinstance(book, AssetRulebook)
        judged = [f for seed in range(12) for f in book.follow(book.fresh, wild(book, seed)).raised]
        for found in judged:
            told = book.message(found)
            assert told.zh
            assert told.en.endswith(".")
