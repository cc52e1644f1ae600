"""Fault tests: short ones in ``make test``, full ones with ``--full`` (``make test-faults``).

The short ones mostly wait, so those of a session run two at a time in processes of their own.
"""

import multiprocessing
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pytest

from gongfu.bench.faults import FAULT_TESTS, run_named, run_one
from gongfu.faults.effort import Effort, FaultRun, FaultTest, Figures

LANES = 2
SEED = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="counts and durations of the paper")


@pytest.fixture
def fault_run(tmp_path: Path, request: pytest.FixtureRequest) -> FaultRun:
    full = request.config.getoption("--full", default=False)
    return FaultRun(tmp_path, Effort.FULL if full else Effort.SHORT)


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Iterator[dict[str, "Future[Figures]"]]:
    """The short R tests that were asked for, begun all together; none with ``--full``."""
    if request.config.getoption("--full", default=False):
        yield {}
        return
    files = {item.path.name for item in request.session.items}
    found = [re.match(r"test_(r\d+)_", name) for name in sorted(files)]
    names = [match[1].upper() for match in found if match]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(LANES, mp_context=spawn) as pool:
        yield {name: pool.submit(run_named, name, Effort.SHORT, SEED) for name in names}


@pytest.fixture
def figures_of(running: dict[str, "Future[Figures]"]) -> Callable[[FaultTest], Figures]:
    """The figures of a test of the R table; what cannot run here skips and says why."""
    name_of = {where: name for name, where in FAULT_TESTS.items()}

    def measure(test: FaultTest) -> Figures:
        name = name_of[f"{test.__module__}:{test.__name__}"]
        if name in running:
            figures = running[name].result()
        else:
            figures = run_one(name, test, effort=Effort.FULL, seed=SEED)
        print(f"\n{name}: {figures}")
        if "skipped" in figures:
            pytest.skip(str(figures["skipped"]))
        assert "error" not in figures, figures["error"]
        return figures

    return measure
