"""Who is on duty: shifts by weekday and hours of Asia/Shanghai, for a role and a scope.

The offset is fixed: there has been no summer time there since 1991.
"""

import re
from dataclasses import dataclass

from gongfu_fleet.domain.due import SHANGHAI_OFFSET_MS
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import InvalidError

MINUTE_MS = 60_000
DAY_MIN = 24 * 60
_DAYS = re.compile(r"([1-7])(?:-([1-7]))?")
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True)
class Hours:
    """From ``from_min`` to ``to_min`` of each of the weekdays (1 Monday … 7 Sunday).

    A shift that ends no later than it begins goes on into the next day.
    """

    weekdays: frozenset[int]
    from_min: int
    to_min: int

    def __str__(self) -> str:
        days = ",".join(map(str, sorted(self.weekdays)))
        return f"{days} {_clock(self.from_min)}-{_clock(self.to_min)}"


@dataclass(frozen=True)
class Shift:
    """``person`` has ``role`` for the assets of ``scope``, reached by ``contact`` in ``channel``.

    ``contact`` is what the service mentions people by: a user id, a phone number, an address. An
    empty ``channel`` is every channel that covers the asset.
    """

    id: str
    person: str
    role: Role
    hours: Hours
    scope: Scope = EVERYTHING
    channel: str = ""
    contact: str = ""


def on_duty(hours: Hours, at_ms: int) -> bool:
    """Whether the hours cover a moment of platform time."""
    minutes = (at_ms + SHANGHAI_OFFSET_MS) // MINUTE_MS
    day, minute = divmod(minutes, DAY_MIN)
    today = (day + 3) % 7 + 1  # 1970-01-01 was a Thursday
    yesterday = (today + 5) % 7 + 1
    if hours.from_min < hours.to_min:
        return today in hours.weekdays and hours.from_min <= minute < hours.to_min
    begun = today in hours.weekdays and minute >= hours.from_min
    return begun or (yesterday in hours.weekdays and minute < hours.to_min)


def parse_hours(days: str, hours: str) -> Hours:
    """Read ``1-5`` or ``1,3,6-7``, and ``08:00-17:30``. Raises InvalidError."""
    weekdays: set[int] = set()
    for part in days.split(","):
        found = _DAYS.fullmatch(part.strip())
        if found is None:
            raise _unreadable(days, "days like 1-5 or 6,7 (1 is Monday)")
        first, last = int(found[1]), int(found[2] or found[1])
        if first > last:
            raise _unreadable(days, "the smaller day first, like 1-5")
        weekdays |= set(range(first, last + 1))
    clock = _HOURS.fullmatch(hours.strip())
    if clock is None:
        raise _unreadable(hours, "hours like 08:00-17:30")
    from_min, to_min = _minute(clock[1], clock[2]), _minute(clock[3], clock[4])
    if max(from_min, to_min) > DAY_MIN or from_min == DAY_MIN:
        raise _unreadable(hours, "hours between 00:00 and 24:00")
    return Hours(frozenset(weekdays), from_min, to_min)


def _minute(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _unreadable(text: str, remedy: str) -> InvalidError:
    return InvalidError(f"{text!r:.40} cannot be read.", f"Write {remedy}.")
