"""What the SQLite engine promises: durable commits, kept references, waiting writers."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from gongfu_fleet.adapters.db.engine import open_database, reading, writing
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.schema import RegistryStateRow, ZoneRow
from gongfu_fleet.errors import DatabaseUnusableError


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_database(f"sqlite:///{tmp_path}/fleet.db")
    upgrade(engine)
    return engine


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
def test_every_connection_is_durable_and_patient(
    engine: Engine, pragma: str, value: object
) -> None:
    with reading(engine) as session:
        assert session.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_a_row_that_points_nowhere_is_refused(engine: Engine) -> None:
    zone = ZoneRow(asset_id="cab-9999", zone=1, metric="zone_1_celsius", product_class="tofu")
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.add(zone)


def write_half_and_fail(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(RegistryStateRow(id=1, revision=1))
        session.flush()
        raise RuntimeError


def test_an_exception_undoes_the_whole_write(engine: Engine) -> None:
    with pytest.raises(RuntimeError):
        write_half_and_fail(engine)
    with reading(engine) as session:
        assert session.get(RegistryStateRow, 1) is None


def test_writers_that_read_first_wait_for_each_other(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(RegistryStateRow(id=1, revision=0))

    def count_up() -> None:
        for _ in range(20):
            with writing(engine) as session:
                row = session.get_one(RegistryStateRow, 1)
                row.revision += 1

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as session:
        assert session.get_one(RegistryStateRow, 1).revision == 80


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    with writing(engine) as writer:
        writer.add(RegistryStateRow(id=1, revision=1))
        writer.flush()
        with reading(engine) as session:
            assert session.get(RegistryStateRow, 1) is None


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "no url", "sqlite:////no/such/f.db"]
)
def test_an_unusable_url_is_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(DatabaseUnusableError) as refused:
        open_database(url)
    assert refused.value.remedy
