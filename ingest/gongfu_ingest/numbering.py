"""Which message numbers of one (device, boot) have arrived: a prefix and a few intervals, pure.

The acknowledgement a device gets is the prefix: everything up to it is durable, or was given up by
the device itself (below its ``lo``), in which case it is counted as lost.
"""

from dataclasses import dataclass

MAX_INTERVALS = 1_000


@dataclass(frozen=True, slots=True)
class Numbering:
    """``prefix``: all of 1..prefix are settled. ``islands``: sorted, disjoint (first, last) beyond.

    ``lost`` counts numbers the device gave up before they arrived.
    """

    prefix: int = 0
    islands: tuple[tuple[int, int], ...] = ()
    lost: int = 0

    def has(self, seq: int) -> bool:
        """Whether the number is settled."""
        return seq <= self.prefix or any(first <= seq <= last for first, last in self.islands)

    @property
    def full(self) -> bool:
        """Whether another gap would need more memory than is allowed."""
        return len(self.islands) >= MAX_INTERVALS

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
        merged: list[tuple[int, int]] = []
        for a, b in sorted([*self.islands, (first, last)]):
            if merged and a <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
            else:
                merged.append((a, b))
        prefix = self.prefix
        if merged[0][0] <= prefix + 1:
            prefix = max(prefix, merged.pop(0)[1])
        return Numbering(prefix, tuple(merged), lost)
