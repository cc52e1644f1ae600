"""Companions of a bench: child processes that are asked and answer, a JSON object per line."""

import asyncio
import os
import select
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import msgspec

Told = dict[str, Any]  # Any: each question has an answer of its own shape
STOP_S = 20.0


class CompanionError(RuntimeError):
    """A child ended or kept silent; the message has the end of its log."""


class Companion:
    """``python -m MODULE FILE`` as seen by its parent; ends when the block does."""

    def __init__(self, module: str, spec: Path, log: Path) -> None:
        """``spec`` is the file it reads at start, ``log`` takes what it writes to stderr."""
        self._command = [sys.executable, "-m", module, str(spec)]
        self._log = log
        self._buffer = b""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Close its standard input, which ends it."""
        process = self._running
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    def ask(self, question: Mapping[str, object], timeout_s: float) -> Told:
        """Its answer to one question. Raises CompanionError when there is none in time."""
        pipe = self._running.stdin
        if pipe is None:
            raise CompanionError("the companion has no standard input")
        try:
            pipe.write(msgspec.json.encode(question) + b"\n")
        except BrokenPipeError:
            raise CompanionError(f"{self._command[2]} ended:\n{self.tail()}") from None
        told: Told = msgspec.json.decode(self._line(timeout_s))
        return told

    def tail(self) -> str:
        """The end of what it wrote to stderr."""
        return self._log.read_text(errors="replace")[-2000:]

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise CompanionError("the companion was not started: use it as a context")
        return self._process

    def _line(self, timeout_s: float) -> bytes:
        out = self._running.stdout
        deadline = time.monotonic() + timeout_s
        while out and b"\n" not in self._buffer:
            ready, _, _ = select.select([out], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(out.fileno(), 1 << 16) if ready else b""
            if not chunk:
                why = "ended" if ready else f"did not answer within {timeout_s:g} s"
                raise CompanionError(f"{self._command[2]} {why}:\n{self.tail()}")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


async def questions() -> AsyncIterator[Told]:
    """What the parent asks, until it closes our standard input. For the child."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield msgspec.json.decode(line)


def answer(body: Mapping[str, object]) -> None:
    """Answer the question. For the child."""
    sys.stdout.buffer.write(msgspec.json.encode(body) + b"\n")
    sys.stdout.buffer.flush()
