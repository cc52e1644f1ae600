"""The models and the migrations must say the same, or the next start of a real county fails."""

import importlib
import pkgutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from gongfu_fleet.adapters import db
from gongfu_fleet.adapters.db.migrate import HEAD, downgrade, upgrade
from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.errors import DatabaseUnusableError


def load_every_model() -> None:
    for module in pkgutil.iter_modules(db.__path__):
        if not module.ispkg:
            importlib.import_module(f"{db.__name__}.{module.name}")


def test_the_migrated_database_is_what_the_models_describe(database: Engine) -> None:
    load_every_model()
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_go_down_to_nothing_and_up_again(database: Engine) -> None:
    tables = set(inspect(database).get_table_names())
    downgrade(database)
    assert inspect(database).get_table_names() == ["alembic_version"]
    upgrade(database)
    assert set(inspect(database).get_table_names()) == tables


def test_upgrading_twice_changes_nothing(database: Engine) -> None:
    upgrade(database)


def test_a_worker_and_an_api_that_start_at_once_migrate_once(
    new_database: Callable[[], Engine],
) -> None:
    engine = new_database()
    with ThreadPoolExecutor(4) as starts:
        for done in [starts.submit(upgrade, engine) for _ in range(4)]:
            done.result()
    assert "incident" in inspect(engine).get_table_names()


def test_threads_of_a_process_may_each_migrate_a_database_of_their_own(tmp_path: Path) -> None:
    engines = [create_engine(f"sqlite:///{tmp_path}/{number}.db") for number in range(4)]
    with ThreadPoolExecutor(4) as starts:
        for done in [starts.submit(upgrade, engine) for engine in engines]:
            done.result()
    assert all("incident" in inspect(engine).get_table_names() for engine in engines)
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_newer_program_is_refused_with_a_remedy(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusableError, match="newer Gongfu"):
        upgrade(database)


def test_the_program_knows_its_newest_migration_by_name() -> None:
    files = (Path(db.__path__[0]) / "migrations" / "versions").glob("[0-9]*.py")
    assert max(file.name[:4] for file in files) == HEAD
