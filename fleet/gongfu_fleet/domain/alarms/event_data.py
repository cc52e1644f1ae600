"""Events as (kind, data) and back: the shape in which they are stored and shown.

``data`` holds JSON values only. Times are UTC ms, temperatures celsius, ``unknown`` is a list of
[start_ms, end_ms]. The shapes are append-only: a stored kind keeps its meaning for ever.
"""

from collections.abc import Mapping
from typing import Any

from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Body,
    ConditionChanged,
    Finding,
    Heard,
    Merged,
    Raised,
    Retracted,
    Revised,
    Severity,
    Silent,
    Subject,
)
from gongfu_fleet.domain.alarms.policy import Hazard
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Span
from gongfu_fleet.errors import InvalidError

Data = Mapping[str, Any]  # each kind has its own JSON fields


def to_data(body: Body) -> tuple[str, Data]:
    """The kind of an event and its fields."""
    match body:
        case Raised(subject, severity, finding, late):
            about = {"asset": subject.asset, "zone": subject.zone, "hazard": subject.hazard.value}
            data = {**about, "severity": severity.value, **finding_data(finding)}
            return "late_raised" if late else "raised", data
        case ConditionChanged(finding):
            return "condition", finding_data(finding)
        case Revised(finding):
            return "revised", finding_data(finding)
        case _:
            return _plain_data(body)


def _plain_data(body: Silent | Heard | Acknowledged | Merged | Retracted) -> tuple[str, Data]:
    match body:
        case Silent(since_ms):
            return "silent", {"since_ms": since_ms}
        case Heard(upto_ms):
            return "heard", {"upto_ms": upto_ms}
        case Acknowledged(note):
            return "acknowledged", {"note": note}
        case Merged(into):
            return "merged", {"into": into}
        case Retracted():
            return "retracted", {}


def from_data(kind: str, data: Data) -> Body:
    """The event of a kind and its fields. Raises InvalidError for a kind that is not known."""
    match kind:
        case "raised" | "late_raised":
            subject = Subject(data["asset"], data["zone"], Hazard(data["hazard"]))
            severity = Severity(data["severity"])
            return Raised(subject, severity, finding_of(data), late=kind == "late_raised")
        case "condition":
            return ConditionChanged(finding_of(data))
        case "revised":
            return Revised(finding_of(data))
        case _:
            return _plain_of(kind, data)


def _plain_of(kind: str, data: Data) -> Body:
    match kind:
        case "silent":
            return Silent(data["since_ms"])
        case "heard":
            return Heard(data["upto_ms"])
        case "acknowledged":
            return Acknowledged(data["note"])
        case "merged":
            return Merged(data["into"])
        case "retracted":
            return Retracted()
        case _:
            raise InvalidError(
                f"The ledger holds an event of unknown kind {kind!r}.",
                "It was written by a newer Gongfu: start that one.",
            )


def finding_data(finding: Finding) -> dict[str, Any]:  # JSON fields
    """A finding as JSON fields."""
    episode = finding.episode
    return {
        "condition": episode.condition.value,
        "begin_ms": episode.begin_ms,
        "raised_ms": episode.raised_ms,
        "end_ms": episode.end_ms,
        "peak_celsius": episode.peak_celsius,
        "unknown": [list(span) for span in episode.unknown],
        "limit_celsius": finding.limit_celsius,
        "product_class": finding.product_class,
        "policy_version": finding.policy_version,
    }


def finding_of(data: Data) -> Finding:
    """A finding from its JSON fields."""
    episode = Episode(
        condition=Condition(data["condition"]),
        begin_ms=data["begin_ms"],
        raised_ms=data["raised_ms"],
        end_ms=data["end_ms"],
        peak_celsius=data["peak_celsius"],
        unknown=tuple(Span(*span) for span in data["unknown"]),
    )
    return Finding(episode, data["limit_celsius"], data["product_class"], data["policy_version"])
