"""Which message numbers of one (device, boot) have arrived: a prefix and a few intervals, pure.

The acknowledgement a device gets is the prefix: everything up to it is durable, or was given up by
the device itself (below its ``lo``), in which case it is counted as lost.
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

MAX_INTERVALS = 1_000
_FIRST, _LAST = 0, 1


class Numbering(NamedTuple):
    """``prefix``: all of 1..prefix are settled. ``islands``: sorted, disjoint (first, last) beyond.

    ``lost`` counts numbers the device gave up before they arrived.
    """

    prefix: int = 0
    islands: tuple[tuple[int, int], ...] = ()
    lost: int = 0

    def has(self, seq: int) -> bool:
        """Whether the number is settled."""
        prefix, islands, _ = self
        if seq <= prefix or not islands:
            return seq <= prefix
        at = bisect_right(islands, seq, key=_first)
        return at > 0 and seq <= islands[at - 1][_LAST]

    @property
    def full(self) -> bool:
        """Whether another gap would need more memory than is allowed."""
        return len(self.islands) >= MAX_INTERVALS

    def settle(self, seq: int, lo: int) -> "Numbering":
        """Settle one number of a device whose ring starts at ``lo``."""
        prefix, islands, lost = self
        if seq == prefix + 1 and not islands and lo <= seq + 1:
            return tuple.__new__(Numbering, (seq, (), lost))
        return self.add(seq).give_up_below(lo)

    def add(self, seq: int) -> "Numbering":
        """Settle one number."""
        if seq == self.prefix + 1 and not self.islands:
            return Numbering(seq, (), self.lost)
        if self.has(seq):
            return self
        return self._with(seq, seq, self.lost)

    def give_up_below(self, lo: int) -> "Numbering":
        """The device's ring starts at ``lo``: what is missing below it will never come."""
        if lo <= self.prefix + 1:
            return self
        arrived = sum(min(last, lo - 1) - first + 1 for first, last in self.islands if first < lo)
        missing = lo - 1 - self.prefix - arrived
        return self._with(self.prefix + 1, lo - 1, self.lost + missing)

    def _with(self, first: int, last: int, lost: int) -> "Numbering":
        """Join first..last with the islands it overlaps or touches."""
        islands = self.islands
        low = bisect_left(islands, first - 1, key=_last)
        high = bisect_right(islands, last + 1, key=_first)
        if low < high:
            first = min(first, islands[low][_FIRST])
            last = max(last, islands[high - 1][_LAST])
        if first <= self.prefix + 1:
            return Numbering(max(self.prefix, last), islands[high:], lost)
        return Numbering(self.prefix, (*islands[:low], (first, last), *islands[high:]), lost)


def _first(island: tuple[int, int]) -> int:
    return island[_FIRST]


def _last(island: tuple[int, int]) -> int:
    return island[_LAST]
