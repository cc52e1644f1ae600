"""The watch by the wall clock: silent channels, what they follow from, and what grows graver.

It keeps nothing that a restart could lose: what runs is in the ledger, what was heard in the
telemetry, and all that a tick finds is one transaction. While we cannot hear ourselves - the broker
is away, or commits wait - nobody is called silent, nor for a while afterwards.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gongfu_broker.clock import Clock
from gongfu_fleet.domain.alarms.incident import Event, Incident, Raised, apply
from gongfu_fleet.domain.alarms.liveness import (
    Channel,
    Running,
    fell_silent,
    gone,
    heard_again,
    period_of,
)
from gongfu_fleet.domain.alarms.parents import (
    CHILDREN,
    OF_POWER,
    Moment,
    Together,
    Voice,
    broker_drafts,
    gateway_of,
    groups_fell_silent,
    groups_heard_again,
    releases,
    site_of,
    suppressions,
)
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.severity import Ladders, growing
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.ports import AssetRegistry, Connections, Readings
from gongfu_fleet.services.alarm_policies import LivenessPolicy

# A period is learned from this much of the past before the newest sample.
LEARN_MS = 6 * 3_600_000
MOST_PERIODS = 10_000
Last = Mapping[str, tuple[int, float]]
_log = logging.getLogger(__name__)


class Hearing(NamedTuple):
    """Our own ears: linked to the broker, and ``behind`` while what was taken waits too long."""

    connected: bool
    behind: bool


class LivenessLedger(Protocol):
    """What the ledger must offer: as ``WatchStore`` and ``IncidentLedger``."""

    def running(self) -> Sequence[Incident]:
        """Living incidents whose episode is not over."""
        ...

    def find(self, incident_id: str) -> Incident:
        """One incident. Raises NotFoundError."""
        ...

    def append(self, drafts: Sequence[Draft], *, at_ms: int) -> None:
        """Append events in one transaction. Raises ConflictError."""
        ...


@dataclass
class _Ears:
    """Since when we hear, or do not, platform time. Both None before the first look."""

    hears_ms: int | None = None
    lost_ms: int | None = None

    def note(self, hearing: Hearing, now_ms: int) -> None:
        """Look again."""
        if hearing.connected:
            self.lost_ms = None
        elif self.lost_ms is None:
            self.lost_ms = now_ms
        if not hearing.connected or hearing.behind:
            self.hears_ms = None
        elif self.hears_ms is None:
            self.hears_ms = now_ms


@dataclass
class LivenessWatch:
    """``tick`` is called again and again, by one thread of one process at a time."""

    ledger: LivenessLedger
    registry: AssetRegistry
    readings: Readings
    connections: Connections
    hearing: Callable[[], Hearing]
    policy: LivenessPolicy
    ladders: Ladders
    clock: Clock
    new_id: Callable[[], str]
    _ears: _Ears = field(default_factory=_Ears, init=False)
    _zones_ms: int | None = field(default=None, init=False)
    _periods: dict[tuple[str, str, int], int] = field(default_factory=dict, init=False)

    def tick(self) -> None:
        """Look at the clock once."""
        now_ms = self.clock.now_ms()
        self._ears.note(self.hearing(), now_ms)
        running = {incident.subject: incident for incident in self.ledger.running()}
        moment = Moment(now_ms, self.new_id)
        away_ms = round(self.policy.broker_after_real_ms * self.clock.speed)
        drafts = [
            *broker_drafts(self._ears.lost_ms, running, away_ms, moment),
            *self._silences(running, moment),
            *growing(running.values(), self.ladders, now_ms),
        ]
        after = _applied(running, drafts, now_ms)
        drafts += self._family(after, now_ms)
        if not drafts:
            return
        try:
            self.ledger.append(drafts, at_ms=now_ms)
        except ConflictError as fault:
            # Somebody changed an incident meanwhile: the next tick sees it as it is.
            _log.info("what a look at the clock found is looked at again: %s", fault)

    def _silences(self, running: Running, moment: Moment) -> Iterator[Draft]:
        assets, voices = self._heard()
        devices = [self._device(voice, running, moment.now_ms) for voice in voices]
        zones = self._probes(assets, moment.now_ms)
        yield from gone(assets, running, moment.now_ms)
        yield from heard_again([*devices, *zones], running)
        for together in self._together():
            yield from groups_heard_again(voices, running, together, moment.now_ms)
        settled = {kind for kind in AssetKind if self._settled(kind, moment.now_ms)}
        chosen = [voice for voice in voices if voice.asset.kind in settled]
        for together in self._together():
            yield from groups_fell_silent(chosen, running, together, moment)
        silent = [one for one in (*devices, *zones) if assets[one.asset].kind in settled]
        yield from fell_silent(silent, running, now_ms=moment.now_ms, new_id=moment.new_id)

    def _family(self, running: Running, now_ms: int) -> list[Draft]:
        children = [i for i in running.values() if i.subject.hazard in CHILDREN]
        units = [child for child in children if child.subject.hazard in OF_POWER]
        silent = [child for child in children if child.subject.hazard not in OF_POWER]
        freed = [
            *releases(silent, running, self.ledger.find, now_ms - self.policy.site.settle_ms),
            *releases(units, running, self.ledger.find, now_ms - self.policy.power_settle_ms),
        ]
        return [*freed, *suppressions(children, running, self.registry.assets())]

    def _together(self) -> tuple[Together, ...]:
        return Together(gateway_of, self.policy.gateway), Together(site_of, self.policy.site)

    def _heard(self) -> tuple[Mapping[str, Asset], list[Voice]]:
        assets = {asset.id: asset for asset in self.registry.assets().values() if asset.reports}
        links = self.connections.devices()
        voices = [
            Voice(assets[dev], link.heard_ms)
            for dev, link in links.items()
            if dev in assets and link.heard_ms is not None
        ]
        return assets, voices

    def _device(self, voice: Voice, running: Running, now_ms: int) -> Channel:
        asset, silence_ms = voice.asset, now_ms - voice.heard_ms
        patience = self.policy.patience[asset.kind]
        short = Channel(asset.id, 0, voice.heard_ms, silence_ms, patience.least_ms)
        # Of one that is known to be silent only its next word counts.
        if not short.silent or short.subject in running or not asset.zones:
            return short
        period_ms = self._period_ms(asset, asset.zones[0].metric)
        return short._replace(after_ms=patience.after_ms(period_ms))

    def _probes(self, assets: Mapping[str, Asset], now_ms: int) -> list[Channel]:
        if self._zones_ms is not None and now_ms - self._zones_ms < self.policy.zones_every_ms:
            return []
        self._zones_ms = now_ms
        found = self.readings.last()
        return [
            probe
            for asset in assets.values()
            if (last := found.get(asset.id))
            for probe in self._probes_of(asset, last)
        ]

    def _probes_of(self, asset: Asset, last: Last) -> Iterable[Channel]:
        patience = self.policy.patience[asset.kind]
        newest_ms = max(ts_ms for ts_ms, _ in last.values())
        for zone in asset.zones:
            if zone.metric not in last:
                continue
            heard_ms = last[zone.metric][0]
            silence_ms, after_ms = newest_ms - heard_ms, patience.least_ms
            if silence_ms > after_ms:
                after_ms = patience.after_ms(self._period_ms(asset, zone.metric))
            yield Channel(asset.id, zone.zone, heard_ms, silence_ms, after_ms)

    def _period_ms(self, asset: Asset, metric: str) -> int:
        """The device's own period, as its stored readings show it; asked of silent ones only."""
        default_ms = self.policy.patience[asset.kind].period_ms
        newest = self.readings.last([asset.id]).get(asset.id, {}).get(metric)
        if newest is None:
            return default_ms
        key = (asset.id, metric, newest[0])
        if key not in self._periods:
            if len(self._periods) > MOST_PERIODS:
                self._periods.clear()
            self._periods[key] = self._learned(key, default_ms)
        return self._periods[key]

    def _learned(self, key: tuple[str, str, int], default_ms: int) -> int:
        asset, metric, newest_ms = key
        end_ms = newest_ms + 1
        rows = self.readings.series(asset, metric, start_ms=end_ms - LEARN_MS, end_ms=end_ms)
        return period_of([ts_ms for ts_ms, _ in rows], default_ms)

    def _settled(self, kind: AssetKind, now_ms: int) -> bool:
        hears_ms = self._ears.hears_ms
        return hears_ms is not None and now_ms - hears_ms >= self.policy.patience[kind].settle_ms


def _applied(running: Running, drafts: Sequence[Draft], now_ms: int) -> Running:
    """The incidents that run after these drafts, so that a child has its parent at once."""
    known = {incident.id: incident for incident in running.values()}
    for draft in drafts:
        before = None if isinstance(draft.body, Raised) else known[draft.incident_id]
        known[draft.incident_id] = apply(draft.incident_id, before, Event(now_ms, None, draft.body))
    return {one.subject: one for one in known.values() if one.running}
