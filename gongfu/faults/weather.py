"""What a bad link does to bytes, as arithmetic: when is what was sent at the other end?

Loss is emulated above TCP, where an application feels it: a lost segment holds up everything
behind it until the sender's retransmission timer fires, which doubles for each further loss
(RFC 6298; 200 ms is the least that Linux waits).
"""

from collections.abc import Callable
from dataclasses import dataclass

SEGMENT_BYTES = 1_400
RETRANSMIT_S = 0.2
MOST_LOSSES_IN_A_ROW = 5


@dataclass(frozen=True)
class Weather:
    """One direction of a link. ``loss`` is the share of segments lost, below 1."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float | None = None
    loss: float = 0.0


CLEAR = Weather()


@dataclass(frozen=True)
class Lane:
    """One direction of one connection: until when it is busy sending, when its newest byte lands.

    Both in seconds of the caller's clock.
    """

    busy_until_s: float = 0.0
    landed_s: float = 0.0


def carry(
    lane: Lane, weather: Weather, size: int, *, now_s: float, chance: Callable[[], float]
) -> Lane:
    """The lane after ``size`` bytes were handed to it; they land at its ``landed_s``.

    ``chance`` gives numbers in [0, 1). Bytes land in the order in which they were handed over.
    """
    begins_s = max(now_s, lane.busy_until_s)
    sending_s = size / weather.bytes_per_s if weather.bytes_per_s else 0.0
    sent_s = begins_s + sending_s
    late_s = weather.delay_s + weather.jitter_s * chance()
    segments = -(-size // SEGMENT_BYTES)
    stalled_s = max((_stall_s(weather, chance) for _ in range(segments)), default=0.0)
    return Lane(sent_s, max(lane.landed_s, sent_s + late_s + stalled_s))


def _stall_s(weather: Weather, chance: Callable[[], float]) -> float:
    waited_s, timer_s = 0.0, RETRANSMIT_S + 2 * weather.delay_s
    for _ in range(MOST_LOSSES_IN_A_ROW):
        if chance() >= weather.loss:
            break
        waited_s += timer_s
        timer_s *= 2
    return waited_s
