"""S8, first half: how long a right password takes while thousands of wrong ones come in."""

import threading
import time
from dataclasses import dataclass, field

from gongfu_broker.clock import real_ms
from gongfu_fleet.adapters.passwords import Argon2Passwords
from gongfu_fleet.domain.people import Role
from gongfu_fleet.errors import SignInError, TooManyAttemptsError
from gongfu_fleet.services.passwords import generated_password
from gongfu_fleet.services.people import SYSTEM, By, add_account
from gongfu_fleet.services.sign_in import SignIn, Store, Visit

WAYS = ("one address", "many addresses", "many names")
ATTACKERS = 8
PAUSE_S = 0.2
# Attackers sit in this process and share its interpreter; a network would take longer.
BETWEEN_S = 0.005
USER = "flooded"
HOME = "192.0.2.1"


@dataclass(frozen=True)
class Flood:
    """Wrong attempts made, of which ``hashed`` cost a hash; right ones made and the slowest."""

    attempts: int
    hashed: int
    right: int
    slowest_s: float
    took_s: float


@dataclass
class _Attack:
    door: SignIn
    way: str
    left: int
    until_s: float
    made: int = 0
    hashed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        while (number := self._next()) is not None:
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            visit = Visit(HOME if self.way == "one address" else address)
            name = f"name-{number}" if self.way == "many names" else USER
            try:
                self.door.sign_in(name, "wrong", visit=visit, now_ms=real_ms())
            except SignInError:
                with self._lock:
                    self.hashed += 1
            except TooManyAttemptsError:
                time.sleep(BETWEEN_S)

    def _next(self) -> int | None:
        with self._lock:
            if self.made >= self.left or time.monotonic() >= self.until_s:
                return None
            self.made += 1
            return self.made


def flood(people: Store, way: str, *, attempts: int, most_s: float) -> Flood:
    """Attack the door with eight threads while a known browser signs in again and again.

    Ends after ``attempts`` wrong passwords, or ``most_s`` seconds.
    """
    door, password = SignIn(people, Argon2Passwords()), generated_password()
    account = (USER, Role.VIEWER, password)
    add_account(people, door.passwords, account, by=By(SYSTEM, real_ms()))
    known = door.sign_in(USER, password, visit=Visit(HOME), now_ms=real_ms()).browser
    began = time.monotonic()
    attack = _Attack(door, way, attempts, began + most_s)
    threads = [threading.Thread(target=attack.run, daemon=True) for _ in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    right, slowest_s = 0, 0.0
    while any(thread.is_alive() for thread in threads):
        asked = time.monotonic()
        door.sign_in(USER, password, visit=Visit(HOME, browser=known), now_ms=real_ms())
        right, slowest_s = right + 1, max(slowest_s, time.monotonic() - asked)
        time.sleep(PAUSE_S)
    took_s = time.monotonic() - began
    return Flood(attack.made, attack.hashed, right, round(slowest_s, 3), round(took_s, 1))
