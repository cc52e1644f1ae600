"""One cause, one incident: what many silences follow from. Pure.

A parent is an incident of its own. Its children stay in the ledger and on the page; they are
suppressed while it goes on, so that people are told of the parent alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Incident, Subject
from gongfu_fleet.domain.alarms.liveness import Running, over, raised
from gongfu_fleet.domain.alarms.modifiers import Released, Suppressed
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.errors import InvalidError

BROKER = Subject("broker", 0, Hazard.BROKER_LOST)
_SITE = "site"


class Group(NamedTuple):
    """The devices of one kind at one site: cabinets share a place, trucks a network."""

    site: str
    kind: AssetKind

    @property
    def subject(self) -> Subject:
        """What their common incident is about."""
        return Subject(f"{_SITE}:{self.site}:{self.kind}", 0, Hazard.SITE_SILENT)


def group_of(name: str) -> Group | None:
    """The group an incident's asset stands for; None for a real asset or the broker."""
    first, _, rest = name.partition(":")
    site, _, kind = rest.rpartition(":")
    if first != _SITE or kind not in set(AssetKind):
        return None
    return Group(site, AssetKind(kind))


class Voice(NamedTuple):
    """When a device was last heard."""

    asset: Asset
    heard_ms: int

    @property
    def group(self) -> Group:
        """Whom it would fall silent with."""
        return Group(self.asset.site, self.asset.kind)


@dataclass(frozen=True)
class SitePolicy:
    """A group is silent when ``least`` of its devices are, and ``share`` of it, at once.

    Silent: for ``after_ms`` of its kind. At once: last heard within ``together_ms``; who fell
    silent long before is left out. It ends below ``clear_share``; children that are not heard
    ``settle_ms`` later stand for themselves.
    """

    least: int
    share: float
    clear_share: float
    after_ms: Mapping[AssetKind, int]
    together_ms: int
    settle_ms: int

    def __post_init__(self) -> None:
        if not (0 < self.clear_share < self.share <= 1 and self.least > 1):
            raise InvalidError(
                "The policy of silent sites cannot hold.",
                "Give 0 < clear_share < share <= 1 and at least two devices.",
            )


@dataclass(frozen=True)
class Moment:
    """Platform time, and where ids come from."""

    now_ms: int
    new_id: Callable[[], str]


def sites_fell_silent(
    voices: Iterable[Voice], running: Running, policy: SitePolicy, moment: Moment
) -> Iterator[Draft]:
    """Raise the groups of which most fell silent at once."""
    for group, members in _grouped(voices).items():
        if group.subject in running:
            continue
        limit_ms = moment.now_ms - policy.after_ms[group.kind]
        silent = [one.heard_ms for one in members if one.heard_ms < limit_ms]
        together = [at for at in silent if at >= max(silent) - policy.together_ms]
        there = len(members) - len(silent) + len(together)
        if len(together) >= max(policy.least, policy.share * there):
            yield Draft(moment.new_id(), raised(group.subject, min(together), moment.now_ms))


def sites_heard_again(
    voices: Iterable[Voice], running: Running, policy: SitePolicy, now_ms: int
) -> Iterator[Draft]:
    """End the groups of which enough is heard again, or of which nobody is left."""
    groups = _grouped(voices)
    for parent in running.values():
        group = group_of(parent.subject.asset)
        if group is None:
            continue
        begin_ms, limit_ms = parent.finding.episode.begin_ms, now_ms - policy.after_ms[group.kind]
        heard = [one.heard_ms for one in groups.get(group, ()) if one.heard_ms >= begin_ms]
        silent = [at for at in heard if at < limit_ms]
        if not heard or len(silent) < policy.clear_share * len(heard):
            yield over(parent, max([*heard, begin_ms]))


def broker_drafts(
    lost_ms: int | None, running: Running, after_ms: int, moment: Moment
) -> Iterator[Draft]:
    """Raise or end the loss of our own link; ``lost_ms`` is since when it is away."""
    parent = running.get(BROKER)
    if lost_ms is None and parent:
        yield over(parent, moment.now_ms)
    elif lost_ms is not None and parent is None and moment.now_ms - lost_ms >= after_ms:
        yield Draft(moment.new_id(), raised(BROKER, lost_ms, moment.now_ms))


def suppressions(
    children: Sequence[Incident], running: Running, assets: Mapping[str, Asset]
) -> Iterator[Draft]:
    """Suppress what follows from a parent that goes on, and is not suppressed yet."""
    going_on = {incident.id for incident in running.values()}
    for child in children:
        if child.handling.parent in going_on:
            continue
        parent = _parent(child, running, assets)
        if parent:
            yield Draft(child.id, Suppressed(parent.id))


def releases(
    children: Sequence[Incident],
    running: Running,
    find: Callable[[str], Incident],
    *,
    ended_by_ms: int,
) -> Iterator[Draft]:
    """Release what outlived its parent, if that ended by then; ``find`` gives an incident by id."""
    going_on = {incident.id for incident in running.values()}
    named = {child.handling.parent for child in children} - going_on
    parents = {one: find(one) for one in named if one is not None}
    for child in children:
        parent = parents.get(child.handling.parent or "")
        if parent is None:
            continue
        end_ms = parent.finding.episode.end_ms
        if not parent.living or (end_ms is not None and end_ms <= ended_by_ms):
            yield Draft(child.id, Released())


def _grouped(voices: Iterable[Voice]) -> Mapping[Group, list[Voice]]:
    groups: dict[Group, list[Voice]] = defaultdict(list)
    for voice in voices:
        groups[voice.group].append(voice)
    return groups


def _parent(child: Incident, running: Running, assets: Mapping[str, Asset]) -> Incident | None:
    subject, asset = child.subject, assets.get(child.subject.asset)
    if subject.zone > 0:
        # The rule of the probe tells it sooner, by what the device says of it.
        return running.get(Subject(subject.asset, subject.zone, Hazard.PROBE_FAULT))
    causes = [Subject(subject.asset, 0, Hazard.POWER_LOST)]
    if asset:
        causes.append(Group(asset.site, asset.kind).subject)
    begin_ms = child.finding.episode.begin_ms
    found = (running.get(cause) for cause in causes)
    return next((one for one in found if one and one.finding.episode.begin_ms <= begin_ms), None)
