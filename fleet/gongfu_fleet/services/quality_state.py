"""Alarm quality as rows beside the state of the fleet, so that Grafana can look back at it."""

from collections.abc import Iterator

from gongfu_fleet.domain.alarms.quality import Quality
from gongfu_fleet.services.alarm_quality import QualityReport
from gongfu_fleet.services.device_state import StateRow

MEASUREMENT = "alarm_quality"
NOBODY = "none"  # a tag cannot be empty


def quality_rows(report: QualityReport) -> Iterator[StateRow]:
    """One row per operator at the end of the period; what cannot be said is left out."""
    for operator, quality in report.operators.items():
        tags = {"operator": operator or NOBODY}
        yield StateRow(MEASUREMENT, tags, _fields(quality), report.end_ms)


def _fields(quality: Quality) -> dict[str, float | int | str]:
    standing = quality.standing
    told: dict[str, float | int | None] = {
        "annunciated": quality.annunciated,
        "late": quality.late,
        "per_10_min": quality.per_10_min,
        "most_in_10_min": quality.most_in_10_min,
        "flood_share": quality.flood_share,
        "top_share": quality.top_share,
        "chattering": quality.chattering,
        "acknowledged": quality.acknowledged,
        "acknowledge_p50_s": quality.acknowledge_p50_s,
        "acknowledge_p95_s": quality.acknowledge_p95_s,
        "unacknowledged": standing.unacknowledged,
        "stale": standing.stale,
        "shelved": standing.shelved,
        "out_of_service": standing.out_of_service,
    }
    return {name: value for name, value in told.items() if value is not None}
