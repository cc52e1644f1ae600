"""Fault tests: short ones in ``make test``, full ones with ``--full`` (``make test-faults``)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gongfu.faults.effort import CannotRunError, Effort, FaultRun, FaultTest, Figures


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="counts and durations of the paper")


@pytest.fixture
def fault_run(tmp_path: Path, request: pytest.FixtureRequest) -> FaultRun:
    full = request.config.getoption("--full", default=False)
    return FaultRun(tmp_path, Effort.FULL if full else Effort.SHORT)


@pytest.fixture
def figures_of(fault_run: FaultRun) -> Callable[[FaultTest], Figures]:
    """Run a test of the R table, print its figures; what cannot run here skips and says why."""

    def measure(test: FaultTest) -> Figures:
        try:
            figures = test(fault_run)
        except CannotRunError as why:
            pytest.skip(str(why))
        print(f"\n{test.__name__}: {figures}")
        return figures

    return measure
