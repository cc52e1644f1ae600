"""The consumer of the incident ledger that fills the outbox; fits ``Consumer`` of the loop.

The cursor, the notices and the ascents of a step are stored in one transaction: a kill at any
moment neither loses nor doubles a notice. The very first turn begins at the end of the ledger:
what is older than the first channel is no news.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gongfu_broker.clock import Clock
from gongfu_fleet.domain.alarms.incident import Incident, Revised, Workflow
from gongfu_fleet.domain.alarms.modifiers import Graver
from gongfu_fleet.domain.alarms.parents import BROKER
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.notify.dedupe import dedupe
from gongfu_fleet.domain.notify.escalation import LADDERS, Ascent, Ladders
from gongfu_fleet.domain.notify.notice import RANK, Facts, Notice, Transition
from gongfu_fleet.domain.notify.routing import Cause, Route, recipients
from gongfu_fleet.domain.notify.suppress import Standing, why_not
from gongfu_fleet.domain.notify.transition import transition_of
from gongfu_fleet.domain.people import Role
from gongfu_fleet.ports import AssetRegistry
from gongfu_fleet.services.common_causes import cause_name, stand_in
from gongfu_fleet.services.notify_failures import KnownFailures, in_turn, outlasting
from gongfu_fleet.services.notify_ports import (
    Dropped,
    LedgerEntry,
    Outbox,
    Recording,
    Roster,
    Told,
)

CONSUMER = "notifications"
BATCH = 500
_ENDS = (Transition.CLEARED, Transition.RETRACTED)
# What comes more than once is told apart by the number of its event.
_NUMBERED = frozenset({Transition.REOPENED, Transition.GRAVER})
_OPENINGS = (Transition.REOPENED, Transition.OUTLASTED)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Occasion:
    """Why somebody is to be told; ``step`` and ``role`` are the ladder's."""

    incident: Incident
    transition: Transition
    step: int
    role: Role


class KnownAssets:
    """The assets by id, as the registry has them now."""

    def __init__(self, registry: AssetRegistry) -> None:
        self._registry = registry

    def get(self, asset: str) -> Asset | None:
        """The asset, or one that stands for a group; None when nobody registered it."""
        assets = self._registry.assets()
        return assets.get(asset) or stand_in(asset, assets.values())


