"""influxd 1.6 and VictoriaMetrics as engines of the store bench."""

import time
from collections.abc import Sequence
from pathlib import Path

from gongfu.bench.store_engines import (
    DATABASE,
    METRIC,
    SETTLE_S,
    Answer,
    HttpEngine,
    Question,
    joined,
)
from gongfu_broker.listening import free_port
from gongfu_ingest.points import Point

BOTH = "cabinet, truck"


class Influxd(HttpEngine):
    """InfluxQL over ``/query``."""

    def __init__(self, folder: Path, program: str) -> None:
        port = free_port()
        conf = folder / "influxd.conf"
        conf.write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\ndir = "{folder}/meta"\n'
            f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
            'cache-snapshot-write-cold-duration = "5s"\n'
            f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n'
            "[monitor]\nstore-enabled = false\n"
        )
        super().__init__(folder, [program, "run", "-config", str(conf)], port=port, ping="/ping")
        self._check(
            self._client.post(f"{self.url}/query", data={"q": f'CREATE DATABASE "{DATABASE}"'})
        )

    def write(self, points: Sequence[Point]) -> None:
        """One body."""
        self.send(f"/write?db={DATABASE}&precision=ms", points)

    def settle(self) -> None:
        """Wait until what is cold has been written to files."""
        time.sleep(SETTLE_S)

    def last(self, ask: Question) -> Answer:
        """``last()`` per device."""
        text = f"SELECT last({METRIC}) FROM {BOTH} WHERE time >= {ask.start_ms}ms GROUP BY dev"  # noqa: S608 - our own names
        return {series["tags"]["dev"]: series["values"][0][1] for series in self._query(text)}

    def windows(self, ask: Question) -> Answer:
        """``GROUP BY time()``."""
        text = (
            f"SELECT min({METRIC}), max({METRIC}), mean({METRIC}) FROM {ask.kind}"  # noqa: S608 - our own names
            f" WHERE dev = '{ask.dev}' AND time >= {ask.start_ms}ms AND time < {ask.end_ms}ms"
            f" GROUP BY time({ask.every_ms}ms) fill(none)"
        )
        return [tuple(row) for series in self._query(text) for row in series["values"]]

    def episodes(self, ask: Question) -> Answer:
        """The values above the limit, joined here."""
        text = (
            f"SELECT {METRIC} FROM {BOTH} WHERE {METRIC} > {ask.above}"  # noqa: S608 - our own names
            f" AND time >= {ask.start_ms}ms AND time < {ask.end_ms}ms GROUP BY dev"
        )
        return joined(((s["tags"]["dev"], s["values"]) for s in self._query(text)), ask)

    def _query(self, text: str) -> list[dict[str, Answer]]:
        body = self.ask("/query", db=DATABASE, epoch="ms", q=text)
        series: list[dict[str, Answer]] = body["results"][0].get("series", [])
        return series


class VictoriaMetrics(HttpEngine):
    """MetricsQL over ``/api/v1``; a range there holds its last instant, so ours end 1 ms early."""

    def __init__(self, folder: Path, program: str) -> None:
        port = free_port()
        command = [
            program,
            f"-storageDataPath={folder}/data",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=100y",
            "-dedup.minScrapeInterval=1ms",
            "-search.latencyOffset=0s",
            "-search.disableCache",
            "-search.maxPointsPerTimeseries=1000000",
        ]
        super().__init__(folder, command, port=port, ping="/health")

    def write(self, points: Sequence[Point]) -> None:
        """One body."""
        self.send("/write?precision=ms", points)

    def settle(self) -> None:
        """Make everything searchable and let it merge."""
        self._client.get(f"{self.url}/internal/force_flush")
        time.sleep(SETTLE_S)

    def last(self, ask: Question) -> Answer:
        """``last_over_time`` since the start."""
        span_s = (ask.end_ms - ask.start_ms) // 1_000
        query = f'last_over_time({{__name__=~"(cabinet|truck)_{METRIC}"}}[{span_s}s])'
        found = self.ask("/api/v1/query", query=query, time=ask.end_ms / 1_000)["data"]["result"]
        return {row["metric"]["dev"]: float(row["value"][1]) for row in found}

    def windows(self, ask: Question) -> Answer:
        """``rollup`` at the end of each window."""
        every_s = ask.every_ms // 1_000
        query = f'rollup({ask.kind}_{METRIC}{{dev="{ask.dev}"}}[{every_s}s])'
        body = self.ask(
            "/api/v1/query_range",
            query=query,
            start=(ask.start_ms + ask.every_ms - 1) / 1_000,
            end=(ask.end_ms - 1) / 1_000,
            step=every_s,
        )
        by_name = {row["metric"]["rollup"]: row["values"] for row in body["data"]["result"]}
        parts = zip(by_name["min"], by_name["max"], by_name["avg"], strict=True)
        return [
            (round(at_s * 1_000) + 1 - ask.every_ms, float(low), float(high), float(mean))
            for (at_s, low), (_, high), (_, mean) in parts
        ]

    def episodes(self, ask: Question) -> Answer:
        """Every sample of the span, filtered and joined here."""
        span_ms = ask.end_ms - ask.start_ms
        query = f'{{__name__=~"(cabinet|truck)_{METRIC}"}}[{span_ms}ms]'
        body = self.ask("/api/v1/query", query=query, time=(ask.end_ms - 1) / 1_000)
        return joined(
            (
                (
                    row["metric"]["dev"],
                    [(round(at_s * 1_000), float(value)) for at_s, value in row["values"]],
                )
                for row in body["data"]["result"]
            ),
            ask,
        )
