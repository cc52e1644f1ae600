"""Who may say what on the bus, derived from the topic tree; deny by default.

Broker configurations are generated from these rules, so a leaf without a rule cannot be reached.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from gongfu_broker.ports import Device
from gongfu_broker.topics import DOWN, ROOT, UP, VERSION, Leaf

# What devices send after an outage travels apart, so that it delays nothing live.
BACKFILL_LEAVES = (Leaf.BF,)
LIVE_LEAVES = tuple(leaf for leaf in UP if leaf not in BACKFILL_LEAVES)


class SecretHashes(NamedTuple):
    """A secret as the brokers check it: bcrypt for NATS, ``$7$`` (PBKDF2) for mosquitto."""

    nats: str
    mosquitto: str


@dataclass(frozen=True)
class User:
    """One account on the broker with the topic filters it may use.

    Its password is told by ``secret`` or by ``hashes``. With neither it has none: a certificate
    gets in by this name, a password never does.
    """

    name: str
    secret: str = field(repr=False)
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    persistent: bool = False
    hashes: SecretHashes | None = field(default=None, repr=False)

    @property
    def has_password(self) -> bool:
        """Whether a password lets anybody in as this account."""
        return bool(self.secret) or self.hashes is not None


def device_user(
    device: Device, secret: str = "", *, login: str = "", hashes: SecretHashes | None = None
) -> User:
    """A device speaks on its own five leaves and hears its own four, nothing else.

    ``login`` is the account's name where it is not the device's id.
    """
    own = f"{ROOT}/{VERSION}/{device.site}/{device.dev}"
    return User(
        login or device.dev,
        secret,
        publish=tuple(f"{own}/{leaf}" for leaf in UP),
        subscribe=tuple(f"{own}/{leaf}" for leaf in DOWN),
        hashes=hashes,
    )


def ingest_user(name: str, secret: str, leaves: Iterable[Leaf] = UP) -> User:
    """Ingest hears these leaves of every device and answers all of them."""
    return User(name, secret, publish=_all(DOWN), subscribe=_all(leaves), persistent=True)


def replay_user(name: str, secret: str) -> User:
    """A person replaying a recorded series speaks as any device, on backfill only."""
    return User(name, secret, publish=_all([Leaf.BF]), subscribe=_all([Leaf.ACK]))


def downlink_user(name: str, secret: str) -> User:
    """Whoever commands devices says that and nothing else."""
    # What it may hear is its own: an empty list would mean everything to NATS.
    return User(name, secret, publish=_all([Leaf.CMD]), subscribe=_all([Leaf.CMD]))


def _all(leaves: Iterable[Leaf]) -> tuple[str, ...]:
    return tuple(f"{ROOT}/{VERSION}/+/+/{leaf}" for leaf in leaves)
