"""The world of the fault tests' own devices is a function of time."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu.faults.crowd import PERIOD_MS, WARM_MS, Waves, crowd_of, waves
from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings

NOW_MS = 1_795_478_400_000
TIMES = st.integers(NOW_MS, NOW_MS + 4 * PERIOD_MS)
WORLDS = st.builds(
    Waves,
    quiet=st.just((4.0, -18.0)),
    warm=st.just((12.0, -11.0)),
    every_ms=st.integers(200, 10_000),
    phase_ms=st.integers(0, 14_000),
)


@settings(deadline=None, max_examples=40)
@given(WORLDS, TIMES, TIMES, TIMES)
def test_a_device_that_was_away_measures_what_one_that_stayed_would_have(
    world: Waves, a: int, b: int, c: int
) -> None:
    first, middle, last = sorted((a, b, c))
    pieces = [*world.moments(first, middle), *world.moments(middle, last)]
    assert pieces == list(world.moments(first, last))
    assert all(first < moment.ts_ms <= last for moment in pieces)


@settings(deadline=None, max_examples=40)
@given(WORLDS)
def test_every_zone_is_too_warm_for_a_third_of_each_minute(world: Waves) -> None:
    moments = world.moments(NOW_MS, NOW_MS + 10 * PERIOD_MS)
    warm = [moment for moment in moments if (moment.values[0] or 0) > 8]
    expected = WARM_MS / PERIOD_MS * len(moments)
    assert abs(len(warm) - expected) <= 0.2 * expected + 10


def test_every_shipped_zone_is_quiet_within_its_limits_and_warm_beyond_them(
    tmp_path: Path,
) -> None:
    open_fleet(Settings(state=tmp_path)).close()
    assets = crowd_of(tmp_path, None)
    assert len(assets) == 119
    for place, asset in enumerate(assets):
        world = waves(asset, place, 1_000)
        for zone in asset.zones:
            quiet, warm = world.quiet[zone.zone - 1], world.warm[zone.zone - 1]
            high = zone.policy.high_celsius
            assert quiet is not None
            assert warm is not None
            assert high is None or quiet + 0.1 < high < warm
