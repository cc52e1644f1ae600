"""The shipped policies of silence, parents, severities and the sale lock: data with its sources."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.liveness import Patience
from gongfu_fleet.domain.alarms.parents import TogetherPolicy
from gongfu_fleet.domain.alarms.sale_lock import SaleLockPolicy
from gongfu_fleet.domain.alarms.severity import Ladders, Rung, checked
from gongfu_fleet.domain.assets import AssetKind

Data = Mapping[str, Any]  # JSON values


@dataclass(frozen=True)
class LivenessPolicy:
    """When silence is an incident. ``broker_after_real_ms`` is real time, the rest platform time.

    ``zones_every_ms``: how often the probes are looked at one by one; ``power_settle_ms``: how long
    a cabinet's unit may go on to be wrong when its power is back.
    """

    patience: Mapping[AssetKind, Patience]
    site: TogetherPolicy
    gateway: TogetherPolicy
    broker_after_real_ms: int
    zones_every_ms: int
    power_settle_ms: int


@cache
def liveness_policy() -> LivenessPolicy:
    """``data/liveness.json``. Raises InvalidError for values that cannot hold."""
    data = _data("liveness.json")
    return LivenessPolicy(
        patience={AssetKind(kind): _patience(line) for kind, line in data["patience"].items()},
        site=_together(data["site"], Hazard.SITE_SILENT),
        gateway=_together(data["gateway"], Hazard.GATEWAY_SILENT),
        broker_after_real_ms=data["broker_after_real_s"] * 1000,
        zones_every_ms=data["zones_every_s"] * 1000,
        power_settle_ms=data["power_settle_s"] * 1000,
    )


@cache
def severity_ladders() -> Ladders:
    """``data/severity.json``. Raises InvalidError for a ladder that does not go up."""
    return {
        Hazard(line["hazard"]): checked(
            tuple(Rung(after_s * 1000, Severity(severity)) for after_s, severity in line["rungs"])
        )
        for line in _data("severity.json")["ladders"]
    }


@cache
def sale_lock_policy() -> SaleLockPolicy:
    """``data/sale_lock.json``. Raises InvalidError for more grace than the source allows."""
    data = _data("sale_lock.json")
    return SaleLockPolicy(
        hazards=frozenset(map(Hazard, data["hazards"])),
        severity=Severity(data["severity"]),
        grace_ms=data["grace_s"] * 1000,
        filled_kg=data["filled_kg"],
        retry_ms=data["retry_s"] * 1000,
    )


def _patience(line: Data) -> Patience:
    return Patience(
        least_ms=line["least_s"] * 1000,
        periods=line["periods"],
        period_ms=line["period_s"] * 1000,
        settle_ms=line["settle_s"] * 1000,
    )


def _together(line: Data, hazard: Hazard) -> TogetherPolicy:
    return TogetherPolicy(
        hazard=hazard,
        least=line["least"],
        share=line["share"],
        clear_share=line["clear_share"],
        after_ms={AssetKind(kind): s * 1000 for kind, s in line["after_s"].items()},
        together_ms=line["together_s"] * 1000,
        settle_ms=line["settle_s"] * 1000,
    )


def _data(name: str) -> Data:
    text = files("gongfu_fleet").joinpath("data", name).read_text(encoding="utf-8")
    data: Data = json.loads(text)
    return data
