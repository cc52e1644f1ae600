"""Business days of Asia/Shanghai, which has stood at UTC+8 without summer time since 1991."""

from gongfu_fleet.domain.due import DAY_MS, SHANGHAI_OFFSET_MS

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
_THURSDAY = 3  # day 0, 1970-01-01
_WEEK = 7


def since_midnight_ms(ts_ms: int) -> int:
    """How far into its local day the instant lies."""
    return (ts_ms + SHANGHAI_OFFSET_MS) % DAY_MS


def day_of(ts_ms: int) -> int:
    """The local day that holds the instant, in days since 1970-01-01."""
    return (ts_ms + SHANGHAI_OFFSET_MS) // DAY_MS


def midnight_ms(day: int) -> int:
    """UTC milliseconds at which the local day begins."""
    return day * DAY_MS - SHANGHAI_OFFSET_MS


def weekday_of(day: int) -> int:
    """1 is Monday, 7 is Sunday."""
    return (day + _THURSDAY) % _WEEK + 1
