"""The models and the migrations must say the same, or the next start of a real county fails."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from gongfu_fleet.adapters import db
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import downgrade, upgrade
from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.errors import DatabaseUnusableError


def load_every_model() -> None:
    for module in pkgutil.iter_modules(db.__path__):
        if not module.ispkg:
            importlib.import_module(f"{db.__name__}.{module.name}")


def test_the_migrated_database_is_what_the_models_describe(tmp_path: Path) -> None:
    load_every_model()
    engine = open_database(f"sqlite:///{tmp_path}/fleet.db")
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_migrations_go_down_to_nothing_and_up_again(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/fleet.db")
    upgrade(engine)
    tables = set(inspect(engine).get_table_names())
    downgrade(engine)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade(engine)
    assert set(inspect(engine).get_table_names()) == tables
    engine.dispose()


def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/fleet.db")
    upgrade(engine)
    upgrade(engine)
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused_with_a_remedy(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/fleet.db")
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusableError, match="newer Gongfu"):
        upgrade(engine)
    engine.dispose()
