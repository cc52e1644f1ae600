"""Alarm quality: how many alarms there are, and what becomes of them."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import Reader
from gongfu_fleet.domain.alarms.quality import Quality

router = APIRouter(prefix="/api/alarm-quality", tags=["incidents"])
HOUR_MS = 3_600_000
MOST_HOURS = 31 * 24


class FrequentAnswer(BaseModel):
    """How often a hazard of a zone was annunciated."""

    asset: str
    zone: int
    hazard: str
    count: int


class StandingAnswer(BaseModel):
    """What stands now; stale is running for more than a day."""

    stale: int
    shelved: int
    out_of_service: int
    unacknowledged: int
    oldest_unacknowledged_ms: int | None


class QualityAnswer(BaseModel):
    """Figures of the period; shares are 0 to 1, null where nothing can be said."""

    annunciated: int
    late: int
    per_10_min: float
    most_in_10_min: int
    over_10_share: float
    floods: int
    flood_share: float
    top: list[FrequentAnswer]
    top_share: float | None
    chattering: int
    shelvings: int
    acknowledged: int
    acknowledge_p50_s: float | None
    acknowledge_p95_s: float | None
    standing: StandingAnswer


class QualityReportAnswer(BaseModel):
    """All of the caller's scope, and each operator of its assets alone; UTC ms, platform time."""

    start_ms: int
    end_ms: int
    overall: QualityAnswer
    operators: dict[str, QualityAnswer]


@router.get("")
def get_alarm_quality(
    caller: Reader, deps: Deps, hours: Annotated[int, Query(ge=1, le=MOST_HOURS)] = 24
) -> QualityReportAnswer:
    """The figures of the last hours."""
    report = deps.quality.report(hours * HOUR_MS, scope=caller.scope)
    return QualityReportAnswer(
        start_ms=report.start_ms,
        end_ms=report.end_ms,
        overall=_answer(report.overall),
        operators={name: _answer(one) for name, one in report.operators.items()},
    )


def _answer(figures: Quality) -> QualityAnswer:
    top = [{**asdict(one.subject), "count": one.count} for one in figures.top]
    return QualityAnswer(**{**asdict(figures), "top": top})
