"""One durable commit per batch: log, projections, dead letters and numberings together."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from gongfu_broker.payloads import State
from gongfu_broker.ports import DeviceDirectory
from gongfu_ingest.clock_table import load_clocks, save_clocks
from gongfu_ingest.database import Database
from gongfu_ingest.device_clock import FOREVER_MS
from gongfu_ingest.disk import FLUSH_FAILED, DiskGuard, is_lost_write
from gongfu_ingest.errors import LostWritesError
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.messages import Draft
from gongfu_ingest.numbering import Numbering
from gongfu_ingest.pipeline import Known
from gongfu_ingest.rate import RateLimit
from gongfu_ingest.second_hearing import SecondHearing, withdraw
from gongfu_ingest.settle import DeadLetter, Settlement, settle, settle_again
from gongfu_ingest.stores.embedded import EmbeddedStore

# A dead letter keeps this much of its payload; longer ones are cut, their hash is of the whole.
KEEP_PAYLOAD_BYTES = 64 * 1024
# The time of a device's last sign of life is saved anew when the saved one is older than this.
HEARD_STEP_MS = 10_000
_islands = msgspec.json.Decoder(tuple[tuple[int, int], ...])
_encode = msgspec.json.Encoder().encode


class DueAck(NamedTuple):
    """Everything of this device's boot up to ``seq`` is durable."""

    site: str
    dev: str
    boot: int
    seq: int


class Limits(NamedTuple):
    """What is taken in: ``guard`` refuses commits while the disk has too little room.

    ``rate``: what one device may say; None: anything. ``kept_ms``: how long rows are kept.
    """

    guard: DiskGuard | None = None
    rate: RateLimit | None = None
    kept_ms: int = FOREVER_MS


NO_LIMITS = Limits()


class Committer:
    """Owns the dedupe state. Its methods run in ingest's writer thread, one at a time."""

    def __init__(
        self,
        database: Database,
        log: TelemetryLog,
        directory: DeviceDirectory,
        limits: Limits = NO_LIMITS,
    ) -> None:
        self._database = database
        self._guard = limits.guard
        self._limit = limits.rate
        self._kept_ms = limits.kept_ms
        self._lost: LostWritesError | None = None
        self._log = log
        self._store = EmbeddedStore(database)
        self._directory = directory
        self._numberings = _load_numberings(database.writer)
        self._clocks = load_clocks(database.writer)
        self._hearing = SecondHearing(database.writer, self._clocks)
        self._states = _load_states(database.writer)
        self._heard = _load_heard(database.writer)

    def commit(self, batch: Iterable[Draft]) -> list[DueAck]:
        """Settle a batch durably and say whom to acknowledge.

        When the commit fails nothing has changed, and the batch can be offered again. Raises
        StoreFullError while there is no room, LostWritesError for good once a flush has failed.
        """
        if self._lost is not None:
            raise self._lost
        if self._guard is not None:
            self._guard.check()
        try:
            return self._commit(batch)
        except sqlite3.OperationalError as error:
            if self._limit is not None:
                self._limit.refill()
            if not is_lost_write(error):
                raise
            self._lost = LostWritesError(FLUSH_FAILED % error)
            raise self._lost from error

    def _commit(self, batch: Iterable[Draft]) -> list[DueAck]:
        known = Known(
            self._directory.devices(),
            self._numberings,
            self._clocks,
            self._states,
            self._log.hash_of,
            self._kept_ms,
        )
        settlement = settle(batch, known, self._limit)
        letters = self._hearing.letters()
        taken = settle_again(letters, known, settlement) if letters else []
        heard = self._news(settlement)
        with self._database.transaction() as connection:
            self._write(connection, settlement, heard)
            withdraw(connection, taken)
        self._hearing.heard(letters)
        self._hearing.note(settlement.clocks, self._clocks)
        self._numberings.update(settlement.numberings)
        self._clocks.update(settlement.clocks)
        self._states.update(settlement.states)
        self._heard.update(heard)
        return self._due(settlement.acks)

    def _write(
        self, connection: sqlite3.Connection, settlement: Settlement, heard: Mapping[str, int]
    ) -> None:
        self._log.append(settlement.entries)
        settlement.counts["conflicts"] += self._store.project_rows(settlement.rows)
        _save_numberings(connection, settlement.numberings)
        save_clocks(connection, settlement.clocks)
        _save_links(connection, heard, settlement.states, self._states)
        _save_dead(connection, settlement.dead)
        _count(connection, settlement.counts)

    def _news(self, settlement: Settlement) -> dict[str, int]:
        """The signs of life worth saving."""
        known, states = self._heard, settlement.states
        return {
            dev: at_ms
            for dev, at_ms in settlement.heard.items()
            if dev in states or not 0 <= at_ms - known.get(dev, 0) < HEARD_STEP_MS
        }

    def _due(self, acks: Mapping[tuple[str, int], str]) -> list[DueAck]:
        nothing = Numbering()
        numberings = self._numberings
        return [
            DueAck(site, *key, (numberings.get(key) or nothing).prefix)
            for key, site in acks.items()
        ]


