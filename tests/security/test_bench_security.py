"""The frame of ``gongfu bench security``: every key is there, and nothing hides."""

from gongfu.bench.security import NOTHING, PARTS, Told, part_named, run_one
from gongfu.bench.security_parts import Figures, Try
from gongfu.faults.effort import CannotRunError


def test_every_part_can_be_found_by_its_name() -> None:
    assert all(callable(part_named(name)) for name in PARTS)


def test_the_keys_of_the_paper_are_there_whatever_could_not_run() -> None:
    assert set(NOTHING) == {
        "routes", "roles", "cells", "asserted", "unexpected_2xx", "mqtt_cells", "mqtt_leaks",
        "audit_detected_pct", "fuzz_cases", "fuzz_5xx",
    }  # fmt: skip
    assert set(NOTHING.values()) == {0}


def test_a_part_gets_an_empty_folder_and_gives_its_figures() -> None:
    def counting(run: Try) -> Figures:
        return {"files": len(list(run.folder.iterdir())), "quick": run.quick, "seed": run.seed}

    assert run_one(counting, quick=True, seed=7).figures == {"files": 0, "quick": True, "seed": 7}


def test_a_part_that_cannot_run_here_says_why() -> None:
    def without_a_browser(_run: Try) -> Figures:
        raise CannotRunError("no chromium")

    def without_a_library(_run: Try) -> Figures:
        raise ModuleNotFoundError("No module named 'schemathesis'")

    assert run_one(without_a_browser, quick=True, seed=1).skipped == "no chromium"
    assert "schemathesis" in run_one(without_a_library, quick=True, seed=1).skipped


def test_a_part_that_breaks_down_is_an_error_and_no_pass() -> None:
    def broken(_run: Try) -> Figures:
        raise ZeroDivisionError("it was us")

    told = run_one(broken, quick=True, seed=1)
    assert told == Told({}, error="ZeroDivisionError: it was us", took_s=told.took_s)
