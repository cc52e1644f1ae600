"""Who may say what on the bus, derived from the topic tree; deny by default.

Broker configurations are generated from these rules, so a leaf without a rule cannot be reached.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gongfu_broker.ports import Device
from gongfu_broker.topics import DOWN, ROOT, UP, VERSION, Leaf

# What devices send after an outage travels apart, so that it delays nothing live.
BACKFILL_LEAVES = (Leaf.BF,)
LIVE_LEAVES = tuple(leaf for leaf in UP if leaf not in BACKFILL_LEAVES)


@dataclass(frozen=True)
class User:
    """One account on the broker with the topic filters it may use."""

    name: str
    secret: str = field(repr=False)
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    persistent: bool = False


def device_user(device: Device, secret: str) -> User:
    """A device speaks on its own five leaves and hears its own four, nothing else."""
    own = f"{ROOT}/{VERSION}/{device.site}/{device.dev}"
    return User(
        device.dev,
        secret,
        publish=tuple(f"{own}/{leaf}" for leaf in UP),
        subscribe=tuple(f"{own}/{leaf}" for leaf in DOWN),
    )


def ingest_user(name: str, secret: str, leaves: Iterable[Leaf] = UP) -> User:
    """Ingest hears these leaves of every device and answers all of them."""
    return User(name, secret, publish=_all(DOWN), subscribe=_all(leaves), persistent=True)


def replay_user(name: str, secret: str) -> User:
    """A person replaying a recorded series speaks as any device, on backfill only."""
    return User(name, secret, publish=_all([Leaf.BF]), subscribe=_all([Leaf.ACK]))


def _all(leaves: Iterable[Leaf]) -> tuple[str, ...]:
    return tuple(f"{ROOT}/{VERSION}/+/+/{leaf}" for leaf in leaves)
