"""Whole assets in the running watch: the same incidents whatever the order of delivery."""

import random
from collections.abc import Mapping, Sequence
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from gongfu_broker.columns import DeviceKind
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.adapters.memory_log import MemoryHistory, MemoryLog, batch_record
from gongfu_fleet.domain.alarms.asset_rules.policy import TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rulebook import AssetRulebook, asset_rulebook
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Finding
from gongfu_fleet.domain.alarms.rulebook import Found, Row, sampled
from gongfu_fleet.services.asset_books import AssetBooks
from gongfu_fleet.services.watch_cold_chain import ColdChainWatch
from gongfu_fleet.services.watch_ports import WatchedZone
from gongfu_fleet.services.watch_unsaved import Pace
from gongfu_fleet.services.watched_zones import RegistryZones
from tests.fleet.asset_rules.rides import FIELD, KEPT, START, TIMED, VILLAGE

MINUTE = 60_000
BOOKS = {
    DeviceKind.TRUCK: asset_rulebook(TIMED),
    DeviceKind.CABINET: asset_rulebook(KEPT),
}
Timeline = list[tuple[Hazard, Finding]]


class OneAsset:
    """Watches one asset as a whole."""

    def __init__(self, book: AssetRulebook) -> None:
        self._zones = {"a-1": (WatchedZone(0, book),)}

    def zones(self) -> Mapping[str, Sequence[WatchedZone]]:
        return self._zones

    def refresh(self) -> None:
        """It stays as it is."""


def rows_of(kind: DeviceKind, seed: int) -> list[Row]:
    """Five hours in stretches, every two minutes or so, some with a gap."""
    dice = random.Random(seed)
    rows: list[Row] = []
    ts_ms = START
    while len(rows) < 120:
        values = stretch(kind, dice, len(rows))
        for _ in range(dice.choice([1, 3, 12])):
            rows.append((ts_ms, tuple(values)))
            ts_ms += dice.choice([1, 1, 1, 1, 1, 1, 20]) * 2 * MINUTE
    return rows


def stretch(kind: DeviceKind, dice: random.Random, at: int) -> list[float | None]:
    opened = float(dice.random() < 0.4)
    if kind is DeviceKind.CABINET:
        latched = float(dice.random() < 0.6)
        trays: list[float | None] = [dice.choice([5.0, 5.0, 5.5]) for _ in range(8)]
        return [4.0, opened, float(at // 40), float(dice.random() < 0.6), *trays, latched]
    lat, lon = dice.choice([VILLAGE, FIELD])
    volt, satellites = dice.choice([13.8, 0.0]), dice.choice([11.0, 0.0])
    airs: list[list[float | None]] = [[0.0, 4.0, -23.0, -19.0], [-8.0, 4.0, None, None]]
    air = dice.choice(airs)
    speed = dice.choice([0.0, 50.0])
    return [4.0, -19.0, opened, lat, lon, speed, satellites, 300.0, 100.0 + at, volt, *air]


def expected(book: AssetRulebook, rows: list[Row]) -> Timeline:
    """One pass over everything in order."""
    judged = book.follow(book.fresh, sampled(rows, book.sample_ms))
    return in_order((f.hazard, book.finding(f)) for f in (*judged.ended, *judged.open))


def in_order(found: object) -> Timeline:
    assert hasattr(found, "__iter__")
    return sorted(found, key=lambda one: (one[0], one[1].episode.begin_ms))


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(list(BOOKS)), st.integers(0, 10_000))
def test_any_order_of_delivery_gives_the_incidents_of_ordered_data(
    kind: DeviceKind, seed: int
) -> None:
    book, rows, dice = BOOKS[kind], rows_of(kind, seed), random.Random(seed)
    messages = [rows[n : n + 8] for n in range(0, len(rows), 8)]
    messages += dice.sample(messages, 4)
    dice.shuffle(messages)
    log, store, ids = MemoryLog(), MemoryIncidentStore(), count()

    def watch() -> ColdChainWatch:
        return ColdChainWatch(
            log=log,
            readings=MemoryHistory(log),
            store=store,
            policies=OneAsset(book),
            clock=SettableClock(START),
            new_id=lambda: f"i-{next(ids):06}",
            pace=Pace(records=1),
        )

    one = watch()
    for n, message in enumerate(messages):
        told = [(ts, dict(zip(book.columns, values, strict=True))) for ts, values in message]
        log.append(batch_record("a-1", kind, told, mseq=n + 1, received_ms=START))
        if dice.random() < 0.5:
            one.turn(dice.randint(1, 5))
        if dice.random() < 0.1:
            one = watch()
    while one.turn(3):
        pass
    living = [i for i in store.page(10_000, None, asset=None, only_open=False) if i.living]
    assert in_order((i.subject.hazard, i.finding) for i in living) == expected(book, rows)
    assert {i.subject.zone for i in living} <= {0}


@pytest.mark.parametrize("kind", list(BOOKS))
def test_the_rows_of_that_property_find_several_hazards(kind: DeviceKind) -> None:
    book = BOOKS[kind]
    found = {hazard for seed in range(10) for hazard, _ in expected(book, rows_of(kind, seed))}
    assert len(found) >= 4


def test_every_asset_of_the_shipped_county_is_watched_as_a_whole(county: Engine) -> None:
    registry = SqlRegistry(county)
    zones = RegistryZones(registry, None, AssetBooks(registry))
    watched = {dev: [z for z in all_ if z.zone == 0] for dev, all_ in zones.zones().items()}
    assert len(watched) == 119
    assert all(len(wholes) == 1 for wholes in watched.values())
    trucks, cabinet = watched["veh-0001"][0].book, watched["cab-0001"][0].book
    assert (trucks.kind, cabinet.kind) == ("asset:truck", "asset:cabinet")
    assert isinstance(trucks, AssetRulebook)
    assert isinstance(trucks.policy, TruckPolicy)
    assert len(trucks.policy.ground.stops) > 1_480
    home = registry.assets()["veh-0001"]
    assert trucks.policy.ground.nearest_m((home.lat, home.lon), 500) < 1


def test_the_rulebook_stays_the_same_object_while_the_places_do(county: Engine) -> None:
    registry = SqlRegistry(county)
    books = AssetBooks(registry)
    truck = registry.assets()["veh-0001"]
    assert books.whole(truck) == ()
    books.refresh(registry.assets().values())
    before = books.whole(truck)
    books.refresh(registry.assets().values())
    assert books.whole(truck)[0].book is before[0].book


def test_a_found_episode_speaks_of_its_rule() -> None:
    book = BOOKS[DeviceKind.CABINET]
    (hazard, finding), *_ = expected(book, rows_of(DeviceKind.CABINET, 3))
    assert book.message(Found(hazard, finding.episode)).zh
