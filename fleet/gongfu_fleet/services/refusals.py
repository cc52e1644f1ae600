"""How many refused sign-ins the audit log takes: a flood must not become its content."""

import threading
from dataclasses import dataclass, field

PERIOD_MS = 60_000
MOST = 60


@dataclass
class Refusals:
    """At most sixty refusals a minute are told one by one; the others are told as a number."""

    _began_ms: int = 0
    _told: int = 0
    _untold: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def told(self, now_ms: int) -> int | None:
        """How many were not told before this one, or None when this one is not told either."""
        with self._lock:
            if not 0 <= now_ms - self._began_ms < PERIOD_MS:
                self._began_ms, self._told = now_ms, 0
            if self._told >= MOST:
                self._untold += 1
                return None
            untold, self._untold = self._untold, 0
            self._told += 1
            return untold
