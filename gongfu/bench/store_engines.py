"""The three engines of the store bench, and the four questions each answers in its own language.

CPU of a server is that of its process alone: our side of HTTP, decoding its JSON and joining
episodes are left out. CPU of the embedded store is everything, for it works in our thread.
"""

import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import psutil

from gongfu.errors import GongfuError
from gongfu.housekeeping import FOLD_EVERY_MS, HOT_MS
from gongfu_broker.columns import DeviceKind
from gongfu_ingest.database import Database
from gongfu_ingest.points import Point
from gongfu_ingest.stores.embedded import EmbeddedStore
from gongfu_ingest.stores.rows import episodes

# tests/servers/influx.sh unpacks them there.
BINARIES = Path(__file__).parents[2] / ".servers/influx/usr/bin"
METRIC = "zone_1_celsius"
DATABASE = "telemetry"
READY_S, SETTLE_S = 30.0, 12.0
Answer = Any  # each question has its own shape, the same for every engine


class EngineError(GongfuError):
    """A server does not start, or refuses what it was asked."""


@dataclass(frozen=True)
class Question:
    """``dev`` over [start_ms, end_ms) by ``every_ms``; ``above`` and ``max_gap_ms`` of episodes."""

    dev: str
    kind: DeviceKind
    start_ms: int
    end_ms: int
    every_ms: int = 0
    above: float = 0.0
    max_gap_ms: int = 0


class Engine(Protocol):
    """Somewhere to keep points. Times are UTC ms, values celsius."""

    def write(self, points: Sequence[Point]) -> None:
        """Keep points; durable as far as the engine promises."""
        ...

    def settle(self) -> None:
        """Bring everything to rest: folds, compactions, caches on disk."""
        ...

    def cpu_s(self) -> float:
        """CPU used so far by whoever does the engine's work."""
        ...

    def bytes_used(self) -> int:
        """On disk."""
        ...

    def last(self, ask: Question) -> Answer:
        """Newest value of the metric per device that spoke since ``start_ms``."""
        ...

    def windows(self, ask: Question) -> Answer:
        """(t0_ms, min, max, mean) per window."""
        ...

    def episodes(self, ask: Question) -> Answer:
        """(dev, begin_ms, end_ms, peak) of runs above the limit, of all devices."""
        ...

    def close(self) -> None:
        """Stop or close it."""
        ...


class Embedded:
    """Our store in a file of its own, folded as the running platform folds it."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / "telemetry.db")
        self.store = EmbeddedStore(self._database)
        self._cut_ms = 0

    def write(self, points: Sequence[Point]) -> None:
        """One durable transaction; the fold when its time has come."""
        self.store.write(points)
        cut_ms = points[-1].ts_ms - HOT_MS
        cut_ms -= cut_ms % FOLD_EVERY_MS
        if cut_ms > self._cut_ms:
            self.store.fold(cut_ms)
            self.store.refresh_last()
            self._cut_ms = cut_ms

    def settle(self) -> None:
        """Empty the write-ahead log; the newest minutes stay hot, as they always are."""
        self.store.refresh_last()
        self._database.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def cpu_s(self) -> float:
        """Of this thread."""
        return time.thread_time()

    def bytes_used(self) -> int:
        """Of every table but the log, which is the outbox's."""
        return self.store.figures().store_bytes or 0

    def last(self, ask: Question) -> Answer:
        """It gives every metric; one is compared."""
        newest = self._fresh().last()
        return {
            dev: values[METRIC].value
            for dev, values in newest.items()
            if METRIC in values and values[METRIC].ts_ms >= ask.start_ms
        }

    def windows(self, ask: Question) -> Answer:
        """By the port."""
        span = {"start_ms": ask.start_ms, "end_ms": ask.end_ms, "every_ms": ask.every_ms}
        found = self._fresh().windows(ask.dev, METRIC, **span)
        return [(w.t0_ms, w.min, w.max, w.mean) for w in found]

    def episodes(self, ask: Question) -> Answer:
        """By the port."""
        span = {"start_ms": ask.start_ms, "end_ms": ask.end_ms, "max_gap_ms": ask.max_gap_ms}
        found = self._fresh().exceedances(METRIC, ask.above, **span)
        return [(e.dev, e.begin_ms, e.end_ms, e.peak) for e in found]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _fresh(self) -> EmbeddedStore:
        # A store remembers blocks it has unpacked; each question here finds it without memory.
        return EmbeddedStore(self._database)


class HttpEngine:
    """A server as a child process on loopback, asked over HTTP."""

    def __init__(self, folder: Path, command: list[str], *, port: int, ping: str) -> None:
        self._folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(timeout=300, trust_env=False)
        with (folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of the test servers
                command,
                env={"PATH": os.defpath, "HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._kinds: Mapping[str, DeviceKind] = {}
        self._wait(ping)

    def know(self, kinds: Mapping[str, DeviceKind]) -> None:
        """Which device is of which kind, for the names of measurements."""
        self._kinds = kinds

    def send(self, path: str, points: Sequence[Point]) -> None:
        """Write points as line protocol."""
        body = "\n".join(self._line(point) for point in points).encode()
        self._check(self._client.post(self.url + path, content=body))

    def ask(self, path: str, **parameters: str | float) -> dict[str, Any]:  # Any: the server's JSON
        """Ask and decode."""
        answer = self._check(self._client.get(self.url + path, params=parameters))
        body: dict[str, Any] = answer.json()
        return body

    def cpu_s(self) -> float:
        """Of the server."""
        spent = psutil.Process(self._process.pid).cpu_times()
        return float(spent.user + spent.system)

    def bytes_used(self) -> int:
        """All files under its folder but its log."""
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files if path.name != "server.log")

    def close(self) -> None:
        """Stop the server."""
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(READY_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _line(self, point: Point) -> str:
        told = ",".join(f"{name}={value!r}" for name, value in point.values.items())
        return f"{self._kinds[point.dev]},dev={point.dev} {told} {point.ts_ms}"

    def _check(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error or b'"error"' in answer.content[:400]:
            raise EngineError(f"{answer.request.url.path}: {answer.text[:300]}")
        return answer

    def _wait(self, ping: str) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            try:
                if self._client.get(self.url + ping).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        self.close()
        raise EngineError(f"{self._folder.name} does not answer: see its server.log")


def binary(name: str) -> str | None:
    """The program, where the test servers have been fetched."""
    path = BINARIES / name
    return str(path) if path.exists() else None


def joined(
    series: Iterable[tuple[str, Iterable[tuple[int, float]]]], ask: Question
) -> list[tuple[str, int, int, float]]:
    """Episodes out of samples that a server has filtered or not."""
    found = [
        episode
        for dev, samples in series
        for episode in episodes(dev, samples, ask.above, ask.max_gap_ms)
    ]
    found.sort(key=lambda episode: (episode.begin_ms, episode.dev))
    return [(e.dev, e.begin_ms, e.end_ms, e.peak) for e in found]
