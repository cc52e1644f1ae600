"""A migrated database for every test that wants one, the shipped county in it; on both kinds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.services.seed import seed_registry
from tests.servers.postgres import Postgres, postgres_server

KINDS = ["sqlite", "postgresql"]
NewDatabase = Callable[[], Engine]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        if server is None:
            pytest.skip("no PostgreSQL on this machine: 'make test-servers' tells why")
        yield server


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def new_database(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[NewDatabase]:
    """Empty databases of either kind, as many as the test likes."""
    server: Postgres | None = None
    if kind == "postgresql":
        server = request.getfixturevalue("postgres")
    made: list[Engine] = []

    def make() -> Engine:
        file = f"sqlite:///{tmp_path}/fleet-{len(made)}.db"
        made.append(open_database(server.url(server.create()) if server else file))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()
        if server:
            server.drop(str(engine.url.database))


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def database(new_database: NewDatabase) -> Engine:
    engine = new_database()
    upgrade(engine)
    return engine


def seed(url: str) -> None:
    with opened(url) as engine:
        upgrade(engine)
        seed_registry(SqlRegistry(engine))


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seeded") / "fleet.db"
    seed(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def seeded_template(postgres: Postgres) -> str:
    name = postgres.create()
    seed(postgres.url(name))
    return name


@pytest.fixture
def county(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if kind == "sqlite":
        copy = tmp_path / "county.db"
        copy.write_bytes(request.getfixturevalue("seeded_file").read_bytes())
        with opened(f"sqlite:///{copy}") as engine:
            yield engine
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create(request.getfixturevalue("seeded_template"))
    with opened(server.url(name)) as engine:
        yield engine
    server.drop(name)
