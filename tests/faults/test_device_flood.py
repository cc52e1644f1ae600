"""S8, second half: one device at a thousand messages a second, through a real broker."""

from pathlib import Path

from gongfu.bench.device_flood import device_flood
from gongfu_ingest.rate import LIVE_ROOM


def test_a_device_that_floods_is_cut_off_and_the_others_lose_nothing(tmp_path: Path) -> None:
    told = device_flood(tmp_path, seconds=4.0, others=20)
    print(f"\nS8: {told}")
    assert told.sent > LIVE_ROOM + 100
    assert told.taken + told.limited == told.sent
    # What it may say at once, and four a second for as long as the machine took.
    assert LIVE_ROOM <= told.taken <= LIVE_ROOM + 200
    assert told.rows == 1
    # Nothing that was refused is promised, and nothing promised is missing.
    assert (told.promised <= told.taken, told.loud_lost) == (True, 0)
    assert told.acknowledged > 0
    assert (told.lost, told.duplicated, told.phantom) == (0, 0, 0)
