"""Zones in memory: calm samples are taken at a glance, the others are left to the judge.

This is where a busy county's CPU goes, so it is written for speed: one mutable object per zone,
plain comparisons, and the pure rules of ``domain.alarms.calm`` asked once per six hours.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from gongfu_broker.batch_rows import SAMPLED, Rows, batch_rows
from gongfu_broker.codec import KNOWN_VERSION
from gongfu_broker.columns import COLUMNS, DeviceKind, positions
from gongfu_broker.ports import CommittedRecord
from gongfu_fleet.domain.alarms.calm import Calm, calm
from gongfu_fleet.domain.alarms.zone import ZoneState
from gongfu_fleet.services.watch_ports import Followed, WatchedZone, ZoneKey

_NOTHING_IS_CALM = Calm(math.inf, -math.inf, 0, 0)
# No row is that long: a device without the zone's metric says nothing of the zone.
_NOWHERE = 2**31


class Track:
    """One zone: what was judged of it, and the newest calm sample since."""

    __slots__ = (
        "_celsius", "_followed", "_from_ms", "_high", "_kind", "_last_ms", "_low", "_place",
        "_until_ms", "_waiting", "key", "zone",
    )  # fmt: skip

    def __init__(self, key: ZoneKey, followed: Followed | None = None) -> None:
        self.key = key
        self.zone: WatchedZone | None = None
        self._followed: Followed | None
        self._last_ms: int
        self._celsius: float
        self._kind: DeviceKind | None
        self.judged(followed)

    @property
    def followed(self) -> Followed | None:
        """The state up to now; None before the first sample."""
        known = self._followed
        if known and known.state.last and known.state.last[0] != self._last_ms:
            state = known.state.heard((self._last_ms, self._celsius))
            self._followed = Followed(state, known.covered)
        return self._followed

    def judged(self, followed: Followed | None) -> None:
        """Go on from this state."""
        self._followed = followed
        last = followed.state.last if followed else None
        self._last_ms, self._celsius = last or (0, math.nan)
        self.aim_anew()

    def aim_anew(self) -> None:
        """Find out with the next record what is calm: the zone was judged, or has a new rule."""
        self._kind = None
        self._waiting = False

    def wait(self) -> None:
        """Take nothing until it was judged: what comes after a restless sample waits with it."""
        self._kind = None
        self._waiting = True

    def take(self, record: CommittedRecord, rows: Rows) -> bool:
        """Take a record if all of it is calm; False leaves everything as it was."""
        if self._kind is not record.kind:
            if self._waiting:
                return False
            self._aim(record.kind)
        place, low, high = self._place, self._low, self._high
        from_ms, until_ms = self._from_ms, self._until_ms
        last_ms, newest = self._last_ms, self._celsius
        start_ms = rows.t0 + record.offset_ms
        for row in rows.s:
            if len(row) <= place or (celsius := row[place]) is None:
                continue
            ts_ms = start_ms + int(row[0] or 0)
            if not (low <= celsius <= high and from_ms <= ts_ms < until_ms):
                return False
            if ts_ms > last_ms:
                last_ms, newest = ts_ms, celsius
            elif ts_ms == last_ms and celsius != newest:
                return False
        self._last_ms, self._celsius = last_ms, newest
        return True

    def _aim(self, kind: DeviceKind) -> None:
        zone, followed = self.zone, self.followed
        index = positions(KNOWN_VERSION, kind).get(zone.metric) if zone else None
        self._kind, self._place = kind, _NOWHERE if index is None else index + 1
        self._low, self._high, self._from_ms, self._until_ms = _NOTHING_IS_CALM
        if zone is None or index is None or followed is None:
            return
        stretch = calm(followed.state) if zone.judges(followed.state) else None
        if stretch:
            # What the instrument cannot report is for the codec to blank.
            column = COLUMNS[KNOWN_VERSION, kind][index]
            self._low = max(stretch.low_celsius, column.low)
            self._high = min(stretch.high_celsius, column.high)
            self._from_ms, self._until_ms = stretch.from_ms, stretch.until_ms


class Tracks:
    """Every zone that was ever followed; ``moved`` are those whose states are not saved yet."""

    def __init__(self, states: Mapping[ZoneKey, Followed]) -> None:
        self._tracks = {key: Track(key, followed) for key, followed in states.items()}
        self._watched: Mapping[str, Sequence[WatchedZone]] | None = None
        self._of_dev: Mapping[str, Sequence[Track]] = {}
        self.moved: set[Track] = set()

    def find(self, key: ZoneKey) -> Track | None:
        """The track of a zone."""
        return self._tracks.get(key)

    def watch(
        self,
        watched: Mapping[str, Sequence[WatchedZone]],
        heard: Callable[[], Collection[str]],
    ) -> None:
        """From the next record on these zones by these rules.

        ``heard`` tells the devices with any reading so far. Of the others all readings are still
        to come: their new zones begin with nothing, and no past needs to be looked for.
        """
        if watched is self._watched:
            return
        zones = {ZoneKey(dev, zone.zone): zone for dev, all_ in watched.items() for zone in all_}
        new = zones.keys() - self._tracks.keys()
        with_past = heard() if new else ()
        for key in new:
            fresh = ZoneState(zones[key].metric, zones[key].policy)
            self._tracks[key] = Track(key, None if key.asset in with_past else Followed(fresh))
        of_dev: dict[str, list[Track]] = {}
        for key, zone in zones.items():
            track = self._tracks[key]
            track.zone = zone
            track.aim_anew()
            of_dev.setdefault(key.asset, []).append(track)
        self._of_dev, self._watched = of_dev, watched

    def take_calm(self, records: Iterable[CommittedRecord]) -> dict[Track, list[CommittedRecord]]:
        """Take what is calm; returns what must be judged, by zone, in the order of the log."""
        restless: dict[Track, list[CommittedRecord]] = {}
        for record in records:
            tracks = self._of_dev.get(record.dev)
            if tracks is None or record.leaf not in SAMPLED:
                continue
            rows = batch_rows(record)
            for track in tracks:
                if rows is not None and track.take(record, rows):
                    self.moved.add(track)
                else:
                    track.wait()
                    restless.setdefault(track, []).append(record)
        return restless
