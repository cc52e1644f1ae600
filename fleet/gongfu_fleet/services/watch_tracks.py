"""Zones in memory: rows that need no judging are passed at a glance, the others left to the judge.

Of each bucket of event time one row is judged (``domain.alarms.rulebook``), so most records say
nothing new. This is where a busy county's CPU goes, so it is written for speed: one mutable object
per zone, plain comparisons.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from gongfu_broker.batch_rows import SAMPLED, Rows, batch_rows
from gongfu_broker.codec import KNOWN_VERSION
from gongfu_broker.columns import DeviceKind, positions
from gongfu_broker.ports import CommittedRecord
from gongfu_fleet.domain.alarms.zone import ZoneState, fresh
from gongfu_fleet.services.watch_ports import Followed, WatchedZone, ZoneKey

# No row is that long.
_NOWHERE = 2**31


class Track:
    """One zone and what was judged of it.

    ``mark`` is its state from before the newest stretch without rows, while nothing older came
    late: a backlog that fills the stretch is judged from there.
    """

    __slots__ = (
        "_after_ms", "_kind", "_place", "_until_ms", "_waiting", "followed", "key",
        "mark", "zone",
    )  # fmt: skip

    def __init__(self, key: ZoneKey, followed: Followed | None = None) -> None:
        self.key = key
        self.zone: WatchedZone | None = None
        self.mark: ZoneState | None = None
        self.followed: Followed | None
        self._kind: DeviceKind | None
        self._place: int
        self._after_ms: float
        self._until_ms: float
        self.judged(followed)

    def judged(self, followed: Followed | None) -> None:
        """Go on from this state."""
        self.followed = followed
        self.aim_anew()

    def aim_anew(self) -> None:
        """Find out with the next record what can be passed: judged, or a new rulebook."""
        self._kind = None
        self._waiting = False

    def wait(self) -> None:
        """Pass nothing until it was judged: what comes after a row to be judged waits with it."""
        self._kind = None
        self._waiting = True

    @property
    def after_ms(self) -> float:
        """Only what is later can be passed; never, while the first value is waited for."""
        return math.inf if self._place != _NOWHERE else self._after_ms

    @property
    def until_ms(self) -> float:
        """Nothing from here on is passed."""
        return self._until_ms

    def passes(self, record: CommittedRecord, rows: Rows) -> bool:
        """Whether nothing in the record can change what is judged."""
        if self._kind is not record.kind:
            if self._waiting:
                return False
            self._aim(record.kind)
        after_ms, until_ms = self._after_ms, self._until_ms
        start_ms, place = rows.t0 + record.offset_ms, self._place
        for row in rows.s:
            if len(row) > place and row[place] is not None:
                return False
            if not after_ms < start_ms + int(row[0] or 0) < until_ms:
                return False
        return True

    def _aim(self, kind: DeviceKind) -> None:
        """Rows later than the judged one of its bucket are passed, unless they know more."""
        self._kind = kind
        zone, followed = self.zone, self.followed
        index = positions(KNOWN_VERSION, kind).get(zone.book.columns[0]) if zone else None
        self._place = _NOWHERE
        self._after_ms, self._until_ms = -math.inf, math.inf
        if zone is None or index is None:
            return  # a device without the zone's metric says nothing of the zone
        if followed is None or not zone.judges(followed.state):
            self._until_ms = -math.inf
            return
        last, sample_ms = followed.state.last, zone.book.sample_ms
        if last is None or last[1][0] is None:
            self._place = index + 1  # the first value is to be judged
        if last is not None:
            self._after_ms = last[0]
            self._until_ms = last[0] - last[0] % sample_ms + sample_ms


class _Device:
    """The zones of a device together: what lies between these times is passed by all of them.

    Open from a record that every zone passed until one that a zone did not; most records are
    passed here, with one comparison for all zones.
    """

    __slots__ = ("_after_ms", "_kind", "_until_ms", "tracks")

    def __init__(self, tracks: Sequence[Track]) -> None:
        self.tracks = tracks
        self._kind: DeviceKind | None = None
        self._after_ms, self._until_ms = math.inf, -math.inf

    def passes(self, record: CommittedRecord, rows: Rows) -> bool:
        """Whether nothing in the record can change what is judged, as far as is known at once."""
        if self._kind is not record.kind:
            return False
        after_ms, until_ms = self._after_ms, self._until_ms
        start_ms = rows.t0 + record.offset_ms
        for row in rows.s:  # noqa: SIM110 - a generator costs twice as much
            if not after_ms < start_ms + int(row[0] or 0) < until_ms:
                return False
        return True

    def open(self, kind: DeviceKind) -> None:
        """Every zone passed a record of the kind."""
        self._kind = kind
        self._after_ms = max(track.after_ms for track in self.tracks)
        self._until_ms = min(track.until_ms for track in self.tracks)

    def close(self) -> None:
        """A zone is to be judged."""
        self._kind = None


class Tracks:
    """Every zone that was ever followed; ``moved`` are those whose states are not saved yet."""

    def __init__(self, states: Mapping[ZoneKey, Followed]) -> None:
        self._tracks = {key: Track(key, followed) for key, followed in states.items()}
        self._watched: Mapping[str, Sequence[WatchedZone]] | None = None
        self._of_dev: Mapping[str, _Device] = {}
        self.moved: set[Track] = set()

    def find(self, key: ZoneKey) -> Track | None:
        """The track of a zone."""
        return self._tracks.get(key)

    def watch(
        self,
        watched: Mapping[str, Sequence[WatchedZone]],
        heard: Callable[[], Collection[str]],
    ) -> None:
        """From the next record on these zones by these rulebooks.

        ``heard`` tells the devices with any reading so far. Of the others all readings are still
        to come: their new zones begin with nothing, and no past needs to be looked for.
        """
        if watched is self._watched:
            return
        zones = {ZoneKey(dev, zone.zone): zone for dev, all_ in watched.items() for zone in all_}
        new = zones.keys() - self._tracks.keys()
        with_past = heard() if new else ()
        for key in new:
            begin = None if key.asset in with_past else Followed(fresh(zones[key].book))
            self._tracks[key] = Track(key, begin)
        of_dev: dict[str, list[Track]] = {}
        for key, zone in zones.items():
            track = self._tracks[key]
            track.zone = zone
            track.aim_anew()
            of_dev.setdefault(key.asset, []).append(track)
        self._of_dev = {dev: _Device(tracks) for dev, tracks in of_dev.items()}
        self._watched = watched

    def to_judge(self, records: Iterable[CommittedRecord]) -> dict[Track, list[CommittedRecord]]:
        """What must be judged, by zone, in the order of the log."""
        restless: dict[Track, list[CommittedRecord]] = {}
        for record in records:
            device = self._of_dev.get(record.dev)
            if device is None or record.leaf not in SAMPLED:
                continue
            rows = batch_rows(record)
            if rows is not None and device.passes(record, rows):
                continue
            calm = True
            for track in device.tracks:
                if rows is None or not track.passes(record, rows):
                    track.wait()
                    restless.setdefault(track, []).append(record)
                    calm = False
            if calm:
                device.open(record.kind)
            else:
                device.close()
        return restless
