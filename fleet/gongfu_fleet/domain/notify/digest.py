"""Stage: what need not be told at once is told together.

Quiet transitions and low severity always, everything but what is critical in a flood. A digest
waits a minute for company, and ten minutes after the digest before.
"""

from collections.abc import Sequence

from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify.notice import QUIET, Bundle, Form, Notice

COLLECT_MS = 60_000
EVERY_MS = 10 * 60_000


def split(notices: Sequence[Notice], *, flood: bool) -> tuple[list[Notice], list[Notice]]:
    """Those that are told by themselves, and those for a digest."""
    urgent: list[Notice] = []
    quiet: list[Notice] = []
    for notice in notices:
        (quiet if _can_wait(notice, flood=flood) else urgent).append(notice)
    return urgent, quiet


def digest(notices: Sequence[Notice], last_real_ms: int | None, now_real_ms: int) -> list[Bundle]:
    """One digest of all of them when it is time, else none."""
    if not notices:
        return []
    due_ms = min(notice.made_real_ms for notice in notices) + COLLECT_MS
    if last_real_ms is not None:
        due_ms = max(due_ms, last_real_ms + EVERY_MS)
    return [Bundle(Form.DIGEST, tuple(notices))] if due_ms <= now_real_ms else []


def _can_wait(notice: Notice, *, flood: bool) -> bool:
    quiet = notice.transition in QUIET or notice.severity is Severity.LOW
    return not notice.critical and (flood or quiet)
