"""The devices' rings on disk: one SQLite file, one logical ring per device.

A message is on disk before it is published and leaves the ring only after the application ack, so
neither a crash of this process nor one of the platform loses it. One transaction per tick serves
all devices (group commit, ``synchronous=FULL``). With ``ledger`` every acknowledged message is
kept for a checker instead of deleted. Use it from one thread.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from gongfu_broker.codec import encode
from gongfu_broker.payloads import Batch, Event, Result
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.commands import REMEMBERED, Done
from gongfu_firmware_sim.controls import UNTOUCHED, Controls
from gongfu_firmware_sim.errors import RingError
from gongfu_firmware_sim.outbox import Key, Range, Span

_SCHEMA = """
CREATE TABLE IF NOT EXISTS device (
    dev TEXT PRIMARY KEY, boot INTEGER NOT NULL, newest_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS message (
    dev TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL,
    leaf TEXT NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (dev, boot, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
    dev TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (dev, boot, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command (
    dev TEXT NOT NULL, id TEXT NOT NULL, exp_ms INTEGER NOT NULL, result BLOB NOT NULL,
    PRIMARY KEY (dev, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS controls (dev TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS given_up (
    dev TEXT NOT NULL, boot INTEGER NOT NULL, below INTEGER NOT NULL, PRIMARY KEY (dev, boot)
) STRICT, WITHOUT ROWID;
"""
_START = """
INSERT INTO device (dev, boot, newest_ms) VALUES (?, 1, 0)
ON CONFLICT (dev) DO UPDATE SET boot = boot + 1 RETURNING boot, newest_ms
"""
_DROP = """
INSERT INTO given_up (dev, boot, below) VALUES (?1, ?2, ?3 + 1)
ON CONFLICT (dev, boot) DO UPDATE SET below = max(below, excluded.below)
"""
_INTO_LEDGER = """
INSERT OR IGNORE INTO ledger
SELECT dev, boot, seq, payload FROM message WHERE dev = ? AND boot = ? AND seq <= ?
"""
_FREE = "DELETE FROM message WHERE dev = ? AND boot = ? AND seq <= ?"
_READ = """
SELECT seq, leaf, payload FROM message WHERE dev = ? AND boot = ? AND seq BETWEEN ? AND ?
ORDER BY seq
"""


# What is not expired is among the newest: no device remembers more than this.
_OLD_COMMANDS = """
DELETE FROM command WHERE dev = ?1 AND id NOT IN
(SELECT id FROM command WHERE dev = ?1 ORDER BY exp_ms DESC, id LIMIT ?2)
"""
_COMMANDS = "SELECT exp_ms, result FROM command WHERE dev = ? ORDER BY exp_ms, id"


class Stored(NamedTuple):
    """A numbered message as it stands in the ring."""

    dev: str
    boot: int
    seq: int
    leaf: Leaf
    payload: bytes


@dataclass(frozen=True)
class Started:
    """One device after its start: a boot number never used before, and what it left behind."""

    boot: int
    newest_ms: int
    spans: dict[int, Span]
    done: tuple[Done, ...] = ()
    controls: Controls = UNTOUCHED


@dataclass
class Changes:
    """What one transaction writes. ``newest_ms`` is the newest time stamp a device has used."""

    messages: list[Stored] = field(default_factory=list)
    acked: list[tuple[str, Key]] = field(default_factory=list)
    dropped: list[tuple[str, Key]] = field(default_factory=list)
    newest_ms: dict[str, int] = field(default_factory=dict)
    done: list[tuple[str, Done]] = field(default_factory=list)
    controls: dict[str, Controls] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.messages or self.acked or self.dropped or self.done)


class Ring:
    """The open file. Every method raises RingError when the disk refuses."""

    def __init__(self, path: Path, *, ledger: bool = False) -> None:
        self._path = path
        self._ledger = ledger
        self._floors: dict[tuple[str, int], int] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
            floors = self._db.execute("SELECT dev, boot, below FROM given_up")
            self._floors = {(dev, boot): lo for dev, boot, lo in floors}
        except sqlite3.Error as error:
            raise RingError(
                f"cannot open the ring {path}: {error}: check the disk, or move the file away"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def start(self, devs: Iterable[str]) -> dict[str, Started]:
        """Switch the devices on: each gets its next boot number, durable before this returns."""
        with self._transaction() as db:
            spans: dict[str, dict[int, Span]] = {}
            rows = db.execute(
                "SELECT dev, boot, min(seq), max(seq) FROM message GROUP BY dev, boot"
            )
            for dev, boot, lo, hi in rows:
                spans.setdefault(dev, {})[boot] = Span(lo, hi)
            return {dev: _started(db, dev, spans.get(dev, {})) for dev in devs}

    def commit(self, changes: Changes) -> None:
        """Write everything of one tick, or nothing."""
        with self._transaction() as db:
            db.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?)", changes.messages)
            for dev, key in changes.acked:
                self._free(db, (dev, *key))
            db.executemany(_DROP, [(dev, *key) for dev, key in changes.dropped])
            db.executemany(
                "DELETE FROM message WHERE dev = ? AND boot = ? AND seq = ?",
                [(dev, *key) for dev, key in changes.dropped],
            )
            db.executemany(
                "UPDATE device SET newest_ms = max(newest_ms, ?) WHERE dev = ?",
                [(newest_ms, dev) for dev, newest_ms in changes.newest_ms.items()],
            )
            _keep_commands(db, changes)
        for dev, key in changes.dropped:
            lo = self._floors.get((dev, key.boot), 0)
            self._floors[dev, key.boot] = max(lo, key.seq + 1)

    def read(self, dev: str, wanted: Range) -> list[Stored]:
        """Messages of a range that are still here, in order."""
        try:
            rows = self._db.execute(_READ, (dev, *wanted)).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        return [
            self._told(Stored(dev, wanted.boot, seq, Leaf(leaf), payload))
            for seq, leaf, payload in rows
        ]

    def _told(self, message: Stored) -> Stored:
        """Bytes are sent unchanged, unless older messages of the boot were dropped since."""
        floor = self._floors.get((message.dev, message.boot), 0)
        if not floor:
            return message
        kind: type[Event | Batch] = Event if message.leaf is Leaf.EVT else Batch
        told = msgspec.json.decode(message.payload, type=kind)
        if told.lo >= floor:
            return message
        return message._replace(payload=encode(msgspec.structs.replace(told, lo=floor)))

    def _free(self, db: sqlite3.Connection, upto: tuple[str, int, int]) -> None:
        if self._ledger:
            db.execute(_INTO_LEDGER, upto)
        db.execute(_FREE, upto)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> RingError:
        return RingError(f"the ring {self._path} cannot be used: {error}: check the disk")


def read_ledger(path: Path) -> Iterator[tuple[str, int, int, bytes]]:
    """Every acknowledged message as (dev, boot, seq, payload), in that order.

    Works while the simulator runs and after it was killed. Raises RingError.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            yield from db.execute("SELECT * FROM ledger ORDER BY dev, boot, seq")
    except sqlite3.Error as error:
        raise RingError(f"cannot read the ledger {path}: {error}: is it a ring's file?") from error


def _started(db: sqlite3.Connection, dev: str, spans: dict[int, Span]) -> Started:
    boot, newest_ms = db.execute(_START, (dev,)).fetchone()
    db.execute(_OLD_COMMANDS, (dev, REMEMBERED))
    done = tuple(
        Done(exp_ms, msgspec.json.decode(result, type=Result))
        for exp_ms, result in db.execute(_COMMANDS, (dev,))
    )
    kept = db.execute("SELECT state FROM controls WHERE dev = ?", (dev,)).fetchone()
    controls = msgspec.json.decode(kept[0], type=Controls) if kept else UNTOUCHED
    return Started(boot, newest_ms, spans, done, controls)


def _keep_commands(db: sqlite3.Connection, changes: Changes) -> None:
    """A command's id and what it changed become durable together: it was done, or it was not."""
    db.executemany(
        "INSERT INTO command VALUES (?, ?, ?, ?)",
        [(dev, one.result.id, one.exp_ms, encode(one.result)) for dev, one in changes.done],
    )
    db.executemany(
        "INSERT INTO controls VALUES (?, ?) ON CONFLICT (dev) DO UPDATE SET state = excluded.state",
        [(dev, encode(controls)) for dev, controls in changes.controls.items()],
    )
