"""Fault tests: short ones in ``make test``, full ones with ``--full`` (``make test-faults``)."""

from collections.abc import Callable

import pytest

from gongfu.bench.faults import FAULT_TESTS, run_lanes
from gongfu.faults.effort import Effort, FaultTest, Figures

SEED = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="counts and durations of the paper")


@pytest.fixture
def effort(request: pytest.FixtureRequest) -> Effort:
    full = request.config.getoption("--full", default=False)
    return Effort.FULL if full else Effort.SHORT


@pytest.fixture
def figures_of(effort: Effort) -> Callable[[FaultTest], Figures]:
    """Runs a test of the R table in a process of its own; what cannot run here skips, says why."""
    name_of = {where: name for name, where in FAULT_TESTS.items()}

    def measure(test: FaultTest) -> Figures:
        name = name_of[f"{test.__module__}:{test.__name__}"]
        figures: Figures = run_lanes([name], effort, seed=SEED, lanes=1)[name]
        print(f"\n{name}: {figures}")
        if "skipped" in figures:
            pytest.skip(str(figures["skipped"]))
        assert "error" not in figures, figures["error"]
        return figures

    return measure
