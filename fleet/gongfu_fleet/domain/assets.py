"""Trucks and cabinets as the registry knows them. Temperatures celsius, delays seconds."""

from dataclasses import dataclass
from enum import StrEnum


class AssetKind(StrEnum):
    """What an asset is."""

    TRUCK = "truck"
    CABINET = "cabinet"


class Lifecycle(StrEnum):
    """Where an asset stands between the plan and the scrapyard."""

    PLANNED = "planned"
    CONTRACTED = "contracted"
    INSTALLED = "installed"
    LIVE = "live"
    RETIRED = "retired"


REPORTING = frozenset({Lifecycle.INSTALLED, Lifecycle.LIVE})


@dataclass(frozen=True)
class Policy:
    """Limits and delays of a product class. A limit of None is no limit; 0 is a limit like any."""

    product_class: str
    version: int
    low_celsius: float | None
    high_celsius: float | None
    deadband_celsius: float
    on_delay_s: int
    low_on_delay_s: int
    off_delay_s: int
    max_gap_s: int
    source: str


@dataclass(frozen=True)
class Zone:
    """One climate zone: ``metric`` measures it, ``policy`` judges it."""

    zone: int
    metric: str
    policy: Policy


@dataclass(frozen=True)
class Asset:
    """A registered asset; ``lon``/``lat`` WGS-84, for a truck where it is parked.

    ``operator`` is the organisation that runs it; ``gateway`` what links it, if it has none of its
    own.
    """

    id: str
    kind: AssetKind
    name: str
    site: str
    lon: float
    lat: float
    position_source: str
    lifecycle: Lifecycle
    county_code: str | None
    depot: str | None
    model: str
    place: str
    zones: tuple[Zone, ...]
    operator: str
    town_code: str | None = None
    gateway: str | None = None

    @property
    def reports(self) -> bool:
        """Whether telemetry is expected of it."""
        return self.lifecycle in REPORTING
