"""What is known of the door: open since when, shut since when."""

from typing import NamedTuple

from gongfu_fleet.domain.coldchain.reading import Reading


class Door(NamedTuple):
    """``known``: there is a door input. ``open_ms`` while it is open, ``shut_ms`` its last end.

    ``opens``: the newest count of openings, while it is open.
    """

    known: bool = False
    open_ms: int | None = None
    shut_ms: int | None = None
    restocking: bool = False
    opens: float | None = None


def moved(door: Door, reading: Reading) -> Door:
    """After the reading; a door that was never reported open has not been shut either."""
    if reading.door_open is None:
        return door
    if reading.door_open:
        if door.open_ms is None or _reopened(door, reading):
            return Door(
                known=True,
                open_ms=reading.ts_ms,
                restocking=reading.restocking,
                opens=reading.door_opens,
            )
        if reading.restocking and not door.restocking:
            return door._replace(restocking=True)
        return door
    if door.open_ms is not None:
        return Door(known=True, shut_ms=reading.ts_ms, restocking=door.restocking)
    return door if door.known else Door(known=True)


def _reopened(door: Door, reading: Reading) -> bool:
    """Whether it was shut between two rows that both found it open."""
    before, now = door.opens, reading.door_opens
    return before is not None and now is not None and now > before


def since_shut_ms(door: Door, ts_ms: int) -> int | None:
    """0 while open; None when it has not been open within memory."""
    if door.open_ms is not None:
        return 0
    return None if door.shut_ms is None else ts_ms - door.shut_ms
