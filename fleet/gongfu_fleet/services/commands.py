"""Commands to devices: people ask, the downlink sends, devices answer.

``CommandBook`` is what the API and other services call; ``next_orders`` what the downlink asks
again and again; ``CommandResults`` follows the log for answers. All three meet in the store, so
asking, sending and answering may happen in different processes.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gongfu_broker.clock import Clock
from gongfu_broker.codec import decode_result
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.commands import (
    LIFE_MS,
    Args,
    Command,
    Name,
    State,
    answer_text,
    checked,
    overdue,
    sent,
)
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import NotFoundError
from gongfu_fleet.ports import Actor, AssetRegistry
from gongfu_fleet.services.command_ports import Answer, CommandStore, ResultLog
from gongfu_fleet.services.leaf_reader import LeafReader
from gongfu_fleet.services.watch_ports import Cursor

CONSUMER = "command-results"
NONCE_BYTES = 16
# Real time after the expiry in which an answer may still be on its way through ingest.
GRACE_REAL_MS = 5_000


@dataclass(frozen=True)
class Order:
    """What somebody wants of an asset; ``args`` as docs/commands.md has them per name."""

    asset: str
    name: Name
    args: Args = field(default_factory=dict)
    reason: str = ""


def new_nonce(real_ms: int) -> str:
    """An id that sorts by time and that nobody can guess: a UUIDv7 and 128 random bits more."""
    made = uuid7(real_ms, secrets.token_bytes(RANDOM_BYTES))
    return f"{made}.{secrets.token_urlsafe(NONCE_BYTES)}"


def unguarded(_order: Order) -> None:
    """Anything may be asked for."""


@dataclass
class CommandBook:
    """Ask for commands, and look what became of them.

    ``guard`` raises ConflictError for what may not be asked for at present.
    """

    store: CommandStore
    registry: AssetRegistry
    guard: Callable[[Order], None] = unguarded

    def request(self, order: Order, *, by: Actor, command_id: str = "") -> Command:
        """Ask a device to do something within 30 s; audited before anything is sent.

        ``command_id`` was made before by ``new_nonce``, so that asking again asks once.
        Whether ``by`` may is judged by the caller (``domain.commands.NEEDED``), where by its scope.
        Raises NotFoundError, InvalidError, and ConflictError while the last one is under way.
        """
        asset = self.registry.assets(by.scope).get(order.asset)
        if asset is None:
            raise NotFoundError("There is no such asset.", "See /api/assets for those there are.")
        self.guard(order)
        command = Command(
            id=command_id or new_nonce(by.real_ms),
            asset=asset.id,
            site=asset.site,
            name=order.name,
            args=dict(order.args),
            reason=checked(asset, order.name, order.args, order.reason),
            by=by.user,
            requested_ms=by.now_ms,
            exp_ms=by.now_ms + LIFE_MS,
        )
        data = {"command": command.id, "args": command.args, "reason": command.reason}
        action, about = f"command.{command.name}", f"asset:{asset.id}"
        self.store.add(command, Deed(by.real_ms, by.user, action, about, data=data))
        return command

    def get(self, asset: str, command_id: str, *, scope: Scope = EVERYTHING) -> Command:
        """One command of an asset. Raises NotFoundError, for one outside the scope too."""
        return self.store.find(command_id, asset=asset, scope=scope)

    def page(
        self, asset: str, limit: int, before: str | None = None, *, scope: Scope = EVERYTHING
    ) -> Sequence[Command]:
        """An asset's commands, newest first, older than id ``before``."""
        return self.store.page(asset, limit, before, scope=scope)

    def sale_locked(self) -> frozenset[str]:
        """The assets whose last answered word on their sale was that it is locked."""
        return self.store.sale_locked()

    def version(self, scope: Scope = EVERYTHING) -> int:
        """Grows whenever a command in the scope comes a step further."""
        return self.store.version(scope)


def next_orders(store: CommandStore, clock: Clock, *, linked: bool) -> Sequence[Command]:
    """Let time pass over all open commands; returns those to be on the air now.

    While ``linked``, what was only requested is noted as sent before this returns: should the
    process die in between, the command counts as perhaps done, never as certainly not.
    """
    now_ms, grace_ms = clock.now_ms(), int(GRACE_REAL_MS * clock.speed)

    def step(command: Command) -> Command:
        left = overdue(command, now_ms, grace_ms=grace_ms)
        return sent(left, now_ms) if linked else left

    found = store.advance(step, now_ms)
    return [one for one in found if one.state is State.SENT and now_ms < one.exp_ms]


@dataclass
class CommandResults:
    """A consumer of the log that notes what devices answered, each command's first word once."""

    log: ResultLog
    store: CommandStore

    def __post_init__(self) -> None:
        """Read on from its own cursor."""
        self._reader = LeafReader(
            self.log, Leaf.RES, CONSUMER, self.store.cursor, _answers, self._take
        )

    def turn(self) -> int:
        """Read on; returns how many records it went past. Raises CursorError."""
        return self._reader.turn()

    def rest(self) -> None:
        """Save how far the log was read, so others see that nothing is left to read."""
        self._reader.rest()

    def tick(self, now_ms: int) -> None:
        """Nothing here waits for the clock: the downlink tells expiry."""

    def _take(self, answers: Sequence[Answer], before: Cursor | None, after: Cursor) -> None:
        self.store.take(answers, CONSUMER, before, after)


def _answers(records: Sequence[CommittedRecord]) -> Sequence[Answer]:
    return [_answer(record) for record in records]


def _answer(record: CommittedRecord) -> Answer:
    told = decode_result(record.payload)
    return Answer(record.dev, told.id, told.st, answer_text(told.res), record.received_ms)
