"""The demonstration's time: ×30 from a Tuesday 08:00, going on where the last run stopped."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gongfu.errors import SettingsError
from gongfu.settings import Settings
from gongfu_broker.clock import Clock, RealClock, resume_clock, write_anchor

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = 1


def platform_clock(settings: Settings, *, now: datetime) -> Clock:
    """Real time in production; with the simulator the scaled clock, saved for other processes."""
    if not settings.simulates:
        settings.clock_path.unlink(missing_ok=True)
        return RealClock()
    start = _start(settings.demo.start, now)
    clock = resume_clock(
        settings.clock_path, start_ms=int(start.timestamp() * 1000), speed=settings.demo.speed
    )
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_anchor(settings.clock_path, clock)
    return clock


def _start(text: str, now: datetime) -> datetime:
    if not text:
        local = now.astimezone(SHANGHAI)
        day = local.date() - timedelta(days=(local.weekday() - TUESDAY) % 7)
        return datetime(day.year, day.month, day.day, 8, tzinfo=SHANGHAI)
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"GONGFU_DEMO__START is {text!r}: write it like 2026-11-17T08:00+08:00"
        ) from None
    return start if start.tzinfo else start.replace(tzinfo=SHANGHAI)


def utc_now() -> datetime:
    """Wall time."""
    return datetime.now(UTC)
