"""A server whose clock jumps while it runs: libfaketime preloaded, its offset in a file.

Only the wall clock is moved; monotonic time, which time-outs and schedules should use, goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gongfu.faults.effort import CannotRunError

# tests/servers/faketime.sh unpacks it there; beside it, where distributions install it.
PLACES = (
    Path(__file__).parents[2] / ".servers/faketime/usr/lib",
    Path("/usr/lib"),
    Path("/usr/local/lib"),
)
LIBRARY = "faketime/libfaketimeMT.so.1"


def faketime_library() -> Path:
    """The library. Raises CannotRunError where there is none."""
    for place in PLACES:
        for found in (*place.glob(LIBRARY), *place.glob(f"*/{LIBRARY}")):
            return found
    raise CannotRunError("no libfaketime here: 'make test-servers' fetches it with apt-get")


@dataclass(frozen=True)
class JumpingClock:
    """The offset of the processes that were started with ``names``; kept in ``file``."""

    file: Path

    def names(self) -> Mapping[str, str]:
        """What the environment of such a process needs."""
        self.jump(0)
        return {
            "LD_PRELOAD": str(faketime_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, seconds: int) -> None:
        """From now on their wall clock is off by this much."""
        part = self.file.with_suffix(".part")
        part.write_text(f"{seconds:+d}\n")
        part.replace(self.file)
