"""Stage: several alarms of one cause become one parent notice.

One cause is one hazard at one site: the compound loses power, and all its cabinets grow warm.
What is critical takes its company along and waits for none.
"""

from collections.abc import Sequence

from gongfu_fleet.domain.notify.notice import Bundle, Form, Notice

WAIT_MS = 10_000
FROM = 3


def group(notices: Sequence[Notice], now_real_ms: int) -> list[Bundle]:
    """The bundles that are ready; the others wait a little for company."""
    causes: dict[tuple[str, ...], list[Notice]] = {}
    for notice in notices:
        cause = (notice.facts.site, notice.facts.hazard, notice.transition.value)
        causes.setdefault(cause, []).append(notice)
    return [bundle for found in causes.values() for bundle in _of_cause(found, now_real_ms)]


def _of_cause(notices: list[Notice], now_real_ms: int) -> list[Bundle]:
    hurry = any(notice.critical for notice in notices)
    eldest_ms = min(notice.made_real_ms for notice in notices)
    ready = hurry or now_real_ms - eldest_ms >= WAIT_MS
    if ready and len(notices) >= FROM:
        return [Bundle(Form.PARENT, tuple(notices))]
    return [Bundle(Form.SINGLE, (n,)) for n in notices if n.critical or ready]
