"""The stages of a channel, from what waits in its outbox to what may be sent next.

    ledger → transition → suppress → failure → dedupe → outbox
    outbox → flood → digest → group → order → rate → send

Up to the outbox: ``services/notify_recorder.py``; from there: here and ``notify_sender.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gongfu_fleet.domain.notify.digest import digest, split
from gongfu_fleet.domain.notify.flood import flooded
from gongfu_fleet.domain.notify.group import group
from gongfu_fleet.domain.notify.notice import Bundle, Notice


@dataclass(frozen=True)
class Pace:
    """What a channel remembers: its flood, its last digest, when its alarms were made (real)."""

    flood: bool = False
    digest_real_ms: int | None = None
    alarms_made_real_ms: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What may go out now, the gravest first, and whether the channel is in flood."""

    flood: bool
    bundles: tuple[Bundle, ...]


def plan(waiting: Sequence[Notice], pace: Pace, now_real_ms: int) -> Plan:
    """What to send next of what waits."""
    flood = flooded(pace.alarms_made_real_ms, now_real_ms, before=pace.flood)
    urgent, quiet = split(waiting, flood=flood)
    ready = [
        *group(urgent, now_real_ms),
        *digest(quiet, pace.digest_real_ms, now_real_ms),
    ]
    return Plan(flood, tuple(sorted(ready, key=_order)))


def _order(bundle: Bundle) -> tuple[int, int]:
    return -bundle.rank, bundle.made_real_ms
