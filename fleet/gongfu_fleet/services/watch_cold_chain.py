"""The cold-chain watch: a consumer of the log that keeps every zone's timeline and its incidents.

``turn`` reads records after the cursor. Samples newer than the zone's newest are stepped in;
anything that reaches back is judged anew from the last checkpoint before it, on the store's
resolved rows; a new rule judges the last three days anew with the zone's next sample. State,
ledger and cursor are saved in one transaction, so a crash at any point re-reads and changes
nothing twice. ``tick`` alone looks at the clock: it tells silence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gongfu_broker.clock import Clock
from gongfu_broker.codec import KNOWN_VERSION
from gongfu_broker.codec import Sample as WireSample
from gongfu_broker.columns import positions
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord, LogReader, resolved_samples
from gongfu_fleet.domain.alarms.arrivals import Arrival, Covered, sort_arrivals
from gongfu_fleet.domain.alarms.incident import Finding, Heard, Incident, Silent, Subject
from gongfu_fleet.domain.alarms.policy import Hazard
from gongfu_fleet.domain.alarms.reconcile import Draft, reconcile
from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS, Run, ZoneState, advance, block_start
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.watch_ports import (
    Cursor,
    Followed,
    History,
    Turn,
    WatchedZone,
    WatchedZones,
    WatchStore,
    ZoneKey,
    ZoneUpdate,
)

CONSUMER = "cold-chain-watch"
# A new zone or a new policy is judged over this much of the past.
LOOK_BACK_MS = 72 * 3_600_000
FOREVER_MS = 2**53 - 1


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
    _zones: dict[ZoneKey, Followed] | None = field(default=None, init=False)
    _read_until_ms: int | None = field(default=None, init=False)

    def turn(self, limit: int = 500) -> int:
        """Follow up to ``limit`` records; returns how many there were.

        Raises CursorError when the cursor does not fit the log.
        """
        cursor = self._cursor()
        after = cursor.seq if cursor else 0
        records = self.log.read(after, limit)
        if not records:
            self.log.release(CONSUMER, after)
            return 0
        reached = Cursor(self.log.log_id, records[-1].seq)
        updates = self._follow(records)
        self._save(Turn(CONSUMER, cursor, reached, self.clock.now_ms(), updates))
        self._read_until_ms = records[-1].received_ms
        self.log.release(CONSUMER, reached.seq)
        return len(records)

    def tick(self, now_ms: int) -> None:
        """Tell the silence of zones with running incidents, and its end.

        Silence is judged as of what was read: a backlog of our own is nobody's silence.
        """
        self.policies.refresh()
        cursor = self._cursor()
        caught_up = cursor is not None and cursor.seq == self.log.head()
        as_of_ms = now_ms if caught_up else self._read_until_ms
        if as_of_ms is None:
            return
        found = (self._listen(incident, as_of_ms) for incident in self.store.running())
        drafts = [draft for draft in found if draft]
        if drafts:
            self.store.append(drafts, at_ms=now_ms)

    def _cursor(self) -> Cursor | None:
        cursor = self.store.cursor(CONSUMER)
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
        return cursor

    def _states(self) -> dict[ZoneKey, Followed]:
        if self._zones is None:
            self._zones = dict(self.store.states())
        return self._zones

    def _save(self, turn: Turn) -> None:
        try:
            self.store.save_turn(turn)
        except BaseException:
            self._zones = None  # what the database holds now is to be read again
            raise
        self._states().update((update.key, update.followed) for update in turn.zones)

    def _follow(self, records: Sequence[CommittedRecord]) -> list[ZoneUpdate]:
        watched = self.policies.zones()
        updates = []
        for (asset, zone), arrived in _by_zone(records, watched).items():
            update = self._follow_zone(ZoneKey(asset, zone.zone), zone, arrived)
            if update:
                updates.append(update)
        return updates

    def _follow_zone(
        self, key: ZoneKey, zone: WatchedZone, arrived: Sequence[Arrival]
    ) -> ZoneUpdate | None:
        known = self._states().get(key)
        edge_ms = self._edge_ms()
        arrived = [arrival for arrival in arrived if arrival.ts_ms >= edge_ms]
        if not arrived:
            return None
        oldest_ms = min(arrival.ts_ms for arrival in arrived)
        if known is None:
            return self._judge_anew(key, zone, from_ms=oldest_ms - LOOK_BACK_MS, arrived=arrived)
        if (known.state.metric, known.state.policy) != (zone.metric, zone.policy):
            newest_ms = known.state.last_ms or oldest_ms
            from_ms = min(oldest_ms, newest_ms - LOOK_BACK_MS)
            return self._judge_anew(key, zone, from_ms=from_ms, arrived=arrived)
        samples, late_ms = sort_arrivals(known.state, known.covered, arrived)
        if late_ms is not None:
            return self._judge_anew(key, zone, from_ms=late_ms, arrived=arrived)
        if not samples:
            return None
        run = advance(known.state, samples, from_ms=samples[0][0])
        drafts, measures = self._reconcile(key, run, every=False)
        followed = replace(known, state=run.after)
        return ZoneUpdate(key, followed, run.checkpoints, drafts=drafts, measures=measures)

    def _judge_anew(
        self, key: ZoneKey, zone: WatchedZone, *, from_ms: int, arrived: Sequence[Arrival]
    ) -> ZoneUpdate | None:
        start_ms, state = self._start(key, zone, max(self._edge_ms(), from_ms))
        if 0 < start_ms < self.readings.kept_since_ms():
            return None  # readings since that checkpoint expired: nothing true can be said anew
        seq, samples = self.readings.series(key.asset, zone.metric, start_ms, FOREVER_MS)
        if seq < arrived[-1].seq:
            raise ConflictError(
                f"The readings cover the log up to {seq} only, the watch is at {arrived[-1].seq}.",
                "Give the watch the telemetry store that belongs to this log.",
            )
        run = advance(state, samples, from_ms=start_ms)
        drafts, measures = self._reconcile(key, run, every=True)
        return ZoneUpdate(
            key=key,
            followed=Followed(run.after, Covered(seq, start_ms)),
            checkpoints=run.checkpoints,
            redo_from_ms=start_ms,
            drafts=drafts,
            measures=measures,
        )

    def _edge_ms(self) -> int:
        """What is older is not judged: readings beside it may have expired already."""
        kept_ms = self.readings.kept_since_ms()
        return kept_ms + CHECKPOINT_MS if kept_ms else 0

    def _start(self, key: ZoneKey, zone: WatchedZone, from_ms: int) -> tuple[int, ZoneState]:
        checkpoint = self.store.checkpoint(key, from_ms)
        if checkpoint and checkpoint.state.metric == zone.metric:
            return checkpoint.at_ms, replace(checkpoint.state, policy=zone.policy)
        # Without a checkpoint nothing before this block was ever judged.
        return block_start(from_ms), ZoneState(zone.metric, zone.policy)

    def _reconcile(
        self, key: ZoneKey, run: Run, *, every: bool
    ) -> tuple[tuple[Draft, ...], dict[str, Finding]]:
        drafts: list[Draft] = []
        measures: dict[str, Finding] = {}
        for hazard in Hazard:
            if every or run.changed(hazard):
                subject = Subject(key.asset, key.zone, hazard)
                incidents = self.store.incidents_since(subject, run.since_ms[hazard])
                findings = _findings(run, hazard)
                result = reconcile(subject, incidents, findings, new_id=self.new_id)
                drafts += result.drafts
                measures.update(result.measures)
        return tuple(drafts), measures

    def _listen(self, incident: Incident, as_of_ms: int) -> Draft | None:
        followed = self._states().get(ZoneKey(incident.subject.asset, incident.subject.zone))
        last_ms = followed.state.last_ms if followed else None
        if followed is None or last_ms is None:
            return None
        silent = as_of_ms - last_ms > followed.state.policy.max_gap_ms
        if silent is incident.silent:
            return None
        return Draft(incident.id, Silent(last_ms) if silent else Heard(last_ms))


def _findings(run: Run, hazard: Hazard) -> list[Finding]:
    policy = run.after.policy
    limit = policy.limit(hazard)
    if limit is None:
        return []
    return [
        Finding(episode, limit.celsius, policy.product_class, policy.version)
        for episode in run.episodes[hazard]
    ]


def _by_zone(
    records: Sequence[CommittedRecord], watched: Mapping[str, Sequence[WatchedZone]]
) -> dict[tuple[str, WatchedZone], list[Arrival]]:
    arrivals: dict[tuple[str, WatchedZone], list[Arrival]] = {}
    for record in records:
        zones = watched.get(record.dev, ())
        samples = resolved_samples(record) if zones else []
        for zone in zones:
            if found := _measured(record, zone.metric, samples):
                arrivals.setdefault((record.dev, zone), []).extend(found)
    return arrivals


def _measured(record: CommittedRecord, metric: str, samples: list[WireSample]) -> list[Arrival]:
    index = positions(KNOWN_VERSION, record.kind).get(metric)
    if index is None:
        return []
    return [
        Arrival(record.seq, sample.ts_ms, celsius)
        for sample in samples
        if (celsius := sample.values[index]) is not None
    ]
