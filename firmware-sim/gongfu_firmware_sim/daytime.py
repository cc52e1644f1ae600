"""Business days in Asia/Shanghai, which has stood at UTC+8 without summer time since 1991."""

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
_UTC_PLUS_8_MS = 8 * HOUR_MS
_MONDAY_OFFSET = 3  # day 0, 1970-01-01, was a Thursday
WORKDAYS = 5


def day_of(ts_ms: int) -> int:
    """The local day that holds the instant, in days since 1970-01-01."""
    return (ts_ms + _UTC_PLUS_8_MS) // DAY_MS


def midnight_ms(day: int) -> int:
    """UTC milliseconds at which the local day begins."""
    return day * DAY_MS - _UTC_PLUS_8_MS


def weekday_of(day: int) -> int:
    """0 is Monday, 6 is Sunday."""
    return (day + _MONDAY_OFFSET) % 7
