"""Notices, incidents and a moment to begin with."""

from dataclasses import replace

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Finding, Raised, Subject
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.notify.notice import Facts, Notice, Transition

# Monday 2026-11-23 09:00 in Shanghai.
MONDAY_9 = 1_795_395_600_000
MINUTE = 60_000
HOUR = 60 * MINUTE
ACTIVE = Finding(Episode(Condition.ACTIVE, MONDAY_9, MONDAY_9, None, -3.2, ()), -15.0, "frozen", 2)
OVER = replace(
    ACTIVE,
    episode=replace(ACTIVE.episode, condition=Condition.NORMAL, end_ms=MONDAY_9 + HOUR),
)


def incident_id(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012d}"


def raised(
    asset: str = "cab-0001", severity: Severity = Severity.HIGH, *, late: bool = False
) -> Raised:
    subject = Subject(asset, 1, Hazard.TEMPERATURE_HIGH)
    return Raised(subject, severity, OVER if late else ACTIVE, late=late)


def notice(number: int = 1, *, made: int = MONDAY_9, site: str = "", **changes: object) -> Notice:
    """A notice of high severity; each number has a site of its own unless one is named."""
    facts = Facts(
        asset=f"cab-{number:04d}",
        asset_name="邻礼冷冻柜",
        site=site or f"site-{number}",
        zone=1,
        hazard="temperature_high",
        begin_ms=MONDAY_9,
        peak_celsius=-3.2,
        limit_celsius=-15.0,
    )
    plain = Notice(incident_id(number), Transition.RAISED, "bot", Severity.HIGH, facts, made)
    return replace(plain, **changes)  # type: ignore[arg-type] # any field may be given
