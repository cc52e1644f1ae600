"""The demonstration: the registry's assets as simulated devices, and the faults a newcomer sees."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gongfu_broker.columns import DeviceKind
from gongfu_firmware_sim.faults import FaultKind, Injection
from gongfu_firmware_sim.scenario import DeviceSpec, LonLat, ScenarioSpec
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_geo.villages import Village, shipped_places

MINUTE_MS = 60_000
# (device, fault, minutes after the start, minutes it lasts)
SHOWN_FAULTS = (
    ("cab-0007", FaultKind.COMPRESSOR_STOP, 6, 240),
    ("cab-0070", FaultKind.DOOR_AJAR, 45, 90),
    ("veh-0012", FaultKind.COMPRESSOR_STOP, 90, 180),
)


def demo_scenario(assets: Mapping[str, Asset], *, seed: int, start_ms: int) -> ScenarioSpec:
    """Every reporting asset; trucks share the served villages of their county."""
    rounds = truck_rounds(assets.values(), shipped_places().villages.values())
    devices = tuple(_device(asset, rounds) for asset in assets.values() if asset.reports)
    known = {device.dev for device in devices}
    injections = tuple(
        Injection(dev, kind, start_ms + after * MINUTE_MS, minutes * 60)
        for dev, kind, after, minutes in SHOWN_FAULTS
        if dev in known
    )
    return ScenarioSpec(seed, start_ms, devices, injections)


def truck_rounds(
    assets: Iterable[Asset], villages: Iterable[Village]
) -> dict[str, tuple[LonLat, ...]]:
    """Villages per truck: each county's served villages by bearing from the depot, in equal parts.

    A stand-in for the planner: it only has to keep a truck in one corner of its county.
    """
    trucks: dict[str, list[Asset]] = defaultdict(list)
    for asset in assets:
        if asset.kind is AssetKind.TRUCK and asset.reports:
            trucks[asset.county_code or ""].append(asset)
    served: dict[str, list[LonLat]] = defaultdict(list)
    for village in villages:
        if village.served:
            served[village.county_code].append((village.point.lon, village.point.lat))
    rounds: dict[str, tuple[LonLat, ...]] = {}
    for county, fleet in trucks.items():
        depot = (fleet[0].lon, fleet[0].lat)
        points = sorted(served[county], key=lambda point: _bearing(depot, point))
        for asset, share in zip(fleet, _shares(points, len(fleet)), strict=True):
            rounds[asset.id] = tuple(share)
    return rounds


def _device(asset: Asset, rounds: Mapping[str, tuple[LonLat, ...]]) -> DeviceSpec:
    truck = asset.kind is AssetKind.TRUCK
    return DeviceSpec(
        dev=asset.id,
        kind=DeviceKind.TRUCK if truck else DeviceKind.CABINET,
        site=asset.site,
        zones=tuple(zone.policy.product_class for zone in asset.zones),
        depot=(asset.lon, asset.lat) if truck else None,
        stops=rounds[asset.id] if truck else (),
        model=asset.model,
    )


def _bearing(origin: LonLat, point: LonLat) -> float:
    return math.atan2(point[1] - origin[1], point[0] - origin[0])


def _shares(points: Sequence[LonLat], parts: int) -> list[Sequence[LonLat]]:
    cuts = [round(len(points) * part / parts) for part in range(parts + 1)]
    return [points[a:b] for a, b in itertools.pairwise(cuts)]
