"""One running app under attack for the tests of a module."""

from collections.abc import Iterator

import pytest

from gongfu.security.stand import Stand, security_stand


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-cases", type=int, default=60, help="cases for every operation")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with security_stand(tmp_path_factory.mktemp("stand")) as opened:
        yield opened
