"""The generated dashboards, and an influxd filled with six hours of the county."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.services.seed import seed_registry
from grafana.generate import GENERATED
from tests.grafana.county_day import CountyDay, DayRegistry, line
from tests.grafana.influxd import Influx, find_influxd, run_influxd
from tests.grafana.interpolation import Json


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "grafana: needs a Grafana at GRAFANA_URL")


@pytest.fixture(scope="session")
def board() -> Json:
    """The fleet wall as it is committed."""
    loaded: Json = json.loads((GENERATED / "gongfu-fleet-wall.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    binary = find_influxd()
    if binary is None:
        pytest.skip("no influxd: the package could not be fetched (see make test-servers)")
    folder = tmp_path_factory.mktemp("influxd")
    engine = open_database(f"sqlite:///{folder}/fleet.db")
    upgrade(engine)
    registry = SqlRegistry(engine)
    seed_registry(registry)
    with run_influxd(binary, Path(folder)) as server:
        server.write([line(row) for row in CountyDay(DayRegistry(registry)).rows()])
        yield server
    engine.dispose()
