"""One resolved reading of a zone, as the rules get it: distinct in time and in order."""

from typing import NamedTuple


class Reading(NamedTuple):
    """Air in degrees Celsius (None: the channel had no value) and what is known of the door.

    ``door_open`` None: there is no door input. ``restocking``: a session of a crew is open.
    ``door_opens``: how often it was opened so far; None: nobody counts.
    """

    ts_ms: int
    celsius: float | None
    door_open: bool | None = None
    restocking: bool = False
    door_opens: float | None = None