def _load_numberings(connection: sqlite3.Connection) -> dict[tuple[str, int], Numbering]:
    rows = connection.execute("SELECT dev, boot, prefix, islands, lost FROM numbering")
    return {
        (dev, boot): Numbering(prefix, _islands.decode(islands), lost)
        for dev, boot, prefix, islands, lost in rows
    }


def _load_states(connection: sqlite3.Connection) -> dict[str, State]:
    rows = connection.execute("SELECT dev, online, boot, conn, fw, model FROM link")
    return {
        dev: State(online, boot, conn, fw, model) for dev, online, boot, conn, fw, model in rows
    }


def _load_heard(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT dev, heard_ms FROM link WHERE heard_ms IS NOT NULL"))


def _save_numberings(
    connection: sqlite3.Connection, numberings: Mapping[tuple[str, int], Numbering]
) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO numbering VALUES (?, ?, ?, ?, ?)",
        [
            (dev, boot, prefix, _encode(islands).decode() if islands else "[]", lost)
            for (dev, boot), (prefix, islands, lost) in numberings.items()
        ],
    )


def _save_links(
    connection: sqlite3.Connection,
    heard: Mapping[str, int],
    fresh: Mapping[str, State],
    known: Mapping[str, State],
) -> None:
    unborn = State(online=0, boot=0, conn=0)
    rows = []
    for dev in heard.keys() | fresh.keys():
        state = fresh.get(dev) or known.get(dev, unborn)
        told = (state.online, state.boot, state.conn, state.fw, state.model)
        rows.append((dev, *told, heard.get(dev)))
    connection.executemany(
        "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dev) DO UPDATE SET"
        " online = excluded.online, boot = excluded.boot, conn = excluded.conn,"
        " fw = CASE excluded.fw WHEN '' THEN link.fw ELSE excluded.fw END,"
        " model = CASE excluded.model WHEN '' THEN link.model ELSE excluded.model END,"
        " heard_ms = coalesce(excluded.heard_ms, link.heard_ms)",
        rows,
    )


def _save_dead(connection: sqlite3.Connection, dead: Iterable[DeadLetter]) -> None:
    rows = []
    for letter in dead:
        draft = letter.draft
        number = draft.number
        rows.append(
            (
                draft.topic,
                letter.hash,
                letter.reason,
                letter.detail,
                draft.address.dev if draft.address else None,
                number.boot if number else None,
                number.seq if number else None,
                draft.received_ms,
                draft.received_ms,
                draft.payload[:KEEP_PAYLOAD_BYTES],
            )
        )
    connection.executemany(
        "INSERT INTO dead_letter (topic, hash, reason, detail, dev, boot, mseq, count, first_ms,"
        " last_ms, payload) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)"
        " ON CONFLICT (topic, hash, reason) DO UPDATE"
        " SET count = count + 1, last_ms = excluded.last_ms",
        rows,
    )


def _count(connection: sqlite3.Connection, counts: Counter[str]) -> None:
    connection.executemany(
        "INSERT INTO counter VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        [(name, count) for name, count in counts.items() if count],
    )
