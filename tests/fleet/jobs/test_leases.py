"""One process holds the lease; when it dies, however it dies, another has it."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.leases import scheduler_lease
from gongfu_fleet.services.jobs_ports import Lease
from tests.servers.postgres import Postgres

HOLDER = """
import sys, time
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.leases import scheduler_lease
lease = scheduler_lease(open_database(sys.argv[1]))
print(lease.hold(), flush=True)
time.sleep(600)
"""


@contextmanager
def another_process(engine: Engine) -> Iterator["subprocess.Popen[str]"]:
    """Holds the lease until it is killed."""
    url = engine.url.render_as_string(hide_password=False)
    words = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "True\n"
            yield holder
        finally:
            holder.kill()


def until(held: Callable[[], bool]) -> float:
    started = time.monotonic()
    while not held():
        assert time.monotonic() - started < 10
        time.sleep(0.02)
    return time.monotonic() - started


@pytest.fixture
def lease(database: Engine) -> Iterator[Lease]:
    lease = scheduler_lease(database)
    yield lease
    lease.release()


def test_a_holder_keeps_what_it_has_and_gives_it_up_when_asked(
    database: Engine, lease: Lease
) -> None:
    other = scheduler_lease(database)
    assert [lease.hold(), lease.hold(), other.hold()] == [True, True, False]
    lease.release()
    assert [other.hold(), lease.hold()] == [True, False]
    other.release()
    other.release()
    assert lease.hold()


def test_a_killed_holder_is_replaced(database: Engine, lease: Lease) -> None:
    with another_process(database) as holder:
        assert not lease.hold()
        holder.kill()
        print(f"\nreplaced after {until(lease.hold):.2f} s")


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_holder_whose_session_was_cut_finds_out_before_it_runs_anything(
    database: Engine, lease: Lease, postgres: Postgres
) -> None:
    other = scheduler_lease(database)
    assert lease.hold()
    cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    postgres.execute(cut)
    until(other.hold)
    assert not lease.hold()
    other.release()


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_restarted_server_gives_the_lease_once(
    database: Engine, lease: Lease, postgres: Postgres
) -> None:
    other = scheduler_lease(database)
    assert [lease.hold(), other.hold()] == [True, False]
    postgres.stop()
    postgres.start()
    assert sorted([lease.hold(), other.hold(), lease.hold()]) == [False, True, True]
    other.release()


@pytest.mark.parametrize("kind", ["postgresql"])
def test_two_counties_on_one_server_do_not_share_a_scheduler(
    new_database: Callable[[], Engine],
) -> None:
    leases = [scheduler_lease(new_database()) for _ in range(2)]
    assert [lease.hold() for lease in leases] == [True, True]
    for lease in leases:
        lease.release()


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_released_lease_leaves_no_session_behind(lease: Lease, postgres: Postgres) -> None:
    holding = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
    assert lease.hold()
    assert len(postgres.execute(holding)) == 1
    lease.release()
    until(lambda: postgres.execute(holding) == [])
