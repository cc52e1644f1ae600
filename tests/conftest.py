"""How tests share the lanes of ``make test``: those of a file in one, and all of e2e in one.

What they write lies in memory where there is room for it: thousands of small databases wait for a
disk most of their time. ``make test-faults`` stays on the disk.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer  # type: ignore[import-untyped] # ships no types
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # as above

HERE = Path(__file__).parent
COUNTY = "tests/e2e/"
# The longest first, so that no lane is still busy with one of them when the others are done.
LONG = ("e2e", "security", "faults", "influx", "grafana", "gongfu")
MEMORY = Path("/dev/shm")  # noqa: S108 - as ever, pytest makes a folder of its own in it
ROOM_BYTES = 6 * 2**30
# No test looks at the clock on the wall, hypothesis neither.
settings.register_profile("gongfu", deadline=None)
settings.load_profile("gongfu")


class Lanes(LoadFileScheduling):  # type: ignore[misc] # as above
    """As ``--dist loadfile``; the tests of the running county also share that county."""

    def _split_scope(self, nodeid: str) -> str:
        path: str = super()._split_scope(nodeid)
        return COUNTY if path.startswith(COUNTY) else path


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(HERE).parts[0]
    return LONG.index(folder) if folder in LONG else len(LONG)


def pytest_configure(config: pytest.Config) -> None:
    if not (config.getoption("--full", default=False) or "TMPDIR" in os.environ) and _roomy(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _roomy(folder: Path) -> bool:
    # Some tests start programs that they have written.
    if not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free > ROOM_BYTES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    # It would begin with the files of many tests, which are the quick ones.
    config.option.loadscopereorder = False
    return Lanes(config, log)
