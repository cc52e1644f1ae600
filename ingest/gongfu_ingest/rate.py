"""How much one device may say: token buckets in the time of receiving. Pure but for their fill.

A bucket is kept as one number, the instant at which it is full again: each message moves that
instant on by what it costs, and none may move it further ahead of now than the bucket is deep. So
what the device stamps has no say, and a silent device needs no upkeep.
"""

from dataclasses import dataclass, field

# What a device says in a second at most when it is well; four times as much is let through.
NOMINAL_PER_S = 1.0
TIMES_NOMINAL = 4
# Live: what waited at the broker while ingest was away for forty minutes. Late: a whole ring.
LIVE_ROOM, LATE_ROOM = 2_400, 20_000
# Births and wills may overdraw by so many: they say whether the device is there at all.
STATE_RESERVE = 60
# A longer message counts as several: one for each 8 KiB begun.
SIZE_BYTES = 8_192
# Batches of two lanes may be out of order by less than this; a clock set back, by more.
BACKWARDS_MS = 60_000


@dataclass(slots=True)
class Bucket:
    """One bucket per device: a message costs ``step_ms``, and ``room_ms`` is how deep it is.

    ``full_ms``: device → the instant (UTC ms) at which its bucket is full again. It changes as
    messages pass, so whoever cannot commit them must ``refill``.
    """

    step_ms: float
    room_ms: float
    full_ms: dict[str, float] = field(default_factory=dict)

    def spend(self, dev: str, now_ms: int, size: int, *, reserve: int = 0) -> bool:
        """Whether a message of ``size`` bytes fits; it is paid for then."""
        full_ms = max(self.full_ms.get(dev, 0.0), now_ms)
        reserve_ms = reserve * self.step_ms
        if full_ms - now_ms > self.room_ms + STATE_RESERVE * self.step_ms + BACKWARDS_MS:
            # Nobody can owe so much: the platform's clock was set back.
            full_ms = now_ms
        full_ms += self.step_ms * (1 + size // SIZE_BYTES)
        if full_ms - now_ms > self.room_ms + reserve_ms:
            return False
        self.full_ms[dev] = full_ms
        return True

    def refill(self) -> None:
        """Forget what everybody has spent."""
        self.full_ms.clear()


class RateLimit:
    """``per_s`` messages a second are let through for good; the rooms are messages at once.

    ``live`` is for what devices say now, ``late`` for backfill.
    """

    def __init__(
        self,
        per_s: float = NOMINAL_PER_S * TIMES_NOMINAL,
        *,
        live_room: int = LIVE_ROOM,
        late_room: int = LATE_ROOM,
    ) -> None:
        self.per_s = per_s
        step_ms = 1_000 / per_s
        self.live = Bucket(step_ms, live_room * step_ms)
        self.late = Bucket(step_ms, late_room * step_ms)

    def refill(self) -> None:
        """What was let through could not be kept: it comes again, and must not be paid twice."""
        self.live.refill()
        self.late.refill()
