"""Due times are the same for everybody who looks at the same clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.due import DAY_MS, Grid, daily

SHANGHAI = ZoneInfo("Asia/Shanghai")
GRIDS = st.builds(Grid, st.integers(1, 2 * DAY_MS), st.integers(-DAY_MS, DAY_MS))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


@given(GRIDS, st.integers(0, 2**45))
def test_now_lies_between_the_last_due_time_and_the_next(grid: Grid, now_ms: int) -> None:
    last_ms, next_ms = grid.last_ms(now_ms), grid.next_ms(now_ms)
    assert last_ms <= now_ms < next_ms
    assert grid.last_ms(last_ms) == last_ms
    assert grid.next_ms(last_ms) == next_ms
    assert (last_ms - grid.offset_ms) % grid.every_ms == 0


def test_a_daily_job_is_due_at_its_time_in_shanghai() -> None:
    night = daily(hour=3, minute=10)
    assert night.last_ms(at("2026-11-17T08:00")) == at("2026-11-17T03:10")
    assert night.next_ms(at("2026-11-17T08:00")) == at("2026-11-18T03:10")
    assert night.last_ms(at("2026-11-17T03:09")) == at("2026-11-16T03:10")
