"""Due times of recurring work: a grid in real time, so that every process names them alike."""

from dataclasses import dataclass

DAY_MS = 86_400_000
# Asia/Shanghai has been UTC+8 without summer time since 1992.
SHANGHAI_OFFSET_MS = 8 * 3_600_000


@dataclass(frozen=True)
class Grid:
    """Every ``every_ms`` milliseconds, ``offset_ms`` after 1970-01-01 00:00 UTC."""

    every_ms: int
    offset_ms: int = 0

    def last_ms(self, now_ms: int) -> int:
        """The newest due time that is not after ``now_ms``."""
        return now_ms - (now_ms - self.offset_ms) % self.every_ms

    def next_ms(self, now_ms: int) -> int:
        """The first due time after ``now_ms``."""
        return self.last_ms(now_ms) + self.every_ms


def daily(*, hour: int, minute: int = 0) -> Grid:
    """Once a day at this time in Asia/Shanghai."""
    clock_ms = (hour * 60 + minute) * 60_000
    return Grid(DAY_MS, (clock_ms - SHANGHAI_OFFSET_MS) % DAY_MS)
