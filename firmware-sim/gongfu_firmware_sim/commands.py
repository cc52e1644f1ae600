"""What a device does with a command: once, never after its expiry, and always an answer."""

from collections import OrderedDict

import msgspec

from gongfu_broker.payloads import Command, Result

KNOWN = frozenset({"ping", "unlock", "price", "setpoint", "text"})
_REMEMBERED = 1_000


class CommandDesk:
    """Remembers results by command id, so that a repeated command is answered and not repeated.

    Time is the server's, learnt from acks and commands: the device's own clock may be wrong.
    """

    def __init__(self) -> None:
        self.executed = 0
        self._server_ms = 0
        self._results: OrderedDict[str, Result] = OrderedDict()

    def hear(self, server_ms: int) -> None:
        """The server told its time, UTC milliseconds."""
        self._server_ms = max(self._server_ms, server_ms)

    def handle(self, command: Command) -> Result:
        """Execute the command, unless it is known, expired or not understood."""
        self.hear(command.now)
        known = self._results.get(command.id)
        if known is not None:
            return known
        result = self._execute(command)
        self._results[command.id] = result
        if len(self._results) > _REMEMBERED:
            self._results.popitem(last=False)
        return result

    def _execute(self, command: Command) -> Result:
        if command.exp <= self._server_ms:
            return Result(command.id, "expired")
        if command.name not in KNOWN:
            reason = msgspec.json.encode(f"unknown command {command.name}")
            return Result(command.id, "rejected", msgspec.Raw(reason))
        self.executed += 1
        return Result(command.id, "ok")
