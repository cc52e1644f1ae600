"""The limit of sign-in attempts, with a wait that doubles. Pure; times are real, UTC ms.

Attempts are counted per account and address, per account, per address, and per account and known
browser. A browser in which the account signed in before passes the last one only, so attempts
made elsewhere do not shut its holder out; from an address where the account signed in lately the
account's own count is passed by. (OWASP calls such browsers device cookies.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

FORGET_MS = 3_600_000
MAX_WAIT_MS = 15 * 60_000
IPV6_HOST_BITS = 64


class Counts(StrEnum):
    """What attempts are counted by."""

    PAIR = "pair"
    ACCOUNT = "account"
    ADDRESS = "address"
    BROWSER = "browser"


class Bucket(NamedTuple):
    """One count."""

    by: Counts
    key: str


class Tally(NamedTuple):
    """Failed attempts so far, and when the last one was."""

    failures: int
    last_ms: int


@dataclass(frozen=True)
class Limit:
    """After ``free`` failures one waits ``first_ms``, then twice that, up to ``most_ms``."""

    free: int
    first_ms: int
    most_ms: int = MAX_WAIT_MS


LIMITS: Mapping[Counts, Limit] = {
    Counts.PAIR: Limit(5, 60_000),
    Counts.ACCOUNT: Limit(30, 60_000),
    # An office shares one address: more attempts, a shorter wait.
    Counts.ADDRESS: Limit(50, 10_000, 5 * 60_000),
    Counts.BROWSER: Limit(5, 60_000),
}


class Caller(NamedTuple):
    """Whose attempt: ``browser`` is the id of a browser known to the account."""

    account: str
    address: str
    browser: str | None = None
    address_known: bool = False


def buckets(caller: Caller) -> tuple[Bucket, ...]:
    """The counts that an attempt must pass and adds to."""
    if caller.browser:
        return (Bucket(Counts.BROWSER, f"{caller.account}\n{caller.browser}"),)
    network = network_of(caller.address)
    found = (
        Bucket(Counts.PAIR, f"{caller.account}\n{network}"),
        Bucket(Counts.ADDRESS, network),
    )
    return found if caller.address_known else (*found, Bucket(Counts.ACCOUNT, caller.account))


def wait_ms(by: Counts, tally: Tally | None, now_ms: int) -> int:
    """How long until the next attempt is allowed; 0 is now."""
    if tally is None or _stale(tally, now_ms):
        return 0
    limit = LIMITS[by]
    if tally.failures < limit.free:
        return 0
    doublings = min(tally.failures - limit.free, 30)
    wait = min(limit.first_ms << doublings, limit.most_ms)
    # A clock set back must not make anybody wait longer than the wait itself.
    return max(0, min(wait, tally.last_ms + wait - now_ms))


def counted(tally: Tally | None, now_ms: int) -> Tally:
    """One attempt more."""
    known = 0 if tally is None or _stale(tally, now_ms) else tally.failures
    return Tally(known + 1, now_ms)


def network_of(address: str) -> str:
    """The address; of IPv6 the /64, since one host has all of it."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    shift = IPV6_HOST_BITS
    return f"{IPv6Address(int(parsed) >> shift << shift)}/{128 - shift}"


def _stale(tally: Tally, now_ms: int) -> bool:
    return abs(now_ms - tally.last_ms) >= FORGET_MS
