"""The alarms of a month through the stages of the notification chain, for one channel.

Transition, flood, digest, group and order are those of the platform; rate limits and retries are
left out, for they delay messages and make none. Time is that of the events.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from gongfu.bench.alarms_county import Place
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.notify.dedupe import dedupe
from gongfu_fleet.domain.notify.flood import WINDOW_MS
from gongfu_fleet.domain.notify.notice import Facts, Form, Notice, Transition
from gongfu_fleet.domain.notify.plan import Pace, plan

LOOK_EVERY_MS = 10_000


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
    notices = [notice for alarm in alarms for notice in _notices(alarm)]
    coming = deque(sorted(dedupe(notices, ()), key=lambda one: one.made_real_ms))
    waiting: list[Notice] = []
    made: deque[int] = deque()
    flood, digest_ms, sent = False, None, list[Sent]()
    now_ms = 0
    while coming or waiting:
        now_ms = now_ms + LOOK_EVERY_MS if waiting else max(now_ms, coming[0].made_real_ms)
        while coming and coming[0].made_real_ms <= now_ms:
            waiting.append(notice := coming.popleft())
            if notice.transition is Transition.RAISED:
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


def _notices(alarm: Alarm) -> Iterable[Notice]:
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
    incident = f"{place.asset}/{place.zone}/{alarm.hazard}/{alarm.at_ms}"
    stamps = {Transition.RAISED: alarm.at_ms, Transition.CLEARED: alarm.end_ms}
    for transition, at_ms in stamps.items():
        if at_ms is not None:
            yield Notice(incident, transition, "manager", alarm.severity, facts, at_ms)
