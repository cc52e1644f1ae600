"""The fleet's side of the house, opened once per process: registry, people, incidents."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from gongfu.broker_hashes import BrokerHashes
from gongfu.secrets_file import write_private
from gongfu.settings import Settings
from gongfu_broker.clock import real_ms
from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.commands import SqlCommands
from gongfu_fleet.adapters.db.devices import SqlDevices
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.incident_desk import SqlIncidentDesk
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.job_runs import SqlJobRuns
from gongfu_fleet.adapters.db.leases import scheduler_lease
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.db.tokens import SqlTokens
from gongfu_fleet.adapters.passwords import Argon2Passwords
from gongfu_fleet.services.asset_books import AssetBooks
from gongfu_fleet.services.cold_policies import VersionedPolicies, record_shipped
from gongfu_fleet.services.commands import CommandBook
from gongfu_fleet.services.devices import DeviceDesk
from gongfu_fleet.services.incident_desk import IncidentDesk
from gongfu_fleet.services.incidents import IncidentBook
from gongfu_fleet.services.jobs import Schedule
from gongfu_fleet.services.people import (
    COMMAND_LINE,
    FIRST_ADMIN,
    By,
    PeopleDesk,
    ensure_first_admin,
)
from gongfu_fleet.services.policies import PolicyDesk
from gongfu_fleet.services.sale_lock import lock_guard
from gongfu_fleet.services.seed import seed_registry
from gongfu_fleet.services.sign_in import SignIn
from gongfu_fleet.services.tokens import Tokens
from gongfu_fleet.services.watched_zones import RegistryZones

FIRST_PASSWORD = "first-password.txt"  # noqa: S105 - a file's name


@dataclass(frozen=True)
class FleetSide:
    """fleet.db and what stands on it. ``first_password`` is set at the very first start only."""

    engine: Engine
    registry: SqlRegistry
    zones: RegistryZones
    in_force: VersionedPolicies
    ledger: SqlIncidentStore
    incidents: IncidentBook
    commands: CommandBook
    desk: IncidentDesk
    sign_in: SignIn
    tokens: Tokens
    people: PeopleDesk
    policies: PolicyDesk
    audit: SqlAuditLog
    devices: DeviceDesk
    first_password: str | None

    def schedule(self) -> Schedule:
        """Who runs which job when, shared by all processes on this database."""
        return Schedule(SqlJobRuns(self.engine), scheduler_lease(self.engine))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_fleet(settings: Settings) -> FleetSide:
    """Open the relational store, bring it up to date, load the shipped county when it is empty."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_database(settings.database_url)
    upgrade(engine)
    registry = SqlRegistry(engine)
    seed_registry(registry)
    people, passwords = SqlPeople(engine), Argon2Passwords()
    password = ensure_first_admin(people, passwords, now_ms=real_ms())
    if password:
        _keep(settings.state / FIRST_PASSWORD, password)
    policies = SqlPolicies(engine)
    record_shipped(policies, now_ms=real_ms())
    in_force = VersionedPolicies(policies)
    zones = RegistryZones(registry, in_force, AssetBooks(registry, in_force))
    ledger = SqlIncidentStore(engine)
    desk = IncidentDesk(ledger, SqlIncidentDesk(engine), zones, people, registry)
    return FleetSide(
        engine=engine,
        registry=registry,
        zones=zones,
        in_force=in_force,
        ledger=ledger,
        incidents=IncidentBook(ledger, zones, zones),
        commands=CommandBook(SqlCommands(engine), registry, lock_guard(desk)),
        desk=desk,
        sign_in=SignIn(people, passwords),
        tokens=Tokens(SqlTokens(engine)),
        people=PeopleDesk(people, passwords, registry),
        policies=PolicyDesk(policies, registry, registry),
        audit=SqlAuditLog(engine),
        devices=DeviceDesk(SqlDevices(engine), registry, BrokerHashes()),
        first_password=password,
    )


def new_password(settings: Settings, name: str) -> str:
    """Reset an account's password; who can read the state folder may. Raises NotFoundError."""
    fleet = open_fleet(settings)
    try:
        by = By(COMMAND_LINE, real_ms())
        password = fleet.people.reset(fleet.people.named(name, by), by=by)
    finally:
        fleet.close()
    if name == FIRST_ADMIN:
        (settings.state / FIRST_PASSWORD).unlink(missing_ok=True)
    return password


def _keep(path: Path, password: str) -> None:
    note = f"user admin\npassword {password}\nChange it after signing in, then delete this file.\n"
    write_private(path, note.encode())
