"""What one asset measured over time."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_fleet.api.assets import find_asset
from gongfu_fleet.api.deps import Deps, Viewer
from gongfu_fleet.api.permissions import Reader
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.errors import InvalidError
from gongfu_fleet.ports import Window

router = APIRouter(prefix="/api/assets", tags=["readings"])
DAY_MS = 86_400_000
LAST_MS = 253_402_300_799_999  # the year 9999
LONGEST_RAW_MS = 7 * DAY_MS
MOST_WINDOWS = 5_000
UNITS = {"kmh": "km/h", "deg": "degree"}
Moment = Annotated[int, Query(ge=0, le=LAST_MS)]


class Series(BaseModel):
    """Samples [ts_ms, value]; or windows [t0_ms, n, min, max, mean]; the other one is null."""

    metric: str
    unit: str
    points: list[tuple[int, float]] | None = None
    windows: list[Window] | None = None


class SeriesQuery(BaseModel):
    """Which metric, from start_ms (inclusive) to end_ms (exclusive), UTC ms."""

    metric: Annotated[str, Query(max_length=40)]
    start_ms: Moment
    end_ms: Moment
    every_ms: Annotated[int | None, Query(ge=1_000, le=31 * DAY_MS)] = None


@router.get("/{asset_id}/readings", response_model_exclude_none=True)
def read_series(
    asset_id: str,
    query: Annotated[SeriesQuery, Query()],
    deps: Deps,
    viewer: Viewer,
    caller: Reader,
) -> Series:
    """Samples of at most 7 days, or at most 5,000 windows of ``every_ms``."""
    asset = find_asset(viewer, asset_id, caller.scope)
    _check_metric(asset, query.metric)
    _check_span(query)
    unit = unit_of(query.metric)
    span = {"start_ms": query.start_ms, "end_ms": query.end_ms}
    if query.every_ms is None:
        points = deps.readings.series(asset_id, query.metric, **span)
        return Series(metric=query.metric, unit=unit, points=points)
    windows = deps.readings.windows(asset_id, query.metric, **span, every_ms=query.every_ms)
    return Series(metric=query.metric, unit=unit, windows=windows)


def unit_of(metric: str) -> str:
    """The unit a metric's name ends with; ``count`` for states and counters."""
    ending = metric.rpartition("_")[2]
    named = ("celsius", "percent", "kg", "dbm", "volt", "km")
    return ending if ending in named else UNITS.get(ending, "count")


def _check_metric(asset: Asset, metric: str) -> None:
    kind = DeviceKind(asset.kind.value)
    names = {c.name for (_, of), columns in COLUMNS.items() if of is kind for c in columns}
    if metric not in names:
        raise InvalidError(
            f"A {asset.kind} has no such metric.", f"Ask for one of {', '.join(sorted(names))}."
        )


def _check_span(query: SeriesQuery) -> None:
    span_ms = query.end_ms - query.start_ms
    if span_ms <= 0:
        raise InvalidError("end_ms is not after start_ms.", "Ask for a span that has a length.")
    if query.every_ms is None and span_ms > LONGEST_RAW_MS:
        raise InvalidError("The span is longer than 7 days.", "Ask for windows with every_ms.")
    if query.every_ms is not None and span_ms / query.every_ms > MOST_WINDOWS:
        raise InvalidError(
            f"These are more than {MOST_WINDOWS} windows.", "Ask for longer windows or less time."
        )
