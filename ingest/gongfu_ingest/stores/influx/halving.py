"""Finding the lines a server refuses, by halving; a line that is taken twice changes nothing."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from gongfu_ingest.errors import LinesRefusedError

Send = Callable[[bytes], Awaitable[None]]


class RefusedLine(NamedTuple):
    """A line, or a value of one, that InfluxDB will not have, and why."""

    line: bytes
    why: str


async def send_by_halves(lines: Sequence[bytes], send: Send) -> list[RefusedLine]:
    """Send all lines; returns the ones refused, each with the server's text.

    ``send`` raises LinesRefusedError when a body is refused; whatever else it raises ends this.
    """
    refused: list[RefusedLine] = []
    waiting = [lines] if lines else []
    while waiting:
        part = waiting.pop()
        try:
            await send(b"\n".join(part))
        except LinesRefusedError as error:
            if len(part) == 1:
                refused.append(RefusedLine(part[0], str(error)))
            else:
                half = len(part) // 2
                waiting += [part[half:], part[:half]]
    return refused
