"""One instant at which a device measures something."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gongfu_broker.payloads import Fields

Values = tuple[float | None, ...]


class Told(NamedTuple):
    """An event to be told with a row: when it happened (true time), its kind and data."""

    ts_ms: int
    kind: str
    data: Fields


class Moment(NamedTuple):
    """A row of a device in the column order of its kind; trailing columns may be missing.

    ``door`` is 1 or 0 where the door just opened or closed, else None. ``closes`` says that the
    rows gathered so far, this one included, now go out as one message. ``told`` goes out before it.
    """

    ts_ms: int
    values: Values
    door: int | None = None
    closes: bool = False
    told: tuple[Told, ...] = ()


class Model(Protocol):
    """A device's world as a function of time."""

    def moments(self, after_ms: int, upto_ms: int) -> Sequence[Moment]:
        """Everything measured in (after, upto], in order, each time stamp once."""
        ...

    def clock_offset_ms(self, ts_ms: int) -> int:
        """What the device's own clock is off by at the instant."""
        ...

    def reachable(self, ts_ms: int) -> bool:
        """Whether the radio reaches the network."""
        ...
