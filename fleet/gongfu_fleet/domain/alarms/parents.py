"""One cause, one incident: what many silences follow from. Pure.

A parent is an incident of its own. Its children stay in the ledger and on the page; they are
suppressed while it goes on, so that people are told of the parent alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Incident, Subject
from gongfu_fleet.domain.alarms.liveness import Running, over, raised
from gongfu_fleet.domain.alarms.modifiers import Released, Suppressed
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.errors import InvalidError

BROKER = Subject("broker", 0, Hazard.BROKER_LOST)
_SITE, _GATEWAY = "site", "gateway"
# What the loss of its power does to a cabinet's unit; exposed goods and warm air stand for
# themselves.
OF_POWER = frozenset({Hazard.NO_COOLING, Hazard.DRIFT, Hazard.RATE_OF_RISE})
CHILDREN = frozenset({Hazard.CHANNEL_SILENT, Hazard.GATEWAY_SILENT}) | OF_POWER


class Group(NamedTuple):
    """The devices of one kind at one site: cabinets share a place, trucks a network."""

    site: str
    kind: AssetKind

    @property
    def subject(self) -> Subject:
        """What their common incident is about."""
        return Subject(f"{_SITE}:{self.site}:{self.kind}", 0, Hazard.SITE_SILENT)

    def covers(self, asset: Asset) -> bool:
        """Whether the asset is one of them."""
        return (asset.site, asset.kind) == self


class Gateway(NamedTuple):
    """The devices that reach us through one gateway."""

    gateway: str

    @property
    def subject(self) -> Subject:
        """What their common incident is about."""
        return Subject(f"{_GATEWAY}:{self.gateway}", 0, Hazard.GATEWAY_SILENT)

    def covers(self, asset: Asset) -> bool:
        """Whether the asset is one of them."""
        return asset.gateway == self.gateway


Cause: TypeAlias = Group | Gateway


def site_of(asset: Asset) -> Cause | None:
    """Its site and kind."""
    return Group(asset.site, asset.kind)


def gateway_of(asset: Asset) -> Cause | None:
    """Its gateway; None for one that is linked by itself."""
    return Gateway(asset.gateway) if asset.gateway else None


def cause_of(name: str) -> Cause | None:
    """What an incident's asset stands for; None for a real asset or the broker."""
    first, _, rest = name.partition(":")
    if first == _GATEWAY and rest:
        return Gateway(rest)
    site, _, kind = rest.rpartition(":")
    if first != _SITE or kind not in set(AssetKind):
        return None
    return Group(site, AssetKind(kind))


class Voice(NamedTuple):
    """When a device was last heard."""

    asset: Asset
    heard_ms: int


@dataclass(frozen=True)
class TogetherPolicy:
    """A group is silent when ``least`` of its devices are, and ``share`` of it, at once.

    Silent: for ``after_ms`` of its kind. At once: last heard within ``together_ms``; who fell
    silent long before is left out. It ends below ``clear_share``; children that are not heard
    ``settle_ms`` later stand for themselves.
    """

    hazard: Hazard
    least: int
    share: float
    clear_share: float
    after_ms: Mapping[AssetKind, int]
    together_ms: int
    settle_ms: int

    def __post_init__(self) -> None:
        if not (0 < self.clear_share < self.share <= 1 and self.least > 1):
            raise InvalidError(
                "The policy of what falls silent together cannot hold.",
                "Give 0 < clear_share < share <= 1 and at least two devices.",
            )


@dataclass(frozen=True)
class Moment:
    """Platform time, and where ids come from."""

    now_ms: int
    new_id: Callable[[], str]


@dataclass(frozen=True)
class Together:
    """One way in which devices belong together, and when such a group is silent."""

    of: Callable[[Asset], Cause | None]
    policy: TogetherPolicy

    def silent(self, voice: Voice, now_ms: int) -> bool:
        """Whether it counts as silent, which differs by kind."""
        return voice.heard_ms < now_ms - self.policy.after_ms[voice.asset.kind]


def groups_fell_silent(
    voices: Iterable[Voice], running: Running, together: Together, moment: Moment
) -> Iterator[Draft]:
    """Raise the groups of which most fell silent at once."""
    policy = together.policy
    for group, members in _grouped(voices, together).items():
        if group.subject in running:
            continue
        silent = [one.heard_ms for one in members if together.silent(one, moment.now_ms)]
        at_once = [at for at in silent if at >= max(silent) - policy.together_ms]
        there = len(members) - len(silent) + len(at_once)
        if len(at_once) >= max(policy.least, policy.share * there):
            yield Draft(moment.new_id(), raised(group.subject, min(at_once), moment.now_ms))


def groups_heard_again(
    voices: Iterable[Voice], running: Running, together: Together, now_ms: int
) -> Iterator[Draft]:
    """End the groups of which enough is heard again, or of which nobody is left."""
    groups = _grouped(voices, together)
    known = {group.subject: members for group, members in groups.items()}
    for parent in running.values():
        if parent.subject.hazard is not together.policy.hazard:
            continue
        begin_ms = parent.finding.episode.begin_ms
        heard = [one for one in known.get(parent.subject, ()) if one.heard_ms >= begin_ms]
        silent = [one for one in heard if together.silent(one, now_ms)]
        if not heard or len(silent) < together.policy.clear_share * len(heard):
            yield over(parent, max([*(one.heard_ms for one in heard), begin_ms]))


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


def _grouped(voices: Iterable[Voice], together: Together) -> Mapping[Cause, list[Voice]]:
    groups: dict[Cause, list[Voice]] = defaultdict(list)
    for voice in voices:
        group = together.of(voice.asset)
        if group is not None:
            groups[group].append(voice)
    return groups


def _parent(child: Incident, running: Running, assets: Mapping[str, Asset]) -> Incident | None:
    subject, episode = child.subject, child.finding.episode
    if subject.hazard in OF_POWER:
        # The compressor had rested for a while when the power went: what was proved afterwards.
        parent = running.get(Subject(subject.asset, 0, Hazard.POWER_LOST))
        return parent if parent and parent.finding.episode.begin_ms <= episode.raised_ms else None
    if subject.zone > 0:
        # The rule of the probe tells it sooner, by what the device says of it.
        return running.get(Subject(subject.asset, subject.zone, Hazard.PROBE_FAULT))
    found = (running.get(cause) for cause in _causes(subject, assets))
    return next((one for one in found if one and _before(one, child)), None)


def _causes(subject: Subject, assets: Mapping[str, Asset]) -> Iterator[Subject]:
    """What it may follow from, the nearest first."""
    yield Subject(subject.asset, 0, Hazard.POWER_LOST)
    gateway, asset = cause_of(subject.asset), assets.get(subject.asset)
    if isinstance(gateway, Gateway):
        asset = next(filter(gateway.covers, assets.values()), None)
    elif asset and (gateway := gateway_of(asset)):
        yield gateway.subject
    if asset:
        yield Group(asset.site, asset.kind).subject


def _before(parent: Incident, child: Incident) -> bool:
    return parent.finding.episode.begin_ms <= child.finding.episode.begin_ms
