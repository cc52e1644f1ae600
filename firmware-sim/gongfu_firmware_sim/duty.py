"""One truck's day: where it is, when its doors open, what it carries, where the radio fails.

Working days from about 08:00 to 17:30: load at the depot, drive the day's round, 40 minutes at
each village, a midday break, unload. At weekends the truck stands at its depot.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import cos, pi, sin
from random import Random

from gongfu_firmware_sim.daytime import DAY_MS, HOUR_MS, MINUTE_MS
from gongfu_firmware_sim.doors import Span
from gongfu_firmware_sim.roads import Drive, LonLat, Road, drive_along

_LUNCH_FROM_MS = 11 * HOUR_MS + 10 * MINUTE_MS
_END_MS = 17 * HOUR_MS + 20 * MINUTE_MS
_EMPTY_KG = 40.0
_RADIO_SURE_MS = 40 * MINUTE_MS
_GAP_MIN = (10, 40)


@dataclass(frozen=True)
class Stay:
    """The truck stands; ``course_deg`` is how it came to stand."""

    start_ms: int
    end_ms: int
    at: LonLat
    course_deg: float = 0.0


@dataclass(frozen=True)
class Fix:
    """Where the truck truly is. ``metres`` are driven since midnight."""

    at: LonLat
    course_deg: float
    speed_kmh: float
    metres: float


@dataclass(frozen=True)
class Drift:
    """The receiver wanders away by up to so many metres and comes back."""

    start_ms: int
    end_ms: int
    east_m: float
    north_m: float

    def share(self, ts_ms: int) -> float:
        """How much of it holds at the instant; 0 outside."""
        if not self.start_ms <= ts_ms < self.end_ms:
            return 0.0
        return sin(pi * (ts_ms - self.start_ms) / (self.end_ms - self.start_ms))


@dataclass(frozen=True)
class Duty:
    """A whole local day. Outside [start, end) the truck is parked and reports rarely."""

    start_ms: int
    end_ms: int
    phases: tuple[Stay | Drive, ...]
    doors: tuple[Span, ...] = ()
    load: tuple[tuple[int, float], ...] = ((0, _EMPTY_KG),)
    gaps: tuple[Span, ...] = ()
    drifts: tuple[Drift, ...] = ()
    _starts: tuple[int, ...] = field(init=False)
    _metres: tuple[float, ...] = field(init=False)
    _load_ms: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        driven = (p.road.length_m if isinstance(p, Drive) else 0.0 for p in self.phases)
        object.__setattr__(self, "_starts", tuple(phase.start_ms for phase in self.phases))
        object.__setattr__(self, "_metres", tuple(accumulate(driven, initial=0.0)))
        object.__setattr__(self, "_load_ms", tuple(ts for ts, _ in self.load))

    @property
    def length_m(self) -> float:
        """Metres driven on the whole day."""
        return self._metres[-1]

    def on_duty(self, ts_ms: int) -> bool:
        """Whether the truck is at work."""
        return self.start_ms <= ts_ms < self.end_ms

    def fix(self, ts_ms: int) -> Fix:
        """Where the truck truly is."""
        index = max(bisect_right(self._starts, ts_ms) - 1, 0)
        phase, metres = self.phases[index], self._metres[index]
        if isinstance(phase, Stay):
            return Fix(phase.at, phase.course_deg, 0.0, metres)
        covered = phase.metres(ts_ms)
        at, course = phase.road.place(covered)
        return Fix(at, course, phase.speed_kmh(ts_ms), metres + covered)

    def load_kg(self, ts_ms: int) -> float:
        """What lies on the truck."""
        index = bisect_right(self._load_ms, ts_ms) - 1
        before_ms, before = self.load[max(index, 0)]
        after_ms, after = self.load[min(index + 1, len(self.load) - 1)]
        if after_ms <= before_ms or index < 0:
            return before
        return before + (after - before) * (ts_ms - before_ms) / (after_ms - before_ms)


def day_off(midnight: int, depot: LonLat) -> Duty:
    """A day on which the truck stands at its depot."""
    return Duty(midnight, midnight, (Stay(midnight, midnight + DAY_MS, depot),))


def plan_duty(
    midnight: int, roads: Sequence[Road], *, dice: Random, gap: float, drift: float
) -> Duty:
    """A working day along ``roads``: depot, villages, depot.

    ``gap`` is the chance of a valley without radio, ``drift`` the share of fixes that wander.
    """
    start = midnight + 8 * HOUR_MS + dice.randrange(-8 * MINUTE_MS, 4 * MINUTE_MS)
    phases = _phases(midnight, start, roads, dice=dice)
    drives = [phase for phase in phases if isinstance(phase, Drive)]
    stays = [phase for phase in phases if isinstance(phase, Stay)]
    back = drives[-1].end_ms
    end = max(midnight + _END_MS + dice.randrange(20 * MINUTE_MS), back + 45 * MINUTE_MS)
    return Duty(
        start_ms=start,
        end_ms=end,
        phases=tuple(phases),
        doors=(
            *_openings((start + 2 * MINUTE_MS, start + 8 * MINUTE_MS), 2, dice),
            *(span for stay in stays[1:-1] for span in _village_openings(stay, dice)),
            *_openings((back + 5 * MINUTE_MS, back + 35 * MINUTE_MS), 3, dice),
        ),
        load=_load(midnight, stays[1:-1], back, dice=dice),
        gaps=_gaps(start + _RADIO_SURE_MS, drives, dice) if dice.random() < gap else (),
        drifts=_drifts(start, end, drift, dice=dice),
    )


def _phases(
    midnight: int, start: int, roads: Sequence[Road], *, dice: Random
) -> list[Stay | Drive]:
    leave = start + dice.randrange(9 * MINUTE_MS, 18 * MINUTE_MS)
    phases: list[Stay | Drive] = [Stay(midnight, leave, roads[0].points[0])]
    lunch_due = True
    for road in roads:
        drive = drive_along(road, leave, dice=dice)
        at, course = road.place(road.length_m)
        leave = drive.end_ms + dice.randrange(36 * MINUTE_MS, 44 * MINUTE_MS)
        if lunch_due and leave > midnight + _LUNCH_FROM_MS:
            leave += dice.randrange(50 * MINUTE_MS, 80 * MINUTE_MS)
            lunch_due = False
        phases += [drive, Stay(drive.end_ms, leave, at, course)]
    last = phases[-1]
    phases[-1] = Stay(last.start_ms, midnight + DAY_MS, roads[-1].points[-1], 0.0)
    return phases


def _village_openings(stay: Stay, dice: Random) -> list[Span]:
    first = stay.start_ms + MINUTE_MS
    return _openings((first, first + 37 * MINUTE_MS), dice.randint(10, 13), dice)


def _openings(within: Span, count: int, dice: Random) -> list[Span]:
    start = within[0]
    slot = (within[1] - start) // count
    spans = []
    for index in range(count):
        at = start + index * slot + dice.randrange(slot // 3)
        spans.append((at, at + dice.randrange(30_000, 90_000)))
    return spans


def _load(
    midnight: int, visits: Sequence[Stay], back: int, *, dice: Random
) -> tuple[tuple[int, float], ...]:
    """Bought at the villages, 300-500 kg a day; unloaded at the depot within half an hour."""
    kg = _EMPTY_KG
    shares = [dice.uniform(0.6, 1.4) for _ in visits]
    bought = dice.uniform(300.0, 500.0)
    points = [(midnight, kg)]
    for stay, share in zip(visits, shares, strict=True):
        points.append((stay.start_ms + 3 * MINUTE_MS, kg))
        kg += bought * share / sum(shares)
        points.append((stay.start_ms + 36 * MINUTE_MS, kg))
    points += [(back + 5 * MINUTE_MS, kg), (back + 35 * MINUTE_MS, _EMPTY_KG)]
    return tuple(points)


def _gaps(sure_until: int, drives: Sequence[Drive], dice: Random) -> tuple[Span, ...]:
    """One gap on a stretch of road that begins late enough."""
    stretches = [(max(d.start_ms, sure_until), d.end_ms) for d in drives if d.end_ms > sure_until]
    if not stretches:
        return ()
    shortest, longest = _GAP_MIN[0] * MINUTE_MS, _GAP_MIN[1] * MINUTE_MS
    long_enough = [span for span in stretches if span[1] - span[0] > shortest]
    first, last = dice.choice(long_enough or stretches)
    length = dice.randrange(shortest, min(longest, max(last - first, shortest + 1)))
    start = first + dice.randrange(max(last - first - length, 1))
    return ((start, start + length),)


def _drifts(start: int, end: int, share: float, *, dice: Random) -> tuple[Drift, ...]:
    episodes = []
    for _ in range(2):
        length = int((end - start) * share / 2)
        at, angle = dice.randrange(start, end - length), dice.uniform(0, 2 * pi)
        metres = dice.uniform(80.0, 300.0)
        if length:
            episodes.append(Drift(at, at + length, metres * sin(angle), metres * cos(angle)))
    return tuple(episodes)
