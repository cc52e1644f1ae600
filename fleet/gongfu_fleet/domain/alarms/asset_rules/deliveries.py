"""What messages tell of a device, not its rows: a long backlog, a wrong clock. Pure.

Rows are judged by when they were measured; these two are about when they came, so they are judged
by the platform's clock, over incidents that run in the ledger. Times are UTC milliseconds.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, AssetPolicy
from gongfu_fleet.domain.alarms.hazard import Hazard, severity_of
from gongfu_fleet.domain.alarms.incident import Finding, Raised, Subject
from gongfu_fleet.domain.alarms.liveness import Running, over
from gongfu_fleet.domain.alarms.parents import Moment
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition, Episode

WHOLE_ASSET = 0
Policies = Mapping[str, AssetPolicy]  # by asset


class Delivery(NamedTuple):
    """A message of backfill: when it came, and the oldest it told (resolved time)."""

    asset: str
    received_ms: int
    oldest_ms: int


class Backlog(NamedTuple):
    """One backlog as far as it has come: its oldest row, and the newest receipt."""

    oldest_ms: int
    received_ms: int

    @property
    def age_ms(self) -> int:
        """How old its oldest row was, at least, when it came."""
        return self.received_ms - self.oldest_ms


def noted(
    backlogs: Mapping[str, Backlog], deliveries: Iterable[Delivery], policies: Policies
) -> dict[str, Backlog]:
    """The backlogs after some more messages, whatever their order; a quiet while begins another."""
    after = dict(backlogs)
    for asset, received_ms, oldest_ms in sorted(deliveries):
        policy, known = policies.get(asset), after.get(asset)
        if policy is None:
            continue
        quiet_ms = policy.backlog_quiet_min * MINUTE_MS
        if known and received_ms - known.received_ms <= quiet_ms:
            after[asset] = Backlog(min(known.oldest_ms, oldest_ms), received_ms)
        else:
            after[asset] = Backlog(oldest_ms, received_ms)
    return after


def lasting(backlogs: Mapping[str, Backlog], policies: Policies, now_ms: int) -> dict[str, Backlog]:
    """Those of which something came lately."""
    return {
        asset: backlog
        for asset, backlog in backlogs.items()
        if asset in policies
        and now_ms - backlog.received_ms <= policies[asset].backlog_quiet_min * MINUTE_MS
    }


def backlog_drafts(
    backlogs: Mapping[str, Backlog], running: Running, policies: Policies, moment: Moment
) -> Iterator[Draft]:
    """Raise the long ones among the lasting; end those of which nothing comes any more."""
    for asset, backlog in backlogs.items():
        subject = Subject(asset, WHOLE_ASSET, Hazard.BACKLOG_LONG)
        policy = policies[asset]
        if subject not in running and backlog.age_ms > policy.backlog_min * MINUTE_MS:
            yield _raise(subject, backlog.oldest_ms, policy, moment)
    for subject, incident in running.items():
        if subject.hazard is Hazard.BACKLOG_LONG and subject.asset not in backlogs:
            yield over(incident, moment.now_ms)


def clock_drafts(
    wrong: Mapping[str, int], running: Running, policies: Policies, moment: Moment
) -> Iterator[Draft]:
    """Raise wrong clocks (ms that are added to their stamps), end those that are right again."""
    for asset, offset_ms in wrong.items():
        subject = Subject(asset, WHOLE_ASSET, Hazard.CLOCK_OFF)
        if offset_ms and asset in policies and subject not in running:
            yield _raise(subject, moment.now_ms, policies[asset], moment)
    for subject, incident in running.items():
        if subject.hazard is Hazard.CLOCK_OFF and not wrong.get(subject.asset):
            yield over(incident, moment.now_ms)


def _raise(subject: Subject, begin_ms: int, policy: AssetPolicy, moment: Moment) -> Draft:
    # A device that is an hour ahead of us still began no later than now.
    begin_ms = min(begin_ms, moment.now_ms)
    episode = Episode(Condition.ACTIVE, begin_ms, moment.now_ms, None, None, ())
    finding = Finding(episode, None, policy.kind, policy.version)
    body = Raised(subject, severity_of(subject.hazard), finding, late=False)
    return Draft(moment.new_id(), body)
