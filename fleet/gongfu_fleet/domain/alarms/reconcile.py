"""Bringing the ledger to agree with a timeline that was computed anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gongfu_fleet.domain.alarms.consequence import consequence_of
from gongfu_fleet.domain.alarms.hazard import Severity, severity_of
from gongfu_fleet.domain.alarms.incident import (
    Body,
    ConditionChanged,
    Finding,
    Incident,
    Merged,
    Raised,
    Retracted,
    Revised,
    Subject,
)
from gongfu_fleet.domain.alarms.timeline import Condition, Episode


class Draft(NamedTuple):
    """An event that should be appended to an incident."""

    incident_id: str
    body: Body


@dataclass(frozen=True)
class Reconciled:
    """``drafts`` to append in order; ``measures``: what running incidents show beyond events.

    ``standing``: the incident of the episode that is still going on, if one is.
    """

    drafts: tuple[Draft, ...]
    measures: Mapping[str, Finding]
    standing: str | None


def reconcile(
    subject: Subject,
    incidents: Sequence[Incident],
    findings: Sequence[Finding],
    *,
    new_id: Callable[[], str],
    severity: Severity | None = None,
) -> Reconciled:
    """Match living incidents of one subject with its episodes, both over the same stretch.

    An episode keeps the eldest incident (smallest id) that overlaps it; further ones merge into
    that. An episode without an incident is raised, an incident without an episode is retracted.
    ``severity`` is what one is raised with; None: what its hazard begins with.
    """
    drafts: list[Draft] = []
    measures: dict[str, Finding] = {}
    standing: str | None = None
    waiting = sorted(incidents, key=lambda incident: incident.id)
    for index, finding in enumerate(findings):
        same = [i for i in waiting if _overlap(i.finding.episode, finding.episode)]
        incident_id = same[0].id if same else new_id()
        standing = incident_id if finding.episode.end_ms is None else None
        if not same:
            drafts.append(Draft(incident_id, _raised(subject, finding, severity)))
            continue
        elder = same[0]
        if body := _correction(elder.finding, finding):
            drafts.append(Draft(elder.id, body))
        elif elder.finding != finding:
            measures[elder.id] = finding
        absorbed = [i for i in same[1:] if not _overlaps_any(i, findings[index + 1 :])]
        drafts += [Draft(younger.id, Merged(elder.id)) for younger in absorbed]
        waiting = [i for i in waiting if i is not elder and i not in absorbed]
    drafts += [Draft(incident.id, Retracted()) for incident in waiting]
    return Reconciled(tuple(drafts), measures, standing)


def _overlaps_any(incident: Incident, findings: Sequence[Finding]) -> bool:
    return any(_overlap(incident.finding.episode, finding.episode) for finding in findings)


def _overlap(one: Episode, other: Episode) -> bool:
    return _reaches(one, other.begin_ms) and _reaches(other, one.begin_ms)


def _reaches(episode: Episode, ts_ms: int) -> bool:
    return episode.end_ms is None or episode.end_ms > ts_ms


def _raised(subject: Subject, finding: Finding, severity: Severity | None) -> Raised:
    late = finding.episode.condition is Condition.NORMAL
    grave = severity or severity_of(subject.hazard)
    consequence = consequence_of(subject.hazard)
    return Raised(subject, grave, finding, late=late, consequence=consequence)


def _correction(was: Finding, now: Finding) -> ConditionChanged | Revised | None:
    """The event that leads from one finding to the other; None while only a peak grows."""
    if was == now:
        return None
    filled = now.episode.unknown_ms < was.episode.unknown_ms
    if filled or _identity(was) != _identity(now) or was.episode.end_ms is not None:
        return Revised(now)
    if was.episode.condition is not now.episode.condition:
        return ConditionChanged(now)
    return None


def _identity(finding: Finding) -> tuple[object, ...]:
    episode = finding.episode
    return (
        episode.begin_ms,
        episode.raised_ms,
        finding.limit_celsius,
        finding.product_class,
        finding.policy_version,
    )
