"""A migrated database for every test that wants one, and the shipped county in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.services.seed import seed_registry


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/fleet.db")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seeded") / "fleet.db"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    seed_registry(SqlRegistry(engine))
    engine.dispose()
    return path


@pytest.fixture
def county(tmp_path: Path, seeded_file: Path) -> Iterator[Engine]:
    copy = tmp_path / "county.db"
    copy.write_bytes(seeded_file.read_bytes())
    engine = open_database(f"sqlite:///{copy}")
    yield engine
    engine.dispose()
