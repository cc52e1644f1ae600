"""What the desk of devices needs from outside; adapters fit these shapes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gongfu_fleet.domain.attempts import Bucket
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.devices import Claim, Credential, Hashes, Plan
from gongfu_fleet.domain.scope import EVERYTHING, Scope

Decide = Callable[[Sequence[Credential]], Plan]


class Step(NamedTuple):
    """What is decided of one device's credentials, and the deed it is."""

    device: str
    decide: Decide
    deed: Deed


class SecretHasher(Protocol):
    """Makes of a secret what the brokers check."""

    def hashes(self, secret: str) -> Hashes:
        """Salted; the same secret gives others each time."""
        ...


@dataclass(frozen=True)
class Taking:
    """A device taken over: by which operator, at which site (None: where it is)."""

    code_sha256: str
    operator: str
    site: str | None
    passed: tuple[Bucket, ...]


class DeviceStore(Protocol):
    """Credentials and codes. What changes something takes its ``Deed`` along."""

    def revision(self) -> int:
        """Grows with every change of a credential."""
        ...

    def credentials(self, scope: Scope = EVERYTHING) -> Sequence[Credential]:
        """Those of the scope's assets, ended ones too, by device and age."""
        ...

    def expired(self, now_ms: int) -> int:
        """How many credentials have ended by their own time."""
        ...

    def change(self, *steps: Step) -> Sequence[Plan]:
        """Do what each step decides of its device's credentials, all in one transaction.

        Raises NotFoundError for a device that is no asset, and what deciding raises.
        """
        ...

    def print_code(self, claim: Claim, deed: Deed) -> None:
        """Keep a code; older ones of the device end."""
        ...

    def claims(self, scope: Scope = EVERYTHING) -> Sequence[Claim]:
        """The codes of the scope's assets that have not ended, expired ones too."""
        ...

    def reserve(self, buckets: Sequence[Bucket], now_ms: int) -> int:
        """Count one attempt in each and return 0, or count nothing and return the wait in ms."""
        ...

    def take(
        self, taking: Taking, decide: Callable[[str], Decide], deed: Callable[[str], Deed]
    ) -> str | None:
        """Use a code: its device becomes the operator's, with what ``decide`` makes of it.

        ``decide`` and ``deed`` are given the device. Returns it; None when no living code is this.
        """
        ...

    def note(self, deed: Deed) -> None:
        """Append a deed that changes nothing else."""
        ...
