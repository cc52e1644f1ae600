"""All randomness: named streams, so that no draw depends on the order of other draws."""

from random import Random

HOUR_MS = 3_600_000
Origin = tuple[int, str]  # (seed of the scenario, device)


def stream(seed: int, *purpose: str | int) -> Random:
    """A generator that depends on the seed and the purpose alone, (7, "cab-0001", "day", 3)."""
    return Random("/".join(map(str, (seed, *purpose))))


class Noise:
    """White noise of unit variance as a function of time: one draw per slot of ``slot_ms``.

    Any instant can be asked for; an hour's draws are made together and the last hour is kept.
    """

    def __init__(self, origin: Origin, purpose: str, *, slot_ms: int) -> None:
        self._key = (*origin, purpose)
        self._slot_ms = slot_ms
        self._hour = -1
        self._draws: list[float] = []

    def at(self, ts_ms: int) -> float:
        """The draw of the slot that holds the instant; standard normal."""
        hour, rest_ms = divmod(ts_ms, HOUR_MS)
        if hour != self._hour:
            gauss = stream(*self._key, hour).gauss
            self._draws = [gauss(0.0, 1.0) for _ in range(HOUR_MS // self._slot_ms + 1)]
            self._hour = hour
        return self._draws[rest_ms // self._slot_ms]
