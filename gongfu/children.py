"""Child processes that live and die with this one."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

STOP_S = 10.0
RESTART_S = 2.0
_log = logging.getLogger(__name__)


@dataclass
class OwnChild:
    """Another command of ours, told to end by closing its standard input.

    When this process is killed the pipe breaks, so the child ends by itself.
    """

    name: str
    arguments: Sequence[str]
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def run(self) -> None:
        """Keep it running until cancelled."""
        try:
            while True:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "gongfu", *self.arguments, stdin=asyncio.subprocess.PIPE
                )
                code = await self.process.wait()
                _log.warning("%s ended with code %d; starting it again", self.name, code)
                await asyncio.sleep(RESTART_S)
        finally:
            await self._stop()

    async def _stop(self) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def parent_gone() -> None:
    """Return when whoever started this process closed our standard input, or died."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    with contextlib.suppress(ValueError, OSError):
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await reader.read()
