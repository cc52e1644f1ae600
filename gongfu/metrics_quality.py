"""Alarm quality of the last day of platform time for Prometheus, by operator."""

import math
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from gongfu_fleet.domain.alarms.quality import Quality
from gongfu_fleet.services.alarm_quality import QualityReport

_FIGURES: tuple[tuple[str, str, Callable[[Quality], float | None]], ...] = (
    ("annunciated", "New incidents", lambda q: q.annunciated),
    ("late", "Found after they were over", lambda q: q.late),
    ("mean_rate", "Mean in ten minutes", lambda q: q.per_10_min),
    ("highest_rate", "Highest of any ten minutes", lambda q: q.most_in_10_min),
    ("flood_ratio", "Share of the time in flood", lambda q: q.flood_share),
    ("top_ratio", "Share of the ten most frequent", lambda q: q.top_share),
    ("chattering", "Subjects that came three times in a minute", lambda q: q.chattering),
    ("stale", "Running for more than a day", lambda q: q.standing.stale),
    ("shelved", "Put aside now", lambda q: q.standing.shelved),
    ("out_of_service", "Under repair now", lambda q: q.standing.out_of_service),
    ("acknowledge_median_seconds", "Half waited no longer", lambda q: q.acknowledge_p50_s),
    ("acknowledge_tail_seconds", "95 % waited no longer", lambda q: q.acknowledge_p95_s),
)


def quality_metrics(report: QualityReport) -> Iterator[Metric]:
    """One family per figure; NaN where nothing can be said."""
    for name, what, figure in _FIGURES:
        title = f"{what}; last day of platform time"
        family = GaugeMetricFamily(f"gongfu_alarms_{name}", title, labels=["operator"])
        for operator, quality in report.operators.items():
            value = figure(quality)
            family.add_metric([operator], math.nan if value is None else value)
        yield family
