"""Messages refused for their stamps are heard again once the clock of their boot is known.

So a boot whose clock is a day ahead loses nothing to the minute that it takes to be sure of it.
What stays impossible after the correction stays a dead letter.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gongfu_broker.payloads import Reason
from gongfu_ingest.device_clock import DeviceClock
from gongfu_ingest.messages import Draft

AT_ONCE = 500


class Letter(NamedTuple):
    """A dead letter as the message it was; ``retained`` keeps it from being evidence."""

    id: int
    draft: Draft


class SecondHearing:
    """Which boots are due, and how far each has been heard. In ingest's writer thread."""

    def __init__(
        self, connection: sqlite3.Connection, clocks: Mapping[tuple[str, int], DeviceClock]
    ) -> None:
        self._connection = connection
        # Whatever was left of the hearings when the process ended.
        self._due = {key: 0 for key, clock in clocks.items() if clock.offset_ms}

    def letters(self) -> list[Letter]:
        """The next few; the same ones again until they are ``heard``."""
        for key, after in self._due.items():
            rows = self._connection.execute(
                "SELECT id, topic, payload, first_ms FROM dead_letter"
                " WHERE dev = ? AND boot = ? AND id > ? AND reason IN (?, ?) ORDER BY id LIMIT ?",
                (*key, after, Reason.CLOCK_AHEAD, Reason.CLOCK_UNSET, AT_ONCE),
            )
            return [
                Letter(number, Draft(topic, payload, first_ms, retained=True))
                for number, topic, payload, first_ms in rows
            ]
        return []

    def heard(self, letters: Sequence[Letter]) -> None:
        """These are through, taken in or not."""
        for key in self._due:
            if letters:
                self._due[key] = letters[-1].id
            else:
                del self._due[key]
            return

    def note(
        self,
        fresh: Mapping[tuple[str, int], DeviceClock],
        known: Mapping[tuple[str, int], DeviceClock],
    ) -> None:
        """A batch has moved these clocks; those that are corrected from now on become due."""
        for key, clock in fresh.items():
            before = known.get(key)
            if clock.offset_ms and (before is None or before.offset_ms != clock.offset_ms):
                self._due[key] = 0


def withdraw(connection: sqlite3.Connection, taken: Iterable[int]) -> None:
    """Dead letters that were taken in are none any more."""
    connection.executemany("DELETE FROM dead_letter WHERE id = ?", [(one,) for one in taken])
