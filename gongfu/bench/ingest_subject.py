"""What is measured: one pipeline in a process of its own, which tells its CPU time when asked.

Run as a companion: ``python -m gongfu.bench.ingest_subject SUBJECT.json``. Ours is production's
wiring; without alarms the watch is there but not run. Event loop and collector are set alike for
every kind.
"""

import asyncio
import contextlib
import logging
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import aiomqtt
import msgspec
import uvloop

from gongfu.bench.ingest_lines import LinePipeline
from gongfu.bench.load_process import Told, answer, questions
from gongfu.bench.reference_pipeline import ReferencePipeline
from gongfu.collector import calm_collector
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import open_fleet
from gongfu.secrets_file import load_secrets
from gongfu.settings import BrokerSettings, DemoSettings, Settings
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu.wiring import INGEST, worker
from gongfu_broker.clock import RealClock
from gongfu_broker.mqtt.client import MqttConnector
from gongfu_broker.ports import Session
from gongfu_fleet.services.watch_cold_chain import CONSUMER

HOST = "127.0.0.1"
POLL_S = 0.2
READY_S = 60.0


class Kind(StrEnum):
    """What a subject does with a message."""

    LINE = "line"
    REFERENCE_LINE = "reference_line"
    COMMIT = "commit"
    REFERENCE_COMMIT = "reference_commit"
    ALARMS = "alarms"


class Subject(msgspec.Struct, frozen=True):
    """Which pipeline, on which broker, with a state folder made for it."""

    kind: Kind
    state: str
    port: int

    def settings(self) -> Settings:
        """Production's settings: real time, the broker of the bench, no simulator."""
        return Settings(
            state=Path(self.state),
            broker=BrokerSettings(host=HOST, port=self.port),
            demo=DemoSettings(simulate=False),
        )


@dataclass(frozen=True)
class Running:
    """A pipeline at work: whether it hears the broker, and how many messages it is done with."""

    ready: Callable[[], bool]
    done: Callable[[], int]
    tasks: "list[asyncio.Task[None]]"

    async def wait(self, what: Callable[[], bool], timeout_s: float) -> None:
        """Return when it is so. Raises TimeoutError, or what a task failed with."""
        deadline = time.monotonic() + timeout_s
        while not what():
            for task in self.tasks:
                if task.done():
                    task.result()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.done()} messages done in {timeout_s:g} s")
            await asyncio.sleep(POLL_S)


@contextlib.asynccontextmanager
async def pipeline(subject: Subject) -> AsyncIterator[Running]:
    """The subject's pipeline, running; it ends before what it stands on is closed."""
    async with AsyncExitStack() as stack:
        running = _KINDS[subject.kind](stack, subject)
        stack.push_async_callback(_end, running.tasks)
        yield running


def _lines(stack: AsyncExitStack, subject: Subject) -> Running:
    settings = subject.settings()
    keys = load_secrets(settings.state)
    fleet = open_fleet(settings)
    stack.callback(fleet.close)
    session = Session(keys.ingest_client_id, INGEST, keys.ingest)
    devices = RegisteredDevices(fleet.registry).devices()
    lines = LinePipeline(MqttConnector(HOST, subject.port), session, devices)
    return _running(lambda: lines.ready, lambda: lines.done, lines.run())


def _ours(stack: AsyncExitStack, subject: Subject) -> Running:
    settings = subject.settings()
    keys = load_secrets(settings.state)
    fleet = open_fleet(settings)
    stack.callback(fleet.close)
    telemetry = _telemetry(stack, settings)
    work = worker(settings, keys, clock=RealClock(), telemetry=telemetry, fleet=fleet)

    def ready() -> bool:
        return work.ingest.state.connected

    def watched() -> int:
        cursor = fleet.ledger.cursor(CONSUMER)
        return cursor.seq if cursor else 0

    if subject.kind is Kind.ALARMS:
        return _running(ready, watched, work.ingest.run(), work.watch.run())
    return _running(ready, telemetry.log.head, work.ingest.run())


def _reference(stack: AsyncExitStack, subject: Subject) -> Running:
    settings = subject.settings()
    keys = load_secrets(settings.state)
    commits = subject.kind is Kind.REFERENCE_COMMIT
    reference = ReferencePipeline(
        aiomqtt.Client(
            HOST,
            subject.port,
            username=INGEST,
            password=keys.ingest,
            identifier=keys.ingest_client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
        ),
        _telemetry(stack, settings) if commits else None,
    )
    return _running(lambda: reference.ready, lambda: reference.done, reference.run())


_KINDS = {
    Kind.LINE: _lines,
    Kind.REFERENCE_LINE: _reference,
    Kind.COMMIT: _ours,
    Kind.REFERENCE_COMMIT: _reference,
    Kind.ALARMS: _ours,
}


def _telemetry(stack: AsyncExitStack, settings: Settings) -> Telemetry:
    telemetry = open_telemetry(settings.telemetry_path)
    stack.callback(telemetry.close)
    return telemetry


def _running(
    ready: Callable[[], bool], done: Callable[[], int], *work: Coroutine[None, None, None]
) -> Running:
    return Running(ready, done, [asyncio.create_task(one) for one in work])


async def _end(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def cpu_s() -> float:
    """CPU seconds of this process so far, all threads, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def serve(subject: Subject) -> None:
    """Answer ``{"until": n, "timeout_s": s}`` when n messages are done, with the CPU time."""
    async with pipeline(subject) as running:
        await running.wait(running.ready, READY_S)
        calm_collector()
        async for question in questions():
            answer(await _answer(running, question))


async def _answer(running: Running, question: Told) -> Told:
    until = question.get("until", 0)
    await running.wait(lambda: running.done() >= until, question.get("timeout_s", READY_S))
    return {"done": running.done(), "cpu_s": cpu_s()}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    uvloop.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Subject)))
