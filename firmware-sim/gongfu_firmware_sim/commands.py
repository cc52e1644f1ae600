"""Which commands a device carries out: each once, over reboots too, never after its expiry.

A command is executed only while it is fresh by the platform's time and its id is not remembered.
Ids are remembered on disk at least until they expire, and after a boot nothing is executed before
the platform has told its time anew, so a captured command does nothing whenever it comes again.
"""

from collections.abc import Iterable
from typing import NamedTuple

from gongfu_broker.payloads import Command, Result

REMEMBERED = 1_000
LONGEST_LIFE_MS = 600_000


class Done(NamedTuple):
    """A command that had its one chance, and what came of it."""

    exp_ms: int
    result: Result


class CommandDesk:
    """Takes commands in, remembers results by id, answers a repeated one without repeating it.

    Time is the server's, learnt from acks and commands: the device's own clock may be wrong.
    """

    def __init__(self, known: Iterable[Done] = ()) -> None:
        self.executed = 0
        self._server_ms = 0
        self._told_time = False
        self._waiting: list[Command] = []
        self._busy: set[str] = set()
        self._known = {done.result.id: done for done in known}

    def hear(self, server_ms: int) -> None:
        """The platform acknowledged something at this time, UTC milliseconds."""
        self._told_time = True
        self._server_ms = max(self._server_ms, server_ms)

    def handle(self, command: Command) -> Result | None:
        """The answer there is at once; None for what is to be carried out first, or not heard."""
        known = self._known.get(command.id)
        if known is not None:
            return known.result
        if command.id in self._busy or not self._told_time:
            return None
        self._server_ms = max(self._server_ms, command.now)
        if command.exp <= self._server_ms:
            return Result(command.id, "expired")
        if self._has_room():
            self._busy.add(command.id)
            self._waiting.append(command)
        return None

    def take(self) -> list[tuple[Command, Result | None]]:
        """What is to be carried out now; those with a result already are not to be any more."""
        taken, self._waiting = self._waiting, []
        return [(command, self._refusal(command)) for command in taken]

    def note(self, done: Done) -> None:
        """It is on disk: from now on it is answered."""
        self._busy.discard(done.result.id)
        self._known[done.result.id] = done
        self.executed += done.result.st == "ok"

    def _refusal(self, command: Command) -> Result | None:
        if command.exp <= self._server_ms:
            return Result(command.id, "expired")
        if command.exp - self._server_ms > LONGEST_LIFE_MS:
            return Result(command.id, "rejected", "expires too late")
        return None

    def _has_room(self) -> bool:
        """Make room by forgetting the oldest that is expired; what is not must be remembered."""
        if len(self._known) + len(self._busy) < REMEMBERED:
            return True
        old = next((i for i, done in self._known.items() if done.exp_ms <= self._server_ms), None)
        if old is None:
            return False
        del self._known[old]
        return True
