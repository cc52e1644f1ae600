"""What commands need from outside: a store for them, and the results in the log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.commands import Command
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.services.watch_ports import Cursor


@dataclass(frozen=True)
class Answer:
    """What a device said about a command: ``text`` is JSON, ``at_ms`` when it was committed."""

    dev: str
    command_id: str
    verdict: Literal["ok", "rejected", "failed", "expired"]
    text: str | None
    at_ms: int


class CommandStore(Protocol):
    """Commands, and the ledger of what became of them."""

    def add(self, command: Command, deed: Deed) -> None:
        """Keep a new command and the deed, in one transaction.

        Raises ConflictError while the last one of its name is open for the asset.
        """
        ...

    def advance(self, step: Callable[[Command], Command], now_ms: int) -> Sequence[Command]:
        """Put ``step`` to every open command; returns those that were open, as they are now."""
        ...

    def take(
        self, answers: Sequence[Answer], consumer: str, before: Cursor | None, after: Cursor
    ) -> int:
        """Note answers and the cursor in one transaction; returns how many answers counted."""
        ...

    def cursor(self, consumer: str) -> Cursor | None:
        """Where the consumer stands."""
        ...

    def find(self, command_id: str, *, asset: str, scope: Scope = EVERYTHING) -> Command:
        """One command of an asset. Raises NotFoundError, for one outside the scope too."""
        ...

    def page(
        self, asset: str, limit: int, before: str | None = None, *, scope: Scope = EVERYTHING
    ) -> Sequence[Command]:
        """An asset's commands, newest first, older than id ``before``."""
        ...

    def sale_locked(self) -> frozenset[str]:
        """The assets whose newest executed ``sale_lock`` locked it."""
        ...

    def version(self, scope: Scope = EVERYTHING) -> int:
        """Grows with every entry of the ledger in the scope, and tells nothing of others."""
        ...


class ResultLog(Protocol):
    """The committed log, read by leaf: results are few among many readings."""

    @property
    def log_id(self) -> str:
        """Identity of this log."""
        ...

    def head(self) -> int:
        """Seq of the newest record; 0 when there is none."""
        ...

    def read_leaf(self, leaf: Leaf, after: int, upto: int) -> Sequence[CommittedRecord]:
        """Records of the leaf with after < seq <= upto, oldest first."""
        ...

    def release(self, consumer: str, upto: int, *, read: int | None = None) -> None:
        """The consumer needs nothing up to ``upto`` any more."""
        ...
