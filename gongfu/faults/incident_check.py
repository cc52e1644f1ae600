"""The incident ledger against a fault-free evaluation of the stored readings.

Whatever was killed while the watch ran: its living incidents must be those that one pass over
everything stored, in order of time, would have raised. Call it when the watch has come to rest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.domain.alarms.incident import Finding, Subject
from gongfu_fleet.domain.alarms.policy import LIMITED
from gongfu_fleet.domain.alarms.timeline import Sample
from gongfu_fleet.domain.alarms.zone import ZoneState, advance
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
    told = Counter(_told(ledger))
    true = Counter(_true(zones, store))
    missing, made_up = true - told, told - true
    return IncidentVerdict(
        incidents=told.total(),
        lost=missing.total(),
        doubled=made_up.total(),
        examples=tuple(f"lost {one}" for one in list(missing)[:EXAMPLES])
        + tuple(f"doubled {one}" for one in list(made_up)[:EXAMPLES]),
    )


def _told(ledger: SqlIncidentStore) -> Iterator[Known]:
    for incident in ledger.page(MOST, None, asset=None, only_open=False):
        if incident.living:
            yield incident.subject, incident.finding


def _true(zones: Zones, store: EmbeddedStore) -> Iterator[Known]:
    samples = _samples(zones, store)
    for asset, watched in zones.items():
        for zone in watched:
            yield from _found(asset, zone, samples[asset, zone.metric])


def _samples(zones: Zones, store: EmbeddedStore) -> dict[tuple[str, str], list[Sample]]:
    """Readings of every watched zone, oldest first."""
    found: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    metrics = {asset: {zone.metric for zone in watched} for asset, watched in zones.items()}
    for point in store.export(0, END_MS):
        for metric in metrics.get(point.dev, set()) & point.values.keys():
            found[point.dev, metric].append((point.ts_ms, point.values[metric]))
    return found


def _found(asset: str, zone: WatchedZone, samples: list[Sample]) -> Iterator[Known]:
    run = advance(ZoneState(zone.metric, zone.policy), samples, from_ms=0)
    for hazard in LIMITED:
        limit = zone.policy.limit(hazard)
        if limit is None:
            continue
        for episode in run.episodes[hazard]:
            judged_by = (limit.celsius, zone.policy.product_class, zone.policy.version)
            yield Subject(asset, zone.zone, hazard), Finding(episode, *judged_by)
