"""One running county for all end-to-end tests, at ×90 so that alarm delays pass while we watch."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from gongfu.bench.house import House, house_settings
from tests.servers.sign_in_provider import CLIENT, SECRET, Provider, sign_in_provider

SPEED = 90.0
PATIENCE_MS = 120_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First those with a county of their own, so that two counties do not run at once."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.is_relative_to(here) and shares_the_county(item))


def shares_the_county(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "house" in item.fixturenames


@pytest.fixture(scope="package", autouse=True)
def patience() -> None:
    """A page on a busy machine may take longer than playwright's five seconds."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def provider() -> Iterator[Provider]:
    """A stub of a sign-in provider, which the county knows."""
    with sign_in_provider() as running:
        yield running


# Not of the session: it would take half of the processor from all tests that follow in any lane.
@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[House]:
    settings = house_settings(tmp_path_factory.mktemp("house") / "state", speed=SPEED)
    here = f"http://127.0.0.1:{settings.api.port}"
    elsewhere = {
        "GONGFU_OIDC__ISSUER": provider.url,
        "GONGFU_OIDC__CLIENT_ID": CLIENT,
        "GONGFU_OIDC__CLIENT_SECRET": SECRET,
        "GONGFU_OIDC__REDIRECT_URL": f"{here}/api/oidc/callback",
        "GONGFU_OIDC__ROLES": "audit=auditor; staff=viewer",
        "GONGFU_OIDC__LABEL": "供销社统一认证",
    }
    with House(settings, elsewhere) as running:
        running.wait_connected()
        yield running


@pytest.fixture(scope="session")
def chromium() -> Path:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium on this machine: 'make test-servers' installs it as root")
    return Path(found)
