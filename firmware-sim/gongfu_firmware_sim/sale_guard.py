"""The sale lock that a cabinet sets itself while nobody can tell it to.

It follows the temperature of its goods by its own air, as a first-order filter. Above the critical
limit of what it keeps, and cut off from the platform, for ``DELAY_MS`` together, it stops selling.
Only a command ends that. Shortly after filling, and after a person ended a lock, it may be warm.
Limits and time constants per class: crit_prod_hi and tau_min of the alarm defaults.
"""

from collections.abc import Mapping
from math import exp
from typing import NamedTuple

from gongfu_broker.codec import KNOWN_VERSION
from gongfu_broker.columns import TRAYS, DeviceKind, positions
from gongfu_firmware_sim.controls import WITHOUT_END, Controls
from gongfu_firmware_sim.daytime import MINUTE_MS
from gongfu_firmware_sim.moment import Values

DELAY_MS = 10 * MINUTE_MS
# The FDA Food Code, 4-204.111, allows no longer one after filling or servicing.
GRACE_MS = 30 * MINUTE_MS
FILLED_KG = 1.0


class Goods(NamedTuple):
    """What goods stand: too warm above the limit; they follow the air with the time constant."""

    critical_celsius: float
    tau_ms: int


KEPT: Mapping[str, Goods] = {
    "frozen": Goods(-12.0, 120 * MINUTE_MS),
    "ice_cream": Goods(-12.0, 90 * MINUTE_MS),
    "chilled_meat": Goods(7.0, 90 * MINUTE_MS),
    "rte_tcs": Goods(8.0, 60 * MINUTE_MS),
    "tofu": Goods(10.0, 60 * MINUTE_MS),
    "dairy": Goods(8.0, 60 * MINUTE_MS),
    "leafy_greens": Goods(10.0, 60 * MINUTE_MS),
    "citrus": Goods(15.0, 120 * MINUTE_MS),
    "eggs": Goods(10.0, 90 * MINUTE_MS),
    "chilled_generic": Goods(10.0, 60 * MINUTE_MS),
    "pharma_2_8": Goods(25.0, 30 * MINUTE_MS),
}
_PLACES = positions(KNOWN_VERSION, DeviceKind.CABINET)
_AIR = _PLACES["zone_1_celsius"]
_TRAYS = tuple(_PLACES[f"tray_{tray}_kg"] for tray in range(1, TRAYS + 1))


class SaleGuard:
    """Feels each row of one cabinet in order of time; a reboot begins with the next reading."""

    def __init__(self, goods: Goods) -> None:
        self.celsius: float | None = None
        self._goods = goods
        self._felt_ms = 0
        self._since_ms: int | None = None
        self._filled_ms: int | None = None
        self._trays: dict[int, float] = {}

    def feel(self, ts_ms: int, values: Values, *, cut_off: bool, controls: Controls) -> bool:
        """Whether the cabinet is to lock its sale now, by this row."""
        self._weigh(ts_ms, values)
        air = values[_AIR] if len(values) > _AIR else None
        if air is not None:
            self._warm(ts_ms, air)
        if not cut_off or self.celsius is None or self.celsius <= self._goods.critical_celsius:
            self._since_ms = None
            return False
        if self._since_ms is None:
            self._since_ms = ts_ms
        if controls.sale_locked or self._spared(ts_ms, controls):
            return False
        return ts_ms - self._since_ms >= DELAY_MS

    def _warm(self, ts_ms: int, air: float) -> None:
        if self.celsius is None:
            self.celsius = air
        else:
            left = exp((self._felt_ms - ts_ms) / self._goods.tau_ms)
            self.celsius = air + (self.celsius - air) * left
        self._felt_ms = ts_ms

    def _weigh(self, ts_ms: int, values: Values) -> None:
        for tray in _TRAYS:
            kg = values[tray] if len(values) > tray else None
            if kg is None:
                continue
            if kg - self._trays.get(tray, kg) >= FILLED_KG:
                self._filled_ms = ts_ms
            self._trays[tray] = kg

    def _spared(self, ts_ms: int, controls: Controls) -> bool:
        unlocked = [end for _, end in controls.locks if end != WITHOUT_END]
        attended = [*unlocked, *([self._filled_ms] if self._filled_ms is not None else [])]
        return bool(attended) and ts_ms - max(attended) < GRACE_MS
