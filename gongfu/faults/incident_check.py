"""The incident ledger against a fault-free evaluation of the stored readings.

Whatever was killed while the watch ran: its living incidents must be those that one pass over
everything stored, in order of time, would have raised. Call it when the watch has come to rest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.domain.alarms.incident import Finding, Subject
from gongfu_fleet.domain.alarms.rulebook import Found, Row, sampled
from gongfu_fleet.domain.alarms.zone import advance, fresh
from gongfu_fleet.services.watch_ports import WatchedZone
from gongfu_ingest.stores.embedded import EmbeddedStore

END_MS = 4_102_444_800_000
MOST = 1_000_000
EXAMPLES = 5
Known = tuple[Subject, Finding]
Zones = Mapping[str, Sequence[WatchedZone]]


@dataclass(frozen=True)
class IncidentVerdict:
    """Living incidents in the ledger, and how they differ from what the readings say.

    lost: the readings say it, the ledger does not. doubled: the ledger says it, but the readings
    do not, or not so often.
    """

    incidents: int
    lost: int
    doubled: int
    examples: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """The ledger says what the readings say, once."""
        return self.lost == 0 and self.doubled == 0


def check_incidents(
    ledger: SqlIncidentStore, zones: Zones, store: EmbeddedStore
) -> IncidentVerdict:
    """Judge the living incidents by the stored readings and the policies of today."""
    told = Counter(_told(ledger, zones))
    true = Counter(_true(zones, store))
    missing, made_up = true - told, told - true
    return IncidentVerdict(
        incidents=told.total(),
        lost=missing.total(),
        doubled=made_up.total(),
        examples=tuple(f"lost {one}" for one in list(missing)[:EXAMPLES])
        + tuple(f"doubled {one}" for one in list(made_up)[:EXAMPLES]),
    )


def _told(ledger: SqlIncidentStore, zones: Zones) -> Iterator[Known]:
    for incident in ledger.page(MOST, None, asset=None, only_open=False):
        if incident.living and _judged(zones, incident.subject):
            yield incident.subject, incident.finding


def _judged(zones: Zones, subject: Subject) -> bool:
    """Whether a rulebook tells of it; of silence and lost links others do."""
    watched = zones.get(subject.asset, ())
    return any(subject.hazard in z.book.hazards for z in watched if z.zone == subject.zone)


def _true(zones: Zones, store: EmbeddedStore) -> Iterator[Known]:
    samples = _samples(zones, store)
    for asset, watched in zones.items():
        for zone in watched:
            yield from _found(asset, zone, samples[asset, zone.zone])


def _samples(zones: Zones, store: EmbeddedStore) -> dict[tuple[str, int], list[Row]]:
    """Rows of every watched zone, oldest first."""
    found: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for point in store.export(0, END_MS):
        for zone in zones.get(point.dev, ()):
            row = (point.ts_ms, tuple(map(point.values.get, zone.book.columns)))
            if any(value is not None for value in row[1]):
                found[point.dev, zone.zone].append(row)
    return found


def _found(asset: str, zone: WatchedZone, rows: list[Row]) -> Iterator[Known]:
    book = zone.book
    run = advance(book, fresh(book), sampled(rows, book.sample_ms), from_ms=0)
    for hazard, episodes in run.episodes.items():
        for episode in episodes:
            yield Subject(asset, zone.zone, hazard), book.finding(Found(hazard, episode))
