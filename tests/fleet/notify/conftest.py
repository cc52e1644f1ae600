"""One server for all bots, and an outbox on the shipped county, in SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.fleet.conftest import opened
from tests.fleet.notify.bots import Bots, bots_server
from tests.fleet.notify.examples import MONDAY_9


@pytest.fixture(scope="module")
def served() -> Iterator[Bots]:
    with bots_server() as bots:
        yield bots


@pytest.fixture
def bots(served: Bots) -> Bots:
    served.reset(MONDAY_9)
    return served


@pytest.fixture
def fleet_db(seeded_file: Path, tmp_path: Path) -> Iterator[Engine]:
    copy = tmp_path / "fleet.db"
    copy.write_bytes(seeded_file.read_bytes())
    with opened(f"sqlite:///{copy}") as engine:
        yield engine
