"""Devices' accounts at the broker: made of registry and credentials, kept up while it runs."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.secrets_file import Secrets, forget_devices, load_secrets
from gongfu.settings import Settings
from gongfu.simulated_secrets import keep_simulated, simulated_secrets
from gongfu_broker.access import SecretHashes, User, device_user
from gongfu_broker.clock import real_ms
from gongfu_broker.ports import Device
from gongfu_fleet.domain.devices import Credential, living
from gongfu_fleet.services.devices import new_secret
from gongfu_fleet.services.people import SYSTEM, By

LOOK_S = 1.0
_log = logging.getLogger(__name__)
State = tuple[int, int, int]


@dataclass
class DeviceAccounts:
    """Who of the devices may log in: registered, reporting, with a living credential."""

    fleet: FleetSide

    def __post_init__(self) -> None:
        self._devices = RegisteredDevices(self.fleet.registry)

    def state(self, now_ms: int) -> State:
        """Changes whenever ``users`` may: revisions, and how many credentials have expired."""
        store = self.fleet.devices.store
        return self.fleet.registry.revision(), store.revision(), store.expired(now_ms)

    def users(self, now_ms: int) -> list[User]:
        """One account per login."""
        known = self._devices.devices()
        found: dict[str, User] = {}
        for one in living(self.fleet.devices.store.credentials(), now_ms):
            device = known.get(one.device)
            if device is not None:
                user = _user(device, one)
                found[user.name] = user
        return list(found.values())

    def ended_certificates(self, users: Iterable[User]) -> list[str]:
        """The numbers of all certificates whose account is not among these."""
        names = {user.name for user in users}
        every = self.fleet.devices.store.credentials()
        return [one.serial for one in every if one.serial and one.login not in names]


async def keep_accounts(
    accounts: DeviceAccounts,
    platform: Sequence[User],
    reload: Callable[[list[User]], None],
    *,
    started_with: State,
) -> None:
    """Have the broker take up every change of the devices' accounts within a second or so."""
    known = started_with
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            found = await asyncio.to_thread(accounts.state, real_ms())
            if found == known:
                continue
            users = await asyncio.to_thread(accounts.users, real_ms())
            reload(without_impostors(platform, users))
        except (OSError, SQLAlchemyError) as error:
            _log.warning("the broker's accounts could not be renewed, trying again: %s", error)
            continue
        known = found


def without_impostors(platform: Iterable[User], devices: Iterable[User]) -> list[User]:
    """All accounts; a device that is named like one of the platform's gets none."""
    own = {user.name: user for user in platform}
    return [*own.values(), *(user for user in devices if user.name not in own)]


def equip_county(fleet: FleetSide, settings: Settings) -> None:
    """Secrets for the simulated county: at its first start for whatever reports.

    What is registered later is not simulated, so it gets none here.
    """
    county = simulated_secrets(settings.state) or RegisteredDevices(fleet.registry).devices()
    equip_simulated(fleet, settings, county)


def equip_simulated(fleet: FleetSide, settings: Settings, devices: Iterable[str]) -> None:
    """Give every simulated device that never had a credential its secret, and keep it."""
    kept = simulated_secrets(settings.state)
    new = _never_equipped(fleet, devices)
    secrets = {dev: kept.get(dev) or new_secret() for dev in new}
    if set(secrets) - set(kept):
        # First the file: a secret that only the store knows is good for nothing.
        keep_simulated(settings.state, secrets)
    fleet.devices.add_all(secrets, by=By(SYSTEM, real_ms()))


def equip_all(settings: Settings) -> dict[str, str]:
    """Simulate whatever reports: its secrets by id. For tests and benches."""
    fleet = open_fleet(settings)
    try:
        equip_simulated(fleet, settings, RegisteredDevices(fleet.registry).devices())
    finally:
        fleet.close()
    return simulated_secrets(settings.state)


def adopt_former(fleet: FleetSide, settings: Settings) -> Secrets:
    """The platform's secrets; devices' ones of a former version become credentials.

    They move to the simulator's file: whoever runs real devices deletes it once they have theirs.
    """
    keys = load_secrets(settings.state)
    if keys.devices:
        new = _never_equipped(fleet, keys.devices)
        keep_simulated(settings.state, keys.devices)
        adopted: Mapping[str, str] = {dev: keys.devices[dev] for dev in new}
        fleet.devices.add_all(adopted, by=By(SYSTEM, real_ms()))
        keys = forget_devices(settings.state)
    return keys


def _never_equipped(fleet: FleetSide, devices: Iterable[str]) -> list[str]:
    wanted = set(devices)
    views = fleet.devices.all(By(SYSTEM, real_ms()))
    return [view.asset.id for view in views if view.asset.id in wanted and not view.ever]


def _user(device: Device, one: Credential) -> User:
    hashes = SecretHashes(*one.hashes) if one.hashes else None
    return device_user(device, login=one.login, hashes=hashes)
