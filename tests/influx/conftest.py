"""Servers that several test files share, and a stand per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gongfu_ingest.stores.influx.target import InfluxTarget
from tests.influx.memory_server import MemoryServer
from tests.influx.servers import Server, influxd, mapping_proxy, running
from tests.influx.stand import Stand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    stand.close()


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture(scope="session")
def shared_influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For tests that neither stop it nor change its settings; each takes a database of its own."""
    with running(influxd(tmp_path_factory.mktemp("influxd"))) as server:
        yield server


@pytest.fixture(params=["v1", "v2-proxy"])
def influx(request: pytest.FixtureRequest, shared_influxd: Server) -> Iterator[InfluxTarget]:
    """An empty database, written through either interface, read in InfluxQL."""
    bucket = shared_influxd.fresh()
    if request.param == "v1":
        yield InfluxTarget(shared_influxd.url, "v1", bucket=bucket)
        return
    with mapping_proxy(shared_influxd) as proxy:
        yield InfluxTarget(proxy, bucket=bucket)


@pytest.fixture
def own_influxd(tmp_path: Path) -> Iterator[Server]:
    """For tests that stop it, kill it and start it again."""
    with running(influxd(tmp_path / "influxd")) as server:
        yield server
