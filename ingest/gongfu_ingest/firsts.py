"""Which payload first bore a number: in this batch, or before it. Asked when one comes again."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from gongfu_ingest.entry import Entry
from gongfu_ingest.messages import Draft
from gongfu_ingest.stages.dedupe import payload_hash

Identity = tuple[str, int, int]


class Refused(Protocol):
    """A dead letter of the batch."""

    @property
    def draft(self) -> Draft:
        """The refused message."""
        ...


class Firsts:
    """Follows the entries and dead letters of a batch as they grow, from the first question on."""

    def __init__(
        self,
        entries: Sequence[Entry],
        dead: Sequence[Refused],
        hash_before: Callable[[str, int, int], bytes | None],
    ) -> None:
        self._entries = entries
        self._dead = dead
        self._hash_before = hash_before
        self._seen = (0, 0)
        self._payloads: dict[Identity, bytes] = {}

    def hash_of(self, dev: str, boot: int, seq: int) -> bytes | None:
        """Hash of the payload that first bore this number, or None when it is not known."""
        for identity, payload in self._new():
            self._payloads.setdefault(identity, payload)
        mine = self._payloads.get((dev, boot, seq))
        return self._hash_before(dev, boot, seq) if mine is None else payload_hash(mine)

    def _new(self) -> Iterator[tuple[Identity, bytes]]:
        entries, dead = self._seen
        self._seen = len(self._entries), len(self._dead)
        for entry in self._entries[entries:]:
            if entry.boot is not None and entry.mseq is not None:
                yield (entry.dev, entry.boot, entry.mseq), entry.payload
        for letter in self._dead[dead:]:
            address, number = letter.draft.address, letter.draft.number
            if address is not None and number is not None:
                yield (address.dev, number.boot, number.seq), letter.draft.payload
