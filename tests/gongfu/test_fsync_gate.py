"""A failed flush ends the process at once, with the reason on stderr."""

import os
import subprocess
import sys

import pytest

PRELUDE = """
import sqlite3
from gongfu.fsync_gate import GatedThread, gate_engine

def fail(code):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    raise error
"""
IN_A_THREAD = """
with GatedThread("writer") as thread:
    thread.submit(fail, sqlite3.{code}).exception()
    print("goes on")
"""
WRAPPED = """
def work():
    try:
        fail(sqlite3.{code})
    except sqlite3.OperationalError as error:
        raise RuntimeError("the turn failed") from error

with GatedThread("writer") as thread:
    thread.submit(work).exception()
    print("goes on")
"""
BY_AN_ENGINE = """
from sqlalchemy import create_engine, event, text
engine = create_engine("sqlite://")
gate_engine(engine)
event.listen(engine, "do_execute", lambda *_: fail(sqlite3.{code}))
try:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
except Exception:
    print("goes on")
"""


def run(script: str, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + script.format(code=code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("script", [IN_A_THREAD, WRAPPED, BY_AN_ENGINE])
def test_a_failed_flush_ends_the_process_and_says_why(script: str) -> None:
    done = run(script, "SQLITE_IOERR_FSYNC")
    assert done.returncode == os.EX_IOERR
    assert "look at the disk" in done.stderr.lower()
    assert done.stdout == ""


@pytest.mark.parametrize("script", [IN_A_THREAD, WRAPPED, BY_AN_ENGINE])
@pytest.mark.parametrize("code", ["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_BUSY"])
def test_what_can_be_tried_again_does_not(script: str, code: str) -> None:
    done = run(script, code)
    assert (done.returncode, done.stdout) == (0, "goes on\n"), done.stderr
