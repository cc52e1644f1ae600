"""The platform's own figures in the text form of Prometheus, gathered when somebody scrapes.

Nothing is counted twice for it: every figure is read from where health pages read it too. Names,
labels and an example of scraping: docs/metrics.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from gongfu.metrics_notices import notice_metrics
from gongfu.metrics_quality import quality_metrics
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.alarms.quality import DAY_MS
from gongfu_fleet.services.flow import Flow, Forwarding

MOST_OPEN = 10_000
OUTCOMES = ("accepted", "duplicates", "rejected", "deferred")
FORWARDER_STATES = ("sending", "filling", "away", "stopped", "failed")


@dataclass(frozen=True, eq=False)
class Figures(Collector):
    """Collects from the ports of the API; ``dead_letters`` gives how many by reason."""

    deps: ApiDeps
    dead_letters: Callable[[], Mapping[str, int]]

    def collect(self) -> Iterator[Metric]:
        """Every figure now."""
        yield from self._platform()
        yield from self._ingest()
        yield from self._fleet()
        yield from self._jobs()
        if self.deps.notices is not None:
            yield from notice_metrics(self.deps.notices.channels().values())
        flow = self.deps.flow()
        if flow is not None:
            yield from _commits(flow)
            if flow.forwarder is not None:
                yield from _forwarder(flow.forwarder)

    def _platform(self) -> Iterator[Metric]:
        deps = self.deps
        yield _gauge("gongfu_up", "The process answers", 1)
        yield _gauge("gongfu_time_seconds", "Platform time", deps.clock.now_ms() / 1000)
        yield _gauge("gongfu_speed", "Platform seconds per real second", deps.clock.speed)
        troubles = {sentence for ask in deps.troubles for sentence in ask()}
        yield _gauge(
            "gongfu_troubles", "Sentences in /health that parts complain of", len(troubles)
        )
        room = deps.room()
        if room is not None:
            yield _gauge("gongfu_disk_free_bytes", "Under the state folder", room.free_bytes)
            yield _gauge("gongfu_store_bytes", "telemetry.db and its journal", room.store_bytes)

    def _ingest(self) -> Iterator[Metric]:
        ingest = self.deps.ingest
        yield _gauge("gongfu_broker_connected", "1 while ingest is", ingest.broker_connected())
        counts = ingest.counters()
        outcomes = {name: counts.get(name, 0) for name in OUTCOMES}
        yield _counters("gongfu_messages", "Messages by outcome", "outcome", outcomes.items())
        notes = ((n, c) for n, c in counts.items() if n not in (*OUTCOMES, "dead_letters"))
        yield _counters("gongfu_ingest_notes", "Other counters of ingest", "note", notes)
        dead = self.dead_letters().items()
        yield _gauges("gongfu_dead_letters", "Refused messages by reason", "reason", dead)
        lags = ((consumer.name, consumer.lag) for consumer in ingest.consumers())
        yield _gauges("gongfu_consumer_lag_records", "Not read yet", "consumer", lags)

    def _fleet(self) -> Iterator[Metric]:
        deps = self.deps
        reporting = [asset.id for asset in deps.registry.assets().values() if asset.reports]
        known = deps.connections.devices()
        heard = [known[dev] for dev in reporting if dev in known]
        states = {
            "registered": len(reporting),
            "connected": sum(one.online for one in heard),
            "seen": sum(one.heard_ms is not None for one in heard),
            "clock_wrong": sum(one.clock_offset_ms != 0 for one in heard),
        }
        yield _gauges("gongfu_devices", "Devices by state", "state", states.items())
        open_by = Counter({"unack": 0, "acked": 0})
        open_by.update(view.workflow for view in deps.incidents.open_items(MOST_OPEN))
        yield _gauges("gongfu_incidents_open", "Open incidents", "workflow", open_by.items())
        yield from quality_metrics(deps.quality.report(DAY_MS))

    def _jobs(self) -> Iterator[Metric]:
        states = self.deps.jobs()
        ends = ((job.name, job.last_end_ms / 1000) for job in states if job.last_end_ms)
        yield _gauges("gongfu_job_last_end_seconds", "Unix time of the last end", "job", ends)
        due = ((job.name, job.next_due_ms / 1000) for job in states)
        yield _gauges("gongfu_job_next_due_seconds", "Unix time of the next run", "job", due)
        failing = ((job.name, float(job.last_error is not None)) for job in states)
        yield _gauges("gongfu_job_failing", "1 when the last run failed", "job", failing)


def exposition(figures: Figures) -> bytes:
    """One scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    ProcessCollector(namespace="gongfu", registry=registry)
    return generate_latest(registry)


def _commits(flow: Flow) -> Iterator[Metric]:
    yield SummaryMetricFamily(
        "gongfu_commit_seconds",
        "Durable commits",
        count_value=flow.commits,
        sum_value=flow.commit_s,
    )
    yield _gauge("gongfu_commit_last_seconds", "The newest commit", flow.last_commit_s)
    refused = CounterMetricFamily("gongfu_commits_refused", "Commits the disk refused")
    refused.add_metric([], flow.refused_commits)
    yield refused
    yield _gauge("gongfu_commit_waiting_messages", "Taken, not committed yet", flow.waiting)
    oldest_s = flow.oldest_waiting_s or 0.0
    yield _gauge("gongfu_commit_oldest_waiting_seconds", "How long the oldest waits", oldest_s)


def _forwarder(forwarder: Forwarding) -> Iterator[Metric]:
    backlog, oldest_s = forwarder.backlog, forwarder.oldest_unsent_s or 0.0
    yield _gauge("gongfu_forwarder_backlog_records", "Not sent to InfluxDB yet", backlog)
    yield _gauge("gongfu_forwarder_oldest_unsent_seconds", "How long the oldest waits", oldest_s)
    states = ((word, float(word == forwarder.state)) for word in FORWARDER_STATES)
    yield _gauges("gongfu_forwarder_state", "1 for the state it is in", "state", states)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _gauges(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _counters(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family
