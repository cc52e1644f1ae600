"""Which channels are told, and whom they mention: whoever is on duty, else everybody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.notify.duty import Shift, on_duty
from gongfu_fleet.domain.notify.notice import RANK
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import EVERYTHING, Scope


@dataclass(frozen=True)
class Route:
    """A channel as routing sees it: for which assets, from which severity on."""

    name: str
    scope: Scope = EVERYTHING
    least: Severity = Severity.LOW

    def carries(self, asset: Asset, severity: Severity) -> bool:
        """Whether it is there for such an incident."""
        return RANK[severity] >= RANK[self.least] and self.scope.covers(asset)


@dataclass(frozen=True)
class Cause:
    """What has to be told: of which asset, how grave, to which role, at which platform time."""

    asset: Asset
    severity: Severity
    role: Role
    at_ms: int


def recipients(
    routes: Sequence[Route], shifts: Iterable[Shift], cause: Cause
) -> Mapping[str, tuple[str, ...]]:
    """The channels that are told, with the contacts each mentions.

    With nobody on duty every channel that covers the asset is told: an alarm that reaches no one
    is worse than one that reaches too many.
    """
    open_routes = [route for route in routes if route.carries(cause.asset, cause.severity)]
    told: dict[str, list[str]] = {}
    for shift in shifts:
        if not _has_it(shift, cause):
            continue
        for route in open_routes:
            if shift.channel in ("", route.name):
                contacts = told.setdefault(route.name, [])
                if shift.contact and shift.contact not in contacts:
                    contacts.append(shift.contact)
    if not told:
        return {route.name: () for route in open_routes}
    return {name: tuple(contacts) for name, contacts in told.items()}


def _has_it(shift: Shift, cause: Cause) -> bool:
    mine = shift.role is cause.role and shift.scope.covers(cause.asset)
    return mine and on_duty(shift.hours, cause.at_ms)
