"""Which channels have fallen silent, by the clock of the platform. Pure.

Channel 0 of an asset is the device as a whole: when did we last hear anything of it? Channel n is
the probe of zone n, judged against the device's own newest row: a dead probe on a live device. So a
device that is cut off is one silent channel, not one per probe. What was never heard is not judged.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard, severity_of
from gongfu_fleet.domain.alarms.incident import (
    ConditionChanged,
    Finding,
    Incident,
    Raised,
    Subject,
)
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.errors import InvalidError

POLICY_CLASS = "liveness"
# Gaps that a period is learned from, and how many there must be at least.
MOST_GAPS, LEAST_GAPS = 20, 3
# What the clock, messages or events tell; no reading has a part in it.
BY_THE_CLOCK = frozenset(
    {
        Hazard.CHANNEL_SILENT,
        Hazard.SITE_SILENT,
        Hazard.GATEWAY_SILENT,
        Hazard.BROKER_LOST,
        Hazard.BACKLOG_LONG,
        Hazard.CLOCK_OFF,
        Hazard.UNSETTLED,
    }
)
Running = Mapping[Subject, Incident]


@dataclass(frozen=True)
class Patience:
    """How long a kind of device may be silent: ``periods`` of its own, and ``least_ms`` always.

    ``period_ms`` is taken until its own is learned. ``settle_ms``: after we could not hear for a
    while ourselves, nobody is called silent for so long.
    """

    least_ms: int
    periods: float
    period_ms: int
    settle_ms: int

    def __post_init__(self) -> None:
        if min(self.least_ms, self.period_ms, self.settle_ms) <= 0 or self.periods < 1:
            raise InvalidError(
                "A patience of the liveness policy cannot hold.",
                "Give times above 0 and at least one period.",
            )

    def after_ms(self, period_ms: int) -> int:
        """Silence longer than this is an incident."""
        return max(self.least_ms, round(self.periods * period_ms))


class Channel(NamedTuple):
    """Last heard at ``heard_ms``; silent for ``silence_ms``, too long beyond ``after_ms``."""

    asset: str
    zone: int
    heard_ms: int
    silence_ms: int
    after_ms: int

    @property
    def subject(self) -> Subject:
        """What an incident of it is about."""
        return Subject(self.asset, self.zone, Hazard.CHANNEL_SILENT)

    @property
    def silent(self) -> bool:
        """Whether it has been silent for too long."""
        return self.silence_ms > self.after_ms


def period_of(times_ms: Sequence[int], default_ms: int) -> int:
    """The usual gap between the newest of these times, oldest first."""
    gaps = [later - earlier for earlier, later in pairwise(times_ms[-MOST_GAPS - 1 :])]
    return round(median(gaps)) if len(gaps) >= LEAST_GAPS else default_ms


def fell_silent(
    channels: Iterable[Channel], running: Running, *, now_ms: int, new_id: Callable[[], str]
) -> Iterator[Draft]:
    """Raise the silent ones that are not known yet."""
    for channel in channels:
        if channel.silent and channel.subject not in running:
            yield Draft(new_id(), raised(channel.subject, channel.heard_ms, now_ms))


def heard_again(channels: Iterable[Channel], running: Running) -> Iterator[Draft]:
    """End those that were heard of since; what fills the gap later does not change that."""
    for channel in channels:
        incident = running.get(channel.subject)
        if incident is None or channel.heard_ms <= incident.finding.episode.begin_ms:
            continue
        # A probe that stopped again within what came late has not come back.
        if channel.zone == 0 or not channel.silent:
            yield over(incident, channel.heard_ms)


def gone(assets: Collection[str], running: Running, now_ms: int) -> Iterator[Draft]:
    """End those of devices that are no longer among ``assets``: nothing is expected of them."""
    for incident in running.values():
        subject = incident.subject
        if subject.hazard is Hazard.CHANNEL_SILENT and subject.asset not in assets:
            yield over(incident, now_ms)


def raised(subject: Subject, begin_ms: int, now_ms: int, version: int = 1) -> Raised:
    """The event that begins an incident without readings, noted now."""
    episode = Episode(Condition.ACTIVE, begin_ms, now_ms, None, None, ())
    finding = Finding(episode, None, POLICY_CLASS, version)
    return Raised(subject, severity_of(subject.hazard), finding, late=False)


def over(incident: Incident, end_ms: int) -> Draft:
    """The event that ends it."""
    was = incident.finding
    episode = replace(was.episode, condition=Condition.NORMAL, end_ms=end_ms)
    return Draft(incident.id, ConditionChanged(replace(was, episode=episode)))
