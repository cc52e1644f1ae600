"""Passwords by argon2id (RFC 9106), with the second set of parameters that OWASP recommends."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19_456
PASSES = 2
AT_ONCE = 2


class Argon2Passwords:
    """Fits the port Passwords; at most two hashes at a time, so a flood of sign-ins stays small."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self.decoy = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """An argon2id string with its own salt."""
        with self._places:
            return self._hasher.hash(password)

    def matches(self, known: str, password: str) -> bool:
        """Whether the password gave this hash; a damaged hash matches nothing."""
        try:
            with self._places:
                return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False
