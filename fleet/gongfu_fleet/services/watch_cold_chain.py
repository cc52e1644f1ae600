"""The cold-chain watch: a consumer of the log that keeps every zone's timeline and its incidents.

``turn`` reads records after the last one read. One row of each bucket of event time is judged by
the zone's rulebook, the others are passed at a glance (``watch_tracks``). What is newer than the
zone's newest is followed on (``watch_judge``); what reaches back is judged anew from the last
checkpoint before it, on the store's resolved rows; a new rulebook judges the last three days anew
with the zone's next row.

State, ledger and cursor are saved in one transaction: at once when people must know something,
else every few seconds (``watch_unsaved.Pace``). A crash at any point re-reads what was not saved
and changes nothing twice. ``tick`` alone looks at the clock: it tells silence.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gongfu_broker.clock import Clock
from gongfu_broker.codec import KNOWN_VERSION
from gongfu_broker.columns import positions
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord, LogReader, resolved_samples
from gongfu_fleet.domain.alarms.arrivals import Arrival
from gongfu_fleet.domain.alarms.incident import Heard, Incident, Silent
from gongfu_fleet.domain.alarms.liveness import BY_THE_CLOCK
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.services.watch_judge import ZoneJudge, refuse_readings_behind
from gongfu_fleet.services.watch_ports import (
    Cursor,
    History,
    Turn,
    WatchedZones,
    WatchStore,
    ZoneKey,
)
from gongfu_fleet.services.watch_tracks import Track, Tracks
from gongfu_fleet.services.watch_unsaved import Pace, Stride, Unsaved

CONSUMER = "cold-chain-watch"


@dataclass
class _Memory:
    """The zones as of record ``reached``; the database has them as of ``saved``."""

    tracks: Tracks
    saved: Cursor | None
    reached: int
    unsaved: Unsaved
    judge: ZoneJudge

    @property
    def saved_seq(self) -> int:
        return self.saved.seq if self.saved else 0


@dataclass
class ColdChainWatch:
    """Follow the log. One instance per log; not for several threads at once.

    ``new_id`` gives ids that grow (UUIDv7); ``clock`` is platform time, noted in the ledger.
    """

    log: LogReader
    readings: History
    store: WatchStore
    policies: WatchedZones
    clock: Clock
    new_id: Callable[[], str]
    pace: Pace = field(default_factory=Pace)
    stride: Stride = field(default_factory=Stride)
    _memory: _Memory | None = field(default=None, init=False)
    _read_until_ms: int | None = field(default=None, init=False)

    def turn(self, limit: int | None = None) -> int:
        """Follow up to ``limit`` records, or what takes about a second; returns how many it were.

        Raises CursorError when the cursor does not fit the log.
        """
        with self._all_or_nothing(), self.stride.measured():
            return self._turn(self._remembered(), limit or self.stride.records)

    def rest(self) -> None:
        """Save what was read; what a crash would read again otherwise."""
        with self._all_or_nothing():
            if self._memory and self._memory.reached > self._memory.saved_seq:
                self._save(self._memory)

    def tick(self, now_ms: int) -> None:
        """Tell the silence of zones with running incidents, and its end.

        Silence is judged as of what was read: a backlog of our own is nobody's silence.
        """
        self.policies.refresh()
        memory = self._remembered()
        as_of_ms = now_ms if memory.reached == self.log.head() else self._read_until_ms
        if as_of_ms is None:
            return
        running = (i for i in self.store.running() if i.subject.hazard not in BY_THE_CLOCK)
        found = (_listen(memory.tracks, incident, as_of_ms) for incident in running)
        drafts = [draft for draft in found if draft]
        if drafts:
            self.store.append(drafts, at_ms=now_ms)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._memory = None  # what the database holds now is to be read again
            raise

    def _turn(self, memory: _Memory, limit: int) -> int:
        records = self.log.read(memory.reached, limit)
        if records:
            self._follow(memory, records)
            memory.reached = records[-1].seq
            self._read_until_ms = records[-1].received_ms
        waiting = memory.reached - memory.saved_seq
        urgent = bool(memory.unsaved.urgent)
        if self.pace.due(waiting) or (urgent and memory.saved is None):
            self._save(memory)
        elif urgent and memory.saved:
            self._save_urgent(memory, memory.saved)
        self.log.release(CONSUMER, memory.saved_seq, read=memory.reached)
        return len(records)

    def _follow(self, memory: _Memory, records: Iterable[CommittedRecord]) -> None:
        edge_ms = memory.judge.edge_ms()
        for track, restless in memory.tracks.to_judge(records).items():
            arrivals = [a for a in _arrivals(track, restless) if a.ts_ms >= edge_ms]
            update = memory.judge.judge(track, arrivals)
            if update:
                memory.unsaved.add(update)
                memory.tracks.moved.add(track)
            track.judged(update.followed if update else track.followed)

    def _save(self, memory: _Memory) -> None:
        reached = Cursor(self.log.log_id, memory.reached)
        moved = {track.key: track.followed for track in memory.tracks.moved}
        turn = Turn(
            consumer=CONSUMER,
            before=memory.saved,
            after=reached,
            at_ms=self.clock.now_ms(),
            zones=tuple(memory.unsaved.updates.values()),
            moved={key: one for key, one in moved.items() if one and one.state.last},
        )
        self.store.save_turn(turn)
        memory.saved = reached
        memory.tracks.moved.clear()
        memory.unsaved.saved(memory.unsaved.updates)
        self.pace.saved()

    def _save_urgent(self, memory: _Memory, cursor: Cursor) -> None:
        """Save the zones with news alone: the cursor stays, they are marked to be ahead of it."""
        zones = []
        for key in memory.unsaved.urgent:
            track = memory.tracks.find(key)
            if track and track.followed:
                track.judged(track.followed.containing(memory.reached))
                zones.append(replace(memory.unsaved.updates[key], followed=track.followed))
        turn = Turn(CONSUMER, cursor, cursor, self.clock.now_ms(), zones)
        self.store.save_turn(turn)
        memory.unsaved.saved(memory.unsaved.urgent)

    def _remembered(self) -> _Memory:
        if self._memory is None:
            cursor = self.store.cursor(CONSUMER)
            self._check(cursor)
            unsaved = Unsaved()
            tracks = Tracks(self.store.states())
            self._memory = _Memory(
                tracks=tracks,
                saved=cursor,
                reached=cursor.seq if cursor else 0,
                unsaved=unsaved,
                judge=ZoneJudge(self.readings, self.store, self.new_id, unsaved.measures),
            )
            self.pace.saved()
        self._memory.tracks.watch(self.policies.zones(), self._heard)
        return self._memory

    def _heard(self) -> Collection[str]:
        head = self.log.head()
        covered, devices = self.readings.devices()
        refuse_readings_behind(covered, head)
        return devices

    def _check(self, cursor: Cursor | None) -> None:
        if cursor and cursor.log_id != self.log.log_id:
            raise CursorError(
                f"the cursor of {CONSUMER} belongs to log {cursor.log_id}, not {self.log.log_id}: "
                "restore telemetry.db and fleet.db from the same backup"
            )
        if cursor and cursor.seq > self.log.head():
            raise CursorError(
                f"the cursor of {CONSUMER} is at {cursor.seq}, the log ends at {self.log.head()}: "
                "the log lost records; restore telemetry.db and fleet.db from the same backup"
            )


def _listen(tracks: Tracks, incident: Incident, as_of_ms: int) -> Draft | None:
    subject = incident.subject
    track = tracks.find(ZoneKey(subject.asset, subject.zone))
    followed, zone = (track.followed, track.zone) if track else (None, None)
    if followed is None or followed.state.last_ms is None or zone is None:
        return None
    if subject.hazard not in zone.book.hazards:
        return None  # somebody else tells of it
    last_ms = followed.state.last_ms
    # Up to a bucket may have been heard since the row that was judged.
    silent = as_of_ms - last_ms > zone.book.max_gap_ms + zone.book.sample_ms
    if silent is incident.silent:
        return None
    return Draft(incident.id, Silent(last_ms) if silent else Heard(last_ms))


def _arrivals(track: Track, records: Iterable[CommittedRecord]) -> list[Arrival]:
    columns = track.zone.book.columns if track.zone else ()
    found = []
    for record in records:
        places = [positions(KNOWN_VERSION, record.kind).get(name) for name in columns]
        for sample in resolved_samples(record) if places[0] is not None else ():
            values = tuple(None if at is None else sample.values[at] for at in places)
            if any(value is not None for value in values):
                found.append(Arrival(record.seq, (sample.ts_ms, values)))
    return found
