"""A file that every message is written to, a line of JSON each: the demonstration's own channel."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from gongfu_fleet.adapters.notify.webhook import fields
from gongfu_fleet.domain.notify.rate import Limits
from gongfu_fleet.domain.notify.retry import Later, Outcome, Sent
from gongfu_fleet.services.notify_ports import Message

LIMITS = Limits((), most_bytes=1_000_000)


@dataclass(frozen=True)
class JsonLines:
    """Fits the port Channel; the shape of a line is that of the webhook's body."""

    name: str
    path: Path
    limits: Limits = LIMITS

    def send(self, message: Message, link: str | None) -> Outcome:
        """Append one line."""
        line = json.dumps(fields(message, link), ensure_ascii=False)
        try:
            with open(self.path, "a", encoding="utf-8", opener=_private) as file:
                file.write(line + "\n")
        except OSError as fault:
            return Later(f"the file cannot be written ({type(fault).__name__})")
        return Sent()


def _private(path: str, flags: int) -> int:
    # Links in it acknowledge without signing in.
    return os.open(path, flags, 0o600)
