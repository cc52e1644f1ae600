"""Folding: what is read stays the same throughout, whoever writes or dies meanwhile."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from gongfu_ingest.database import Database
from gongfu_ingest.points import Latest, Point, Rank
from gongfu_ingest.stores import fold, retention
from gongfu_ingest.stores.blocks import Blocks
from gongfu_ingest.stores.embedded import EmbeddedStore
from gongfu_ingest.stores.influx.rows import ResolvedRows
from gongfu_ingest.stores.newest import here

HOUR = 3_600_000
T0 = 1_763_424_000_000 - 1_763_424_000_000 % HOUR
END = T0 + 24 * HOUR
METRIC = "zone_1_celsius"
_T = TypeVar("_T")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "telemetry.db")
    yield made
    made.close()


@pytest.fixture
def store(database: Database) -> EmbeddedStore:
    return EmbeddedStore(database)


def point(ts: int, value: float, *, seq: int = 1, dev: str = "cab-0001") -> Point:
    return Point(ts, dev, Rank(1, seq, 0), {METRIC: value})


def a_day(devices: int, *, every_ms: int = 60_000, hours: int = 3) -> list[Point]:
    chance = random.Random(1)
    return [
        Point(
            ts,
            f"cab-{dev:04}",
            Rank(1, 1 + (ts - T0) // every_ms, 0),
            {METRIC: round(chance.gauss(4, 0.3), 2), "door_open": float(chance.random() < 0.05)},
        )
        for ts in range(T0, T0 + hours * HOUR, every_ms)
        for dev in range(devices)
    ]


def exported(store: EmbeddedStore) -> list[Point]:
    return list(store.export(0, END))


def hot_rows(database: Database) -> int:
    (count,) = database.reader.execute("SELECT count(*) FROM hot").fetchone()
    return int(count)


def test_only_rows_before_the_cut_leave_the_hot_table(
    store: EmbeddedStore, database: Database
) -> None:
    store.write([point(T0 + minute * 60_000, 4.0, seq=minute + 1) for minute in range(90)])
    assert store.fold(T0 + 20 * 60_000) == fold.Folded(rows=20, blocks=1)
    assert store.fold(T0 + 80 * 60_000) == fold.Folded(rows=60, blocks=2)
    assert hot_rows(database) == 10
    assert len(store.series("cab-0001", METRIC, T0, END)) == 90


def test_an_hour_has_its_statistics_and_a_late_row_changes_them(store: EmbeddedStore) -> None:
    store.write([point(T0, 2.0), point(T0 + 60_000, 4.0, seq=2)])
    store.fold(END)
    (hour,) = store.rollup("cab-0001", METRIC, 0, END)
    assert tuple(hour) == (T0, 2, 2.0, 4.0, 3.0)
    store.write([point(T0 + 1_000, -6.0, seq=3), point(T0, 3.0, seq=4)])
    for _ in range(2):
        (hour,) = store.rollup("cab-0001", METRIC, 0, END)
        assert hour[:4] == (T0, 3, -6.0, 4.0)
        assert hour.mean == pytest.approx(1 / 3)
        store.fold(END)


def test_statistics_outlive_the_rows_they_were_made_of(store: EmbeddedStore) -> None:
    store.write([point(T0, 2.0), point(T0 + HOUR, 5.0, seq=2)])
    assert store.expire(T0 + HOUR) == 1
    assert store.series("cab-0001", METRIC, 0, T0 + HOUR) == []
    assert [w.n for w in store.rollup("cab-0001", METRIC, 0, T0 + HOUR)] == [1]
    assert store.kept_since_ms() == T0 + HOUR


def test_a_row_that_comes_again_after_its_fold_is_no_new_row(store: EmbeddedStore) -> None:
    rows = a_day(2)
    store.write(rows)
    store.fold(END)
    assert store.write(rows[:50]).written == 0
    assert store.health().rows == len(rows)
    assert store.health().conflicts == 0


def test_a_late_row_is_resolved_with_the_folded_one_of_its_place(store: EmbeddedStore) -> None:
    low = Point(T0, "cab-0001", Rank(1, 2, 0), {METRIC: 3.0, "humidity_percent": 70.0})
    high = Point(T0, "cab-0001", Rank(1, 9, 0), {METRIC: 4.0})
    store.write([high])
    store.fold(END)
    assert store.write([low]).conflicts == 1
    merged = Point(T0, "cab-0001", Rank(1, 9, 0), {METRIC: 4.0, "humidity_percent": 70.0})
    assert exported(store) == [merged]
    store.fold(END)
    assert exported(store) == [merged]
    assert store.write([low, high]).written == 0


def test_readers_see_the_same_between_any_two_slices(
    store: EmbeddedStore, database: Database
) -> None:
    store.write(a_day(60))
    wanted = exported(store)
    forwarded = ResolvedRows(database)
    looked = 0

    def look(work: Callable[[], _T]) -> _T:
        nonlocal looked
        looked += 1
        assert exported(store) == wanted
        assert (
            forwarded.after(T0 + HOUR, "cab-0030", 20)
            == [row for row in wanted if (row.ts_ms, row.dev) > (T0 + HOUR, "cab-0030")][:20]
        )
        return work()

    store.fold(T0 + 2 * HOUR, look)
    assert looked > 3
    assert exported(store) == wanted


def test_a_row_that_changes_while_it_is_packed_stays_hot_until_the_next_fold(
    store: EmbeddedStore, database: Database
) -> None:
    store.write([point(T0, 1.0), point(T0 + 1_000, 2.0, seq=2)])
    store.refresh_last()

    def interfere(work: Callable[[], _T]) -> _T:
        store.write([point(T0 + 1_000, 9.0, seq=7)])
        return work()

    assert store.fold(END, interfere).rows == 1
    assert hot_rows(database) == 1
    assert store.series("cab-0001", METRIC, 0, END) == [(T0, 1.0), (T0 + 1_000, 9.0)]
    assert store.last()["cab-0001"][METRIC] == Latest(T0 + 1_000, 9.0)
    assert list(store.faults()) == []
    assert store.fold(END).rows == 1
    assert store.series("cab-0001", METRIC, 0, END) == [(T0, 1.0), (T0 + 1_000, 9.0)]
    assert store.last()["cab-0001"][METRIC] == Latest(T0 + 1_000, 9.0)


def test_newest_values_of_rows_that_fold_before_the_refresh_are_kept(store: EmbeddedStore) -> None:
    store.write([point(T0, 1.0), point(T0 + 9, 2.5, seq=2)])
    store.fold(END)
    assert store.last()["cab-0001"][METRIC] == Latest(T0 + 9, 2.5)
    store.refresh_last()
    assert store.last(["cab-0001"])["cab-0001"][METRIC] == Latest(T0 + 9, 2.5)


def test_a_refresh_that_a_fold_overtakes_takes_nothing_back(store: EmbeddedStore) -> None:
    store.write([point(T0, 1.0)])

    def overtaken(work: Callable[[], _T]) -> _T:
        store.write([point(T0, 8.0, seq=5)])
        store.fold(END)
        return work()

    store.refresh_last(overtaken)
    store.refresh_last()
    assert store.last()["cab-0001"][METRIC] == Latest(T0, 8.0)
    assert list(store.faults()) == []


def test_an_expiry_between_packing_and_writing_brings_nothing_back(
    store: EmbeddedStore, database: Database
) -> None:
    store.write([point(T0, 1.0), point(T0 + HOUR, 2.0, seq=2)])
    store.fold(T0 + 1)
    store.write([point(T0 + 5, 3.0, seq=3)])
    expired = False

    def interfere(work: Callable[[], _T]) -> _T:
        nonlocal expired
        if not expired:
            expired = True
            retention.expire(database, Blocks(database.metric_ids), T0 + 2, here)
        return work()

    store.fold(T0 + 10, interfere)
    assert store.series("cab-0001", METRIC, 0, END) == [(T0 + 5, 3.0), (T0 + HOUR, 2.0)]
    assert list(store.faults()) == []


FOLDING = """
import os, signal, sys
from pathlib import Path
from gongfu_ingest.database import Database
from gongfu_ingest.stores.embedded import EmbeddedStore
path, slices, late = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "late"
done = 0
def run(work):
    global done
    if done == slices and not late:
        os.kill(os.getpid(), signal.SIGKILL)
    done += 1
    database.writer.set_trace_callback(die if done == slices + 1 and late else None)
    return work()
