"""Judging what cannot be passed: rows followed on, or a stretch of the past followed anew."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from gongfu_fleet.domain.alarms.arrivals import Arrival, Covered, sort_arrivals
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Finding, Incident, Retracted, Subject, measured
from gongfu_fleet.domain.alarms.reconcile import Draft, reconcile
from gongfu_fleet.domain.alarms.rulebook import Found, Row, Rulebook, sampled
from gongfu_fleet.domain.alarms.zone import (
    CHECKPOINT_MS,
    Run,
    ZoneState,
    advance,
    block_start,
    fresh,
    rules_of,
)
from gongfu_fleet.errors import ConflictError, InvalidError
from gongfu_fleet.services.watch_ports import (
    Followed,
    History,
    WatchStore,
    ZoneKey,
    ZoneUpdate,
)
from gongfu_fleet.services.watch_tracks import Track

# A new zone or a new policy is judged over this much of the past.
LOOK_BACK_MS = 72 * 3_600_000
FOREVER_MS = 2**53 - 1
# So many buckets without a row, and a backlog may come for them.
STRETCH = 3
# Found by the plain rule of older programs only: what runs ends when its zone is judged anew.
RETIRED = (Hazard.TEMPERATURE_HIGH,)
REPLACED = "rules"


class ZoneJudge:
    """Judges one zone at a time by its rulebook, the stored readings and the ledger.

    ``unsaved`` are measures of running incidents that the ledger does not have yet.
    """

    def __init__(
        self,
        readings: History,
        store: WatchStore,
        new_id: Callable[[], str],
        unsaved: Mapping[str, Finding],
    ) -> None:
        self._readings = readings
        self._store = store
        self._new_id = new_id
        self._unsaved = unsaved
        self._standing: dict[Subject, str] = {}
        self._subjects = set(store.subjects())

    def edge_ms(self) -> int:
        """What is older is not judged: readings beside it may have expired already."""
        kept_ms = self._readings.kept_since_ms()
        return kept_ms + CHECKPOINT_MS if kept_ms else 0

    def judge(self, track: Track, arrived: Sequence[Arrival]) -> ZoneUpdate | None:
        """What the arrivals, in the order of the log, say of the zone; None: nothing."""
        key, zone, known = track.key, track.zone, track.followed
        if zone is None or not arrived:
            return None
        book, seq = zone.book, arrived[-1].seq
        oldest_ms = min(arrival.ts_ms for arrival in arrived)
        if known is None:
            return self._anew(key, book, seq, self._first(book, oldest_ms - LOOK_BACK_MS))
        if not (zone.judges(known.state) and _readable(book, known.state)):
            track.mark = None
            newest_ms = known.state.last_ms or oldest_ms
            from_ms = min(oldest_ms, newest_ms - LOOK_BACK_MS)
            return self._anew(key, book, seq, self._start(key, book, from_ms))
        last = known.state.last
        rows, late_ms = sort_arrivals(last, known.covered, arrived, sample_ms=book.sample_ms)
        if late_ms is not None:
            start = _marked(track, book, late_ms)
            if start is None:
                track.mark = None
                start = self._start(key, book, late_ms if last else oldest_ms)
            return self._anew(key, book, seq, start)
        if not rows:
            return None
        if last and rows[0][0] - last[0] > STRETCH * book.sample_ms:
            track.mark = known.state
        return self._step(key, book, known, rows)

    def _step(
        self, key: ZoneKey, book: Rulebook, known: Followed, rows: Sequence[Row]
    ) -> ZoneUpdate:
        run = advance(book, known.state, rows, from_ms=rows[0][0])
        drafts, measures = self._reconcile(key, book, run, every=False)
        return ZoneUpdate(
            key=key,
            followed=Followed(run.after, known.covered),
            checkpoints=run.checkpoints,
            # Where a zone begins must be known before anything of it can be judged anew.
            redo_from_ms=None if known.state.last else run.checkpoints[0].at_ms,
            drafts=drafts,
            measures=measures,
        )

    def _anew(
        self, key: ZoneKey, book: Rulebook, seq: int, start: tuple[int, ZoneState]
    ) -> ZoneUpdate | None:
        start_ms, state = start
        if 0 < start_ms < self._readings.kept_since_ms():
            return None  # readings since that checkpoint expired: nothing true can be said anew
        covered, rows = self._readings.series(key.asset, book.columns, start_ms, FOREVER_MS)
        refuse_readings_behind(covered, seq)
        run = advance(book, state, sampled(rows, book.sample_ms), from_ms=start_ms)
        drafts, measures = self._reconcile(key, book, run, every=True)
        return ZoneUpdate(
            key=key,
            followed=Followed(run.after, Covered(covered, start_ms)),
            checkpoints=run.checkpoints,
            redo_from_ms=start_ms,
            drafts=(*drafts, *self._replaced(key, book)),
            measures=measures,
        )

    def _start(self, key: ZoneKey, book: Rulebook, from_ms: int) -> tuple[int, ZoneState]:
        from_ms = max(self.edge_ms(), from_ms)
        checkpoint = self._store.checkpoint(key, from_ms)
        if checkpoint and checkpoint.state.kind == book.kind and _readable(book, checkpoint.state):
            return checkpoint.at_ms, checkpoint.state
        return self._first(book, from_ms)

    def _first(self, book: Rulebook, from_ms: int) -> tuple[int, ZoneState]:
        # Without a checkpoint nothing before this block was ever judged.
        return block_start(max(self.edge_ms(), from_ms)), fresh(book)

    def _reconcile(
        self, key: ZoneKey, book: Rulebook, run: Run, *, every: bool
    ) -> tuple[tuple[Draft, ...], dict[str, Finding]]:
        drafts: list[Draft] = []
        measures: dict[str, Finding] = {}
        for hazard in book.hazards if every else run.touched():
            if not every and not run.changed(hazard):
                continue
            subject = Subject(key.asset, key.zone, hazard)
            findings = [book.finding(Found(hazard, one)) for one in run.episodes.get(hazard, ())]
            standing = self._standing.get(subject)
            if standing and not every and run.only_measures(hazard):
                measures[standing] = findings[0]
                continue
            result = reconcile(
                subject,
                self._incidents(subject, run.since_ms(hazard)),
                findings,
                new_id=self._new_id,
                severity=book.severity(hazard),
            )
            if result.drafts:
                drafts += result.drafts
                self._subjects.add(subject)
            measures.update(result.measures)
            self._stand(subject, result.standing)
        return tuple(drafts), measures

    def _replaced(self, key: ZoneKey, book: Rulebook) -> Iterable[Draft]:
        for hazard in set(RETIRED) - set(book.hazards):
            subject = Subject(key.asset, key.zone, hazard)
            running = self._incidents(subject, FOREVER_MS)
            yield from (Draft(incident.id, Retracted(REPLACED)) for incident in running)

    def _incidents(self, subject: Subject, since_ms: int) -> list[Incident]:
        if subject not in self._subjects:
            return []  # most zones never had an incident: five thousand need not be looked up
        unsaved = self._unsaved
        found = self._store.incidents_since(subject, since_ms)
        return [measured(i, unsaved[i.id]) if i.id in unsaved else i for i in found]

    def _stand(self, subject: Subject, incident_id: str | None) -> None:
        if incident_id:
            self._standing[subject] = incident_id
        else:
            self._standing.pop(subject, None)


def refuse_readings_behind(covered: int, seq: int) -> None:
    """Raise ConflictError unless readings that cover the log up to ``covered`` reach ``seq``."""
    if covered < seq:
        raise ConflictError(
            f"The readings cover the log up to {covered} only, the watch is at {seq}.",
            "Give the watch the telemetry store that belongs to this log.",
        )


def _marked(track: Track, book: Rulebook, late_ms: int) -> tuple[int, ZoneState] | None:
    mark = track.mark
    if mark is None or mark.last is None or mark.key != book.key:
        return None
    end_ms = mark.last[0] - mark.last[0] % book.sample_ms + book.sample_ms
    return (end_ms, mark) if late_ms >= end_ms else None


def _readable(book: Rulebook, state: ZoneState) -> bool:
    try:
        rules_of(book, state)
    except InvalidError:
        return False  # an older program left it: its zone is judged anew
    return True
