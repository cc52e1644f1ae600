"""Events as (kind, data) and back: the shape in which they are stored and shown.

``data`` holds JSON values only. Times are UTC ms, temperatures celsius, ``unknown`` is a list of
[start_ms, end_ms]. The shapes are append-only: a stored kind keeps its meaning for ever.
"""

from collections.abc import Mapping
from typing import Any

from gongfu_fleet.domain.alarms import handling_data
from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
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
    Silent,
    Subject,
)
from gongfu_fleet.domain.alarms.modifiers import Graver
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Span

Data = Mapping[str, Any]  # each kind has its own JSON fields


def to_data(body: Body) -> tuple[str, Data]:
    """The kind of an event and its fields."""
    match body:
        case Raised(subject, severity, finding, late, consequence):
            about = {"asset": subject.asset, "zone": subject.zone, "hazard": subject.hazard.value}
            follows = {"severity": severity.value, "consequence": consequence.value}
            data = {**about, **follows, **finding_data(finding)}
            return "late_raised" if late else "raised", data
        case ConditionChanged(finding):
            return "condition", finding_data(finding)
        case Revised(finding):
            return "revised", finding_data(finding)
        case Silent() | Heard() | Graver() | Acknowledged() | Merged() | Retracted():
            return _plain_data(body)
        case _:
            return handling_data.to_data(body)


def _plain_data(
    body: Silent | Heard | Graver | Acknowledged | Merged | Retracted,
) -> tuple[str, Data]:
    match body:
        case Graver(severity):
            return "graver", {"severity": severity.value}
        case Silent(since_ms):
            return "silent", {"since_ms": since_ms}
        case Heard(upto_ms):
            return "heard", {"upto_ms": upto_ms}
        case Acknowledged(note, eta_ms):
            return "acknowledged", {"note": note, "eta_ms": eta_ms}
        case Merged(into):
            return "merged", {"into": into}
        case Retracted(reason):
            return "retracted", {"reason": reason} if reason else {}


def from_data(kind: str, data: Data) -> Body:
    """The event of a kind and its fields. Raises InvalidError for a kind that is not known."""
    match kind:
        case "raised" | "late_raised":
            subject = Subject(data["asset"], data["zone"], Hazard(data["hazard"]))
            return Raised(
                subject,
                Severity(data["severity"]),
                finding_of(data),
                late=kind == "late_raised",
                consequence=Consequence(data.get("consequence", "none")),  # not told at first
            )
        case "condition":
            return ConditionChanged(finding_of(data))
        case "revised":
            return Revised(finding_of(data))
        case _:
            return _plain_of(kind, data)


def _plain_of(kind: str, data: Data) -> Body:
    match kind:
        case "silent" | "heard":
            return Silent(data["since_ms"]) if kind == "silent" else Heard(data["upto_ms"])
        case "graver":
            return Graver(Severity(data["severity"]))
        case "acknowledged":
            return Acknowledged(data["note"], data.get("eta_ms"))  # not told at first
        case "merged":
            return Merged(data["into"])
        case "retracted":
            return Retracted(data.get("reason", ""))  # not told at first
        case _:
            return handling_data.from_data(kind, data)


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