@dataclass
class NoticeRecorder:
    """From events to notices; ``clock`` is platform time, ``real_clock`` wall time."""

    outbox: Outbox
    roster: Roster
    routes: Sequence[Route]
    assets: KnownAssets
    clock: Clock
    real_clock: Clock
    ladders: Ladders = field(default_factory=lambda: LADDERS)

    def turn(self) -> int:
        """Take the next events and the steps of the ladder that are due."""
        before = self.outbox.cursor()
        if before is None:
            newest = self.outbox.newest()
            self.outbox.save(Recording(None, newest))
            return 0
        now_ms = self.clock.now_ms()
        entries = self.outbox.entries(before, BATCH)
        due = self.outbox.due(now_ms, BATCH)
        if not entries and not due:
            return 0
        climbing = [(self._caught_up(ascent), one) for ascent, one in due if _climbs_on(one)]
        again = self._again(entries)
        occasions = [
            *self._of_entries(entries),
            *(self._reopened(entry) for entry in again),
            *self._outlasting(entries, now_ms),
            *(self._of_step(*one) for one in climbing),
        ]
        anew = (*filter(_begins, entries), *again, *filter(_grew, entries))
        begun = [self._ascent(entry) for entry in anew]
        moved = [self.ladders[ascent.severity].above(ascent) for ascent, _ in climbing]
        notices, dropped = self._notices(occasions, now_ms)
        self.outbox.save(
            Recording(
                before=before,
                after=entries[-1].seq if entries else before,
                notices=notices,
                dropped=dropped,
                ascents=[*moved, *begun],
                ended=[one.id for _, one in due if not _climbs_on(one)],
            )
        )
        return len(entries)

    def rest(self) -> None:
        """Nothing waits in memory."""

    def tick(self, now_ms: int) -> None:
        """The ladder is looked at in every turn."""

    def _of_entries(self, entries: Sequence[LedgerEntry]) -> Iterator[Occasion]:
        for entry in entries:
            transition = transition_of(entry.body)
            if transition is not None:
                again = transition in _NUMBERED
                yield self._first(entry, transition, entry.incident.n if again else 0)

    def _reopened(self, entry: LedgerEntry) -> Occasion:
        return self._first(entry, Transition.REOPENED, entry.incident.n)

    def _outlasting(self, entries: Sequence[LedgerEntry], now_ms: int) -> list[Occasion]:
        """What was not told because of another incident that is over or set aside by now."""
        assets = outlasting((entry.incident for entry in entries), _aside(now_ms))
        found = self.outbox.untold(assets) if assets else ()
        return [
            Occasion(one, Transition.OUTLASTED, one.n, self.ladders[one.severity].role(0))
            for one in found
        ]

    def _first(self, entry: LedgerEntry, transition: Transition, step: int) -> Occasion:
        role = self.ladders[entry.incident.severity].role(0)
        return Occasion(entry.incident, transition, step, role)

    def _of_step(self, ascent: Ascent, incident: Incident) -> Occasion:
        ladder, step = self.ladders[ascent.severity], ascent.step
        return Occasion(incident, ladder.transition(step), step, ladder.role(step))

    def _ascent(self, entry: LedgerEntry) -> Ascent:
        severity = entry.incident.severity
        return self.ladders[severity].begin(entry.incident.id, severity, entry.at_ms)

    def _caught_up(self, ascent: Ascent) -> Ascent:
        return self.ladders[ascent.severity].caught_up(ascent, self.clock.now_ms())

    def _again(self, entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
        """Incidents that late data made running again, or running at all, and nobody climbs for."""
        found = {entry.incident.id: entry for entry in entries if _runs_again(entry)}
        if not found:
            return []
        begun = {entry.incident.id for entry in entries if _begins(entry)}
        there = begun | self.outbox.climbing(found)
        return [entry for incident_id, entry in found.items() if incident_id not in there]

    def _notices(
        self, occasions: Sequence[Occasion], now_ms: int
    ) -> tuple[list[Notice], list[Dropped]]:
        ids = {occasion.incident.id for occasion in occasions}
        told = self.outbox.told(ids) if ids else {}
        failures = self._failures(occasions, now_ms)
        kept: list[Notice] = []
        dropped: list[Dropped] = []
        for occasion in sorted(occasions, key=lambda one: in_turn(one.incident, one.transition)):
            incident = occasion.incident
            standing = _standing(incident, now_ms)
            for channel in self._channels(occasion, told, now_ms).items():
                notice = self._notice(occasion, *channel)
                here = Told(notice.incident_id, notice.channel)
                if notice.transition in _ENDS:
                    # Each opening has an end of its own.
                    notice = replace(notice, step=told[here])
                elif _stale(notice, incident, failures):
                    continue
                why = why_not(notice, standing) or failures.why_not(notice, incident)
                if why is None:
                    kept.append(failures.told_before(notice, incident))
                    failures.add(notice, incident)
                    again = notice.transition in _OPENINGS
                    told[here] = notice.step if again else told.get(here, 0)
                else:
                    dropped.append(Dropped(notice, why))
        return self._fresh(kept, dropped)

    def _failures(self, occasions: Sequence[Occasion], now_ms: int) -> KnownFailures:
        assets = {one.incident.subject.asset for one in occasions}
        heard = self.outbox.heard(assets) if assets else ()
        return KnownFailures(heard, _aside(now_ms))

    def _fresh(
        self, kept: Sequence[Notice], dropped: Sequence[Dropped]
    ) -> tuple[list[Notice], list[Dropped]]:
        notices = [*kept, *(one.notice for one in dropped)]
        fresh = dedupe(notices, self.outbox.known([one.key for one in notices]) if notices else ())
        whys = {one.notice.key: one.why for one in dropped}
        return (
            [one for one in fresh if one.key not in whys],
            [Dropped(one, whys[one.key]) for one in fresh if one.key in whys],
        )

    def _notice(self, occasion: Occasion, channel: str, mentions: tuple[str, ...]) -> Notice:
        return Notice(
            incident_id=occasion.incident.id,
            transition=occasion.transition,
            channel=channel,
            severity=occasion.incident.severity,
            facts=self._facts(occasion.incident),
            made_real_ms=self.real_clock.now_ms(),
            step=occasion.step,
            role=occasion.role.value,
            mentions=mentions,
        )

    def _channels(
        self, occasion: Occasion, told: Collection[Told], now_ms: int
    ) -> Mapping[str, tuple[str, ...]]:
        incident = occasion.incident
        if occasion.transition in _ENDS:
            heard = (one.channel for one in told if one.incident_id == incident.id)
            return dict.fromkeys(sorted(heard), ())
        if incident.subject == BROKER:  # every scope is without its readings
            return {r.name: () for r in self.routes if RANK[incident.severity] >= RANK[r.least]}
        asset = self.assets.get(incident.subject.asset)
        if asset is None:
            _log.warning("nobody registered %s: nobody is told of it", incident.subject.asset)
            return {}
        cause = Cause(asset, incident.severity, occasion.role, now_ms)
        return recipients(self.routes, self.roster.shifts(), cause)

    def _facts(self, incident: Incident) -> Facts:
        asset, episode = self.assets.get(incident.subject.asset), incident.finding.episode
        name = asset.name if asset else (cause_name(incident.subject.asset) or ("",))[0]
        return Facts(
            asset=incident.subject.asset,
            asset_name=name,
            site=asset.site if asset else "",
            zone=incident.subject.zone,
            hazard=incident.subject.hazard.value,
            begin_ms=episode.begin_ms,
            peak_celsius=episode.peak_celsius,
            limit_celsius=incident.finding.limit_celsius,
            end_ms=episode.end_ms,
        )


def _stale(notice: Notice, incident: Incident, failures: KnownFailures) -> bool:
    held_back_no_more = notice.transition is Transition.OUTLASTED
    return held_back_no_more and not failures.is_news(notice, incident)


def _begins(entry: LedgerEntry) -> bool:
    return transition_of(entry.body) is Transition.RAISED


def _grew(entry: LedgerEntry) -> bool:
    return isinstance(entry.body, Graver) and _climbs_on(entry.incident)


def _runs_again(entry: LedgerEntry) -> bool:
    return isinstance(entry.body, Revised) and _climbs_on(entry.incident)


def _climbs_on(incident: Incident) -> bool:
    return incident.running and incident.workflow is Workflow.UNACK


def _aside(now_ms: int) -> Callable[[Incident], bool]:
    return lambda incident: _set_aside(incident, now_ms) is not None


def _set_aside(incident: Incident, now_ms: int) -> str | None:
    if incident.handling.service is not None:
        return "out of service"
    return "shelved" if incident.shelved(now_ms) else None


def _standing(incident: Incident, now_ms: int) -> Standing:
    return Standing(
        living=incident.living,
        running=incident.running,
        unacknowledged=incident.workflow is Workflow.UNACK,
        set_aside=_set_aside(incident, now_ms),
        parent=incident.handling.parent,
    )
