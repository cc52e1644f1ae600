"""How long to wait before connecting again: exponential with full jitter."""

FIRST_S = 0.5
LIMIT_S = 15.0
_MAX_DOUBLINGS = 30


def wait_s(
    attempt: int, chance: float, *, first_s: float = FIRST_S, limit_s: float = LIMIT_S
) -> float:
    """Seconds before attempt number ``attempt`` (1 is the first one again).

    ``chance`` is a fresh random number in [0, 1): the whole span is used, so that thousands who
    lost the broker in one moment do not come back in one moment.
    """
    doublings = min(max(attempt - 1, 0), _MAX_DOUBLINGS)
    return chance * min(limit_s, first_s * 2.0**doublings)
