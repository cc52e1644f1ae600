"""The newest committed records in memory, for the log's consumers in ingest's own process.

SQLite gives up the interpreter's lock for every row, so that a consumer beside a busy ingest waits
for each. What was just written need not be read back.
"""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from gongfu_broker.ports import CommittedRecord
from gongfu_ingest.entry import Entry, committed

_FIRST = attrgetter("first")


class _Block:
    """What one commit added; made into records when somebody reads it first."""

    __slots__ = ("_entries", "_records", "first", "size")

    def __init__(self, first: int, entries: Sequence[Entry]) -> None:
        self.first = first
        self.size = sum(len(entry.payload) for entry in entries)
        self._entries = entries
        self._records: Sequence[CommittedRecord] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def records(self) -> Sequence[CommittedRecord]:
        if self._records is None:
            # Two threads may do it at once, and come to the same.
            self._records = [
                committed(seq, one) for seq, one in enumerate(self._entries, self.first)
            ]
        return self._records


class Recent:
    """The newest records, without a gap: at most ``most`` and ``most_bytes`` of payload.

    One thread adds, any number read.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        # Replaced as a whole, so that readers see one state.
        self._blocks: tuple[_Block, ...] = ()
        self._count = self._bytes = 0

    def add(self, first: int, entries: Sequence[Entry]) -> None:
        """Note what a commit has added, from seq ``first`` on."""
        over = max(0, len(entries) - self._most)
        blocks, new = self._blocks, _Block(first + over, entries[over:])
        if blocks and blocks[-1].first + len(blocks[-1]) != new.first:
            blocks, self._count, self._bytes = (), 0, 0
        self._count += len(new)
        self._bytes += new.size
        gone = 0
        while gone < len(blocks) and not self._fits():
            self._count -= len(blocks[gone])
            self._bytes -= blocks[gone].size
            gone += 1
        if self._fits():
            self._blocks = (*blocks[gone:], new)
        else:
            self._blocks, self._count, self._bytes = (), 0, 0

    def after(self, seq: int, limit: int) -> Sequence[CommittedRecord] | None:
        """Records after ``seq``, oldest first; None when the first of them is not known here."""
        blocks = self._blocks
        if not blocks or seq + 1 < blocks[0].first:
            return None
        found: list[CommittedRecord] = []
        for block in blocks[bisect_right(blocks, seq + 1, key=_FIRST) - 1 :]:
            found += block.records()[max(0, seq + 1 - block.first) :]
            if len(found) >= limit:
                break
        return found[:limit]

    def _fits(self) -> bool:
        return self._count <= self._most and self._bytes <= self._most_bytes
