"""The alarms of a month through the stages of the notification chain, for one channel.

Transition, failure, flood, digest, group and order are those of the platform; rate limits and
retries are left out, for they delay messages and make none. Time is that of the events.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gongfu.bench.alarms_county import Place
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Subject
from gongfu_fleet.domain.notify.dedupe import dedupe
from gongfu_fleet.domain.notify.failure import Telling, carrier, gravity_of
from gongfu_fleet.domain.notify.flood import WINDOW_MS
from gongfu_fleet.domain.notify.notice import QUIET, Facts, Form, Notice, Transition
from gongfu_fleet.domain.notify.plan import Pace, plan

LOOK_EVERY_MS = 10_000
FOREVER_MS = 2**53


class Alarm(NamedTuple):
    """One incident: raised at a minute since day 0, over at ``end_ms`` if it is."""

    place: Place
    hazard: Hazard
    severity: Severity
    minute: int
    at_ms: int
    end_ms: int | None


class Sent(NamedTuple):
    """One message that went out."""

    at_ms: int
    digest: bool
    notices: int


def told(alarms: Iterable[Alarm]) -> list[Sent]:
    """The messages, in order of time."""
    coming = deque(sorted(dedupe(_notices(alarms), ()), key=lambda one: one.made_real_ms))
    waiting: list[Notice] = []
    made: deque[int] = deque()
    flood, digest_ms, sent = False, None, list[Sent]()
    now_ms = 0
    while coming or waiting:
        now_ms = now_ms + LOOK_EVERY_MS if waiting else max(now_ms, coming[0].made_real_ms)
        while coming and coming[0].made_real_ms <= now_ms:
            waiting.append(notice := coming.popleft())
            if notice.transition not in QUIET:
                made.append(notice.made_real_ms)
        while made and made[0] <= now_ms - WINDOW_MS:
            made.popleft()
        planned = plan(waiting, Pace(flood, digest_ms, tuple(made)), now_ms)
        flood = planned.flood
        for bundle in planned.bundles:
            is_digest = bundle.form is Form.DIGEST
            digest_ms = now_ms if is_digest else digest_ms
            sent.append(Sent(now_ms, is_digest, len(bundle.notices)))
            gone = {notice.key for notice in bundle.notices}
            waiting = [notice for notice in waiting if notice.key not in gone]
    return sent


@dataclass
class _Known:
    """What the channel was told of what goes on, and what was left to it; by incident."""

    told: dict[str, Telling] = field(default_factory=dict)
    left: dict[str, Alarm] = field(default_factory=dict)

    def raised(self, alarm: Alarm) -> Iterator[Notice]:
        """Told, unless something as grave of the same failure was."""
        yield from self._told(alarm, Transition.RAISED, alarm.at_ms)

    def ended(self, alarm: Alarm, end_ms: int) -> Iterator[Notice]:
        """Told where its beginning was; what was left to it is told now."""
        name = _name(alarm)
        self.left.pop(name, None)
        if self.told.pop(name, None) is not None:
            yield _notice(alarm, Transition.CLEARED, end_ms)
        for one in sorted(self.left.values(), key=_gravest_first):
            if one.place.asset == alarm.place.asset and (one.end_ms or FOREVER_MS) > end_ms:
                yield from self._told(one, Transition.OUTLASTED, end_ms)

    def _told(self, alarm: Alarm, transition: Transition, at_ms: int) -> Iterator[Notice]:
        name = _name(alarm)
        subject = Subject(alarm.place.asset, alarm.place.zone, alarm.hazard)
        new = Telling(name, subject, alarm.severity)
        if carrier(new, transition, self.told.values()):
            self.left[name] = alarm
            return
        self.left.pop(name, None)
        self.told[name] = new
        yield _notice(alarm, transition, at_ms)


def _notices(alarms: Iterable[Alarm]) -> Iterator[Notice]:
    known, found = _Known(), list(alarms)
    begins = [(one.at_ms, False, one) for one in sorted(found, key=_gravest_first)]
    ends = [(one.end_ms, True, one) for one in found if one.end_ms is not None]
    for at_ms, over, alarm in sorted([*begins, *ends], key=lambda one: one[:2]):
        yield from known.ended(alarm, at_ms) if over else known.raised(alarm)


def _gravest_first(alarm: Alarm) -> tuple[int, bool]:
    rank, exposed = gravity_of(alarm.hazard, alarm.severity)
    return -rank, not exposed


def _name(alarm: Alarm) -> str:
    return f"{alarm.place.asset}/{alarm.place.zone}/{alarm.hazard}/{alarm.at_ms}"


def _notice(alarm: Alarm, transition: Transition, at_ms: int) -> Notice:
    place = alarm.place
    facts = Facts(
        asset=place.asset,
        asset_name=place.asset,
        site=place.site,
        zone=place.zone,
        hazard=alarm.hazard.value,
        begin_ms=alarm.at_ms,
        peak_celsius=None,
        limit_celsius=None,
        end_ms=alarm.end_ms,
    )
    return Notice(_name(alarm), transition, "manager", alarm.severity, facts, at_ms)
