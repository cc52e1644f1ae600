"""Rules for passwords, and making them."""

import secrets

from gongfu_fleet.errors import InvalidError

SHORTEST = 12
LONGEST = 128
_GENERATED_BYTES = 15


def check_password(password: str) -> None:
    """Raise InvalidError unless it has 12 to 128 characters."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidError(
            f"The password has {len(password)} characters.", f"Choose {SHORTEST} to {LONGEST}."
        )


def generated_password() -> str:
    """A password of 120 random bits, 20 characters."""
    return secrets.token_urlsafe(_GENERATED_BYTES)
