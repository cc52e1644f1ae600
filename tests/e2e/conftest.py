"""One running county for all end-to-end tests, at ×90 so that alarm delays pass while we watch."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gongfu.bench.house import House, house_settings

SPEED = 90.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these last: the county they share must not take the processor from other tests."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.is_relative_to(here))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    settings = house_settings(tmp_path_factory.mktemp("house") / "state", speed=SPEED)
    with House(settings) as running:
        running.wait_connected()
        yield running


@pytest.fixture(scope="session")
def chromium() -> Path:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium on this machine: 'make test-servers' installs it as root")
    return Path(found)