def die(statement):
    if statement.startswith("COMMIT"):
        os.kill(os.getpid(), signal.SIGKILL)
database = Database(path)
EmbeddedStore(database).fold(1 << 41, run)
"""


@pytest.mark.parametrize("when", ["early", "late"])
def test_a_fold_that_is_killed_loses_and_doubles_nothing(tmp_path: Path, when: str) -> None:
    path = tmp_path / "telemetry.db"
    database = Database(path)
    store = EmbeddedStore(database)
    store.write(a_day(50))
    wanted, newest = exported(store), store.last()
    database.close()
    for slices in range(3):
        words = [sys.executable, "-c", FOLDING, str(path), str(slices), when]
        child = subprocess.run(words, check=False, env={"PATH": os.defpath})
        assert child.returncode == -signal.SIGKILL
        database = Database(path)
        store = EmbeddedStore(database)
        assert exported(store) == wanted
        assert store.last() == newest
        assert list(store.faults()) == []
        assert store.health().rows == len(wanted)
        database.close()
    database = Database(path)
    store = EmbeddedStore(database)
    assert store.fold(END).rows > 0
    assert exported(store) == wanted
    assert list(store.faults()) == []
    database.close()


def test_runs_above_a_limit_need_no_hour_that_never_exceeds_it(
    store: EmbeddedStore, database: Database
) -> None:
    store.write(a_day(5, hours=6))
    warm = [point(T0 + 2 * HOUR + n * 1_000 + 7, 9.0, seq=900 + n) for n in range(4)]
    store.write(warm)
    store.fold(END)
    bounds = {"start_ms": T0, "end_ms": END, "max_gap_ms": HOUR}
    (run,) = store.exceedances(METRIC, 8.0, **bounds)
    assert run == ("cab-0001", warm[0].ts_ms, warm[-1].ts_ms, 9.0, 4)
    # The bytes of every other hour may be damaged: nobody reads them for this.
    query = "SELECT id FROM block WHERE hour <> ? OR dev <> 'cab-0001'"
    others = database.writer.execute(query, (T0 // HOUR + 2,)).fetchall()
    for (number,) in others:
        span = (number << 8, (number + 1) << 8)
        database.writer.execute("UPDATE piece SET data = x'00' WHERE id >= ? AND id < ?", span)
    assert EmbeddedStore(database).exceedances(METRIC, 8.0, **bounds) == [run]
    assert (
        len(
            EmbeddedStore(database).windows(
                "cab-0003", METRIC, start_ms=T0, end_ms=END, every_ms=HOUR
            )
        )
        == 6
    )


# A hot row where a folded one is, and no conflict noted.
TWICE = f"INSERT INTO hot (ts, dev, boot, mseq, idx) VALUES ({T0}, 'cab-0000', 1, 77, 0)"  # noqa: S608 - the test's own


def damage(database: Database, statement: str) -> list[str]:
    database.writer.execute(statement)
    return list(EmbeddedStore(database).faults())


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE piece SET data = zeroblob(9) WHERE id = (SELECT min(id) FROM piece)", "unpack"),
        ("DELETE FROM piece WHERE id = (SELECT max(id) FROM piece)", "does not unpack"),
        ("UPDATE block SET hour = hour + 50", "outside its hour"),
        ("UPDATE block SET rows = rows + 1", "were noted"),
        ("UPDATE block SET roll = x'90'", "statistics"),
        ("DELETE FROM block", "belong to no block"),
        ("UPDATE last SET value = value + 1", "the newest door_open"),
        ("DELETE FROM last", "noted is none"),
        ("UPDATE last SET ts = ts + 1", "the newest"),
        (TWICE, "unresolved"),
    ],
)
def test_whatever_is_damaged_is_named(database: Database, statement: str, told: str) -> None:
    store = EmbeddedStore(database)
    store.write(a_day(2, hours=1))
    store.fold(END)
    store.refresh_last()
    assert list(store.faults()) == []
    assert any(told in fault for fault in damage(database, statement))


def test_a_block_that_is_damaged_is_named_to_whoever_reads_it(database: Database) -> None:
    store = EmbeddedStore(database)
    store.write(a_day(1, hours=1))
    store.fold(END)
    database.writer.execute("UPDATE piece SET data = zeroblob(length(data))")
    with pytest.raises(Exception, match="gongfu store verify"):
        store.series("cab-0000", METRIC, 0, END)


def test_what_comes_late_while_its_hour_is_folded_stays_hot_until_the_next_fold(
    store: EmbeddedStore, database: Database
) -> None:
    store.write([point(T0, 1.0), point(T0 + 9_000, 2.0, seq=2)])
    late = point(T0 + 4_000, 7.0, seq=3)
    written = 0

    def interfere(work: Callable[[], _T]) -> _T:
        nonlocal written
        done = work()
        written += store.write([late]).written
        return done

    store.fold(END, interfere)
    assert written == 1
    assert late in exported(store)
    assert hot_rows(database) == 1
    assert store.fold(END).rows == 1
    assert late in exported(store)
    assert hot_rows(database) == 0
    assert list(store.faults()) == []
