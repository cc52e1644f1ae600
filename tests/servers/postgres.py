"""A PostgreSQL server for tests: own folder, unix socket only, an unprivileged user, no fsync."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[2]
NOBODY = 65534
READY_S = 20.0
# Servers in use sort as people do, not as bytes do; from 15 on that needs no locale installed.
_SORTED_AS_PEOPLE_DO = ("--locale-provider=icu", "--icu-locale=en-US")
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "jit": "off",
}


def tool(name: str) -> Path | None:
    """A program of PostgreSQL: the system's, or what ``postgres.sh`` unpacked."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    for folder in (*reversed(installed), ROOT / ".servers/postgres/bin"):
        if os.access(folder / name, os.X_OK):
            return folder / name
    found = shutil.which(name)
    return Path(found) if found else None


@dataclass
class Postgres:
    """A running server; every database is dropped with it."""

    folder: Path
    bin: Path
    process: "subprocess.Popen[bytes]"
    _numbers: "count[int]" = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql://gongfu@/{database}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """A new database; returns its name. Nobody may be connected to the template."""
        name = f"t{next(self._numbers)}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return name

    def drop(self, database: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def stop(self) -> None:
        """Without waiting for clients."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(READY_S)

    def start(self) -> None:
        self.process = _serve(self.folder, self.bin)


@contextmanager
def postgres_server() -> Iterator[Postgres | None]:
    """A server for the block, or None where there is none to be had."""
    initdb = tool("initdb")
    if initdb is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="gongfu-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    _make_cluster(initdb, folder / "data")
    server = Postgres(folder, initdb.parent, _serve(folder, initdb.parent))
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _make_cluster(initdb: Path, data: Path) -> None:
    words: list[object] = [initdb, "-D", data, "-U", "gongfu", "-A", "trust", "--no-sync"]
    words += ["--encoding=UTF8", "--locale=C.UTF-8"]
    told = subprocess.run([initdb, "--version"], check=True, capture_output=True, text=True)
    version = re.search(r"\) (\d+)", told.stdout)
    if version and int(version[1]) >= 15:
        words += _SORTED_AS_PEOPLE_DO
    subprocess.run(_unprivileged(words), cwd="/", check=True, capture_output=True)


def _serve(folder: Path, tools: Path) -> "subprocess.Popen[bytes]":
    words: list[object] = [tools / "postgres", "-D", folder / "data", "-k", folder]
    for name, value in _SETTINGS.items():
        words += ["-c", f"{name}={value}"]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(_unprivileged(words), cwd="/", stdout=log, stderr=log)
    deadline = time.monotonic() + READY_S
    while True:
        try:
            psycopg.connect(f"postgresql://gongfu@/postgres?host={folder}").close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, (folder / "server.log").read_text()
            time.sleep(0.05)
        else:
            return process


def _unprivileged(words: list[object]) -> list[str]:
    # PostgreSQL refuses to run as root.
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return [*(drop if os.geteuid() == 0 else []), *map(str, words)]
