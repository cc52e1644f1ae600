"""What the platform itself notes about an incident beside what the readings say. Pure.

Each class but ``SaleLock`` is one event of the ledger; ``handling.py`` folds them, ``Graver``
``incident.py``.
"""

from dataclasses import dataclass

from gongfu_fleet.domain.alarms.hazard import Severity


@dataclass(frozen=True)
class Suppressed:
    """It follows from the incident ``parent``: people are told of that one."""

    parent: str


@dataclass(frozen=True)
class Released:
    """The parent is over and this one is not: from now on it stands for itself."""


@dataclass(frozen=True)
class Graver:
    """It has lasted so long that it matters more than at first."""

    severity: Severity


@dataclass(frozen=True)
class SaleLocked:
    """The cabinet was told to stop selling, by the command of this id; it may never have heard."""

    command: str


@dataclass(frozen=True)
class SaleUnlocked:
    """Somebody answers for selling again; ``command`` tells the cabinet."""

    command: str
    note: str


@dataclass(frozen=True)
class SaleLock:
    """How the lock stands. ``unlock`` is the command that ended it, of ``by`` at ``until_ms``."""

    command: str
    since_ms: int
    unlock: str | None = None
    until_ms: int | None = None
    by: str | None = None

    @property
    def stands(self) -> bool:
        """Whether nobody has unlocked it since."""
        return self.unlock is None
