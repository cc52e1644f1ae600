"""What ingest knows of itself at this moment, for health pages and metrics."""

from collections.abc import Iterable
from typing import NamedTuple

NOT_YET = "not connected yet"


class Waiting(NamedTuple):
    """Messages that were taken from the broker and are not committed yet."""

    messages: int
    since_ms: int


class IngestState:
    """Written in the event loop, read from any thread. Times are platform time in milliseconds.

    ``links``: per lane, why it is not connected; None while it is. ``commit_error``: a sentence
    with its remedy while the store refuses. ``batches``: committed since the start, together in
    ``commit_s`` seconds. ``refused``: commits that had to be tried again.
    """

    def __init__(self, lanes: Iterable[str]) -> None:
        self.links: dict[str, str | None] = dict.fromkeys(lanes, NOT_YET)
        self.commit_error: str | None = None
        self.batches = 0
        self.messages = 0
        self.refused = 0
        self.commit_s = 0.0
        self.last_commit_s = 0.0
        self.last_commit_ms: int | None = None
        self._waiting: dict[str, Waiting] = {}

    @property
    def connected(self) -> bool:
        """Whether every lane is."""
        return not any(self.links.values())

    @property
    def waiting(self) -> int:
        """How many messages wait to be committed."""
        return sum(lane.messages for lane in self._waiting.copy().values())

    @property
    def oldest_waiting_ms(self) -> int | None:
        """When the oldest of them was taken from the broker; None when none waits."""
        return min((lane.since_ms for lane in self._waiting.copy().values()), default=None)

    def troubles(self) -> list[str]:
        """Sentences for /health; empty while all is well.

        A broker that is away altogether is told elsewhere; one that shuts out a single lane here.
        """
        refused = {name: why for name, why in self.links.copy().items() if why}
        alone = refused if len(refused) < len(self.links) else {}
        return [
            *([self.commit_error] if self.commit_error else []),
            *(
                f"Ingest's {name} lane is shut out by the broker: {why}"
                for name, why in alone.items()
            ),
        ]

    def taken(self, lane: str, messages: int, now_ms: int) -> None:
        """A lane offers these to the store."""
        self._waiting[lane] = Waiting(messages, now_ms)

    def took(self, seconds: float) -> None:
        """A commit took so long, in real time."""
        self.last_commit_s = seconds
        self.commit_s += seconds

    def committed(self, lane: str, now_ms: int) -> None:
        """What the lane offered is durable."""
        self.commit_error = None
        self.batches += 1
        self.messages += self._waiting.pop(lane).messages
        self.last_commit_ms = now_ms
