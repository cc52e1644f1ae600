"""Breaches on purpose during a fault test, and people who acknowledge what they are shown."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import httpx

from gongfu.bench.faults_herd import Herd, Rows
from gongfu.bench.faults_stand import Stand, until
from gongfu.faults.effort import Figures
from gongfu.fleet_side import open_fleet
from gongfu_broker.clock import real_ms
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.catalogue import RULES
from gongfu_fleet.domain.assets import Asset, Zone
from gongfu_fleet.ports import IncidentView
from gongfu_fleet.services.cold_policies import cold_policy

MINUTE_MS = 60_000
# Long enough for the slowest rule that is used here, with quiet rows before and behind.
HOT_MINUTES, QUIET_MINUTES = 60, 20
SLOWEST_RULE_MIN = 30
# The goods warm, too, and the unit has a reason each; the air's is the one that is counted.
COUNTED = Hazard.AIR_HIGH.value
# Each breach of an asset has hours of its own, far from the rows that the herd sends now.
WINDOW_MS = 4 * 60 * MINUTE_MS
ABOVE_CELSIUS = 6.0
# Longer than the delays of quick_alarms, which are 4 s.
HOT_S, COOL_S = 6, 8
MOST = 10_000


def breakable(assets: Sequence[Asset]) -> list[Asset]:
    """Assets whose first zone has a rule of at most half an hour."""
    return [a for a in assets if a.zones and _judges_soon(a.zones[0])]


def _judges_soon(zone: Zone) -> bool:
    return cold_policy(zone.policy.product_class).air_delay_min <= SLOWEST_RULE_MIN


def breach(zone: Zone, begin_ms: int) -> tuple[int, Rows]:
    """When it is seen to begin, and quiet rows, an hour too warm, quiet rows, one a minute.

    The median of three readings counts, so the second warm one is the first that is believed.
    """
    high = cold_policy(zone.policy.product_class).air_high_celsius
    rows = []
    for minute in range(-QUIET_MINUTES, HOT_MINUTES + QUIET_MINUTES):
        hot = 0 <= minute < HOT_MINUTES
        celsius = high + ABOVE_CELSIUS if hot else high - 2.0
        rows.append((begin_ms + minute * MINUTE_MS, (*([None] * (zone.zone - 1)), celsius)))
    return begin_ms + MINUTE_MS, rows


def breach_now(zone: Zone, now_ms: int) -> tuple[int, Rows]:
    """Cool rows, then rows too warm for longer than a quick rule waits, the last one now.

    Returns the millisecond it is seen to begin in, and the rows, one a second. See ``breach`` and
    ``quick_alarms``.
    """
    high = cold_policy(zone.policy.product_class).air_high_celsius
    begin_ms = now_ms - HOT_S * 1_000
    rows = []
    for second in range(-COOL_S, HOT_S + 1):
        celsius = high + ABOVE_CELSIUS if second >= 0 else high - 2.0
        rows.append((begin_ms + second * 1_000, (*([None] * (zone.zone - 1)), celsius)))
    return begin_ms + 1_000, rows


def of_zones(incidents: Iterable[IncidentView]) -> list[IncidentView]:
    """Those that the rules of a zone find; silence and wrong clocks are told by others."""
    hazards = {rule.hazard.value for rule in RULES}
    return [incident for incident in incidents if incident.hazard in hazards]


class Breaches:
    """One breach at a time, told by a device of the herd; acknowledged by a person over HTTP.

    Those of hours ago come as backfill of devices at work; those of now, live, of mute ones.
    """

    def __init__(self, stand: Stand, herd: Herd) -> None:
        self._stand = stand
        self._herd = herd
        self._assets = breakable(herd.assets)
        self._mute = breakable(herd.mute)
        self._began_ms = real_ms() - real_ms() % MINUTE_MS
        self._doors = ExitStack()
        self._client: httpx.Client | None = None
        self.told: set[tuple[str, int]] = set()
        self.acknowledged: set[str] = set()
        self.lost_answers = 0

    def tell(self) -> tuple[str, int]:
        """Tell the next breach; returns the asset and the millisecond it began in."""
        turn = len(self.told)
        asset = self._assets[turn % len(self._assets)]
        begin_ms = self._began_ms - (turn // len(self._assets) + 1) * WINDOW_MS
        begin_ms, rows = breach(asset.zones[0], begin_ms)
        self._herd.tell(asset.id, rows)
        self.told.add((asset.id, begin_ms))
        return asset.id, begin_ms

    def tell_live(self) -> tuple[str, int]:
        """Tell a breach of now on a mute device; returns as ``tell``."""
        asset = self._mute[len(self.told) % len(self._mute)]
        begin_ms, rows = breach_now(asset.zones[0], real_ms())
        self._herd.tell(asset.id, rows)
        self.told.add((asset.id, begin_ms))
        return asset.id, begin_ms

    def seconds_until_shown(self, asset: str, begin_ms: int, timeout_s: float) -> float:
        """From now until the incident of a breach stands in the list that people see."""
        began = time.monotonic()
        until(
            lambda: any(_counts(item, begin_ms) for item in self._list(asset)),
            timeout_s,
            f"an incident of {asset} is shown",
        )
        return round(time.monotonic() - began, 2)

    def acknowledge_all(self) -> None:
        """Acknowledge every open incident that nobody has acknowledged."""
        with suppress(httpx.HTTPError):
            for item in self._list():
                if item["acked_by"] is None:
                    self._acknowledge(str(item["id"]))

    def check_kept(self) -> None:
        """Count what was answered with 2xx and is not in the ledger; the platform must be down."""
        kept = {view.id: view for view in self._ledger()}
        self.lost_answers += sum(1 for one in self.acknowledged if not _acked(kept.get(one)))

    def figures(self) -> Figures:
        """Breaches against the ledger: each must stand there once; the platform must be down."""
        air = [view for view in self._ledger() if view.hazard == COUNTED]
        stands = [(view.asset, view.begin_ms) for view in air if not view.merged_into]
        return {
            "breaches": len(self.told),
            "incidents_lost": len(self.told - set(stands)),
            "incidents_doubled": len(stands) - len(set(stands)),
            "incidents_false": len(set(stands) - self.told),
            "http_acknowledged": len(self.acknowledged),
            "http_lost": self.lost_answers,
        }

    def close(self) -> None:
        """Leave without a word: sessions end by themselves."""
        self._doors.close()

    def _acknowledge(self, incident: str) -> None:
        path = f"/api/incidents/{incident}/acknowledge"
        self._signed_in().post(path, json={"note": "seen"}).raise_for_status()
        self.acknowledged.add(incident)

    def _list(self, asset: str | None = None) -> list[Figures]:
        asked: dict[str, str | int] = {"state": "all", "limit": 500}
        asked |= {"asset": asset} if asset else {}
        answer = self._signed_in().get("/api/incidents", params=asked).raise_for_status()
        items: list[Figures] = answer.json()["items"]
        return items

    def _signed_in(self) -> httpx.Client:
        if self._client is None:
            self._client = self._doors.enter_context(self._stand.house.sign_in())
        return self._client

    def _ledger(self) -> Sequence[IncidentView]:
        fleet = open_fleet(self._stand.settings)
        try:
            return fleet.incidents.all_items(MOST)
        finally:
            fleet.close()


@contextmanager
def breaches(stand: Stand, herd: Herd) -> Iterator[Breaches]:
    """A person and a list of breaches for the length of the block."""
    made = Breaches(stand, herd)
    try:
        yield made
    finally:
        made.close()


def _counts(item: Figures, begin_ms: int) -> bool:
    return (item["hazard"], item["begin_ms"]) == (COUNTED, begin_ms)


def _acked(view: IncidentView | None) -> bool:
    return view is not None and view.acked_by is not None
