"""How tests share the lanes of ``make test``: those of a file in one, and all of e2e in one."""

import pytest
from hypothesis import settings
from xdist.remote import Producer  # type: ignore[import-untyped] # ships no types
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # as above

COUNTY = "tests/e2e/"
# No test looks at the clock on the wall, hypothesis neither.
settings.register_profile("gongfu", deadline=None)
settings.load_profile("gongfu")


class Lanes(LoadFileScheduling):  # type: ignore[misc] # as above
    """As ``--dist loadfile``; the tests of the running county also share that county."""

    def _split_scope(self, nodeid: str) -> str:
        path: str = super()._split_scope(nodeid)
        return COUNTY if path.startswith(COUNTY) else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    return Lanes(config, log)
