"""The frame of ``gongfu bench faults``: one object per test, whatever becomes of the test."""

from gongfu.bench.faults import FAULT_TESTS, load, run_lanes, run_one
from gongfu.faults.effort import CannotRunError, Effort, FaultRun, Figures

FRAME = {"runs", "acknowledged", "lost", "duplicated", "took_s"}


def counts(run: FaultRun) -> Figures:
    (run.folder / "written").touch()
    return {"runs": run.effort.of(1, 20, 300), "acknowledged": 7, "own_s": 1.5}


def needs_root(run: FaultRun) -> Figures:
    raise CannotRunError(f"{run.folder.name} can be mounted by root only")


def breaks_down(run: FaultRun) -> Figures:
    raise TimeoutError(f"seed {run.seed}")


def test_every_test_answers_with_the_counts_of_the_table() -> None:
    told = run_one("R1", counts, effort=Effort.BENCH, seed=3)
    assert told.keys() == FRAME | {"own_s"}
    assert (told["runs"], told["acknowledged"], told["lost"]) == (20, 7, 0)


def test_what_cannot_run_here_says_why_and_counts_nothing() -> None:
    told = run_one("R2", needs_root, effort=Effort.SHORT, seed=3)
    assert "by root only" in told["skipped"]
    assert told["runs"] == 0


def test_a_test_that_breaks_down_is_told() -> None:
    told = run_one("R4", breaks_down, effort=Effort.SHORT, seed=3)
    assert told["error"] == "TimeoutError: seed 3"
    assert told["lost"] == 0


def test_no_test_is_no_figure() -> None:
    assert run_lanes([], Effort.SHORT, seed=1, lanes=2) == {}


def test_the_table_names_its_tests_by_their_number() -> None:
    assert set(FAULT_TESTS) <= {f"R{number}" for number in range(1, 10)}
    assert all(callable(load(name)) for name in FAULT_TESTS)
