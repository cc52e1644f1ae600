"""The county of the load: N cabinets with chilled zones, a few of them too warm.

Everything a device says follows from its place, its boot and a number, so any message can be
rendered again, and any stored row judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gongfu_fleet.ports import RegistryStore
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import RegistryFiles, import_registry
from gongfu_fleet.services.registry_csv import ASSET_COLUMNS, ZONE_COLUMNS

SITE = "quzhou"
METRICS = ("zone_1_celsius", "door_open", "tray_1_kg")
POINTS = len(METRICS)
FIRST = 10_001
# Quiet ones wander inside 0 to 8 celsius; warm ones stay above.
_QUIET = tuple(round(3 + (7 * n % 41) / 20, 2) for n in range(41))
_WARM = tuple(round(11 + (7 * n % 41) / 20, 2) for n in range(41))
_KG = tuple(round(12 + (5 * n % 23) / 1000, 3) for n in range(23))
# A warm device's second message is a backlog, a row a minute: what might be a defrost of a unit
# unknown (75 min) is none any more 5 to 60 s later, while the load runs.
HISTORY_ROWS = 75
BACKLOG = 2
MINUTE_MS = 60_000
_SPREAD_S = 55


def device_id(place: int) -> str:
    """The id of the device at ``place`` (0, 1, …)."""
    return f"cab-{FIRST + place}"


def device_ids(devices: int) -> Iterator[str]:
    """All ids in order."""
    return (device_id(place) for place in range(devices))


@dataclass(frozen=True)
class Script:
    """What ``devices`` say: a sample each ``every_ms`` from ``begin_ms`` on, evenly spread.

    Message 1 may have come earlier, at ``first_ms``. The first ``warm`` devices breach.
    """

    devices: int
    begin_ms: int
    every_ms: int = 1_000
    warm: int = 0
    boot: int = 1
    first_ms: int | None = None

    def is_warm(self, place: int) -> bool:
        """Whether the device is one of those that breach."""
        return place < self.warm

    def at_ms(self, place: int, seq: int) -> int:
        """Device time of a message with one sample; 1 is the first."""
        since_ms = self.begin_ms + (seq - 1) * self.every_ms
        if seq == 1 and self.first_ms is not None:
            since_ms = self.first_ms
        return since_ms + place * self.every_ms // self.devices

    def seq_at(self, place: int, ts_ms: int) -> int:
        """Which message a stored row belongs to, when it belongs to one."""
        if self.is_warm(place) and (ts_ms - self.at_ms(place, 1)) and ts_ms < self.at_ms(place, 2):
            return BACKLOG
        return max(1, (ts_ms - self.at_ms(place, 2)) // self.every_ms + 2)

    def values(self, place: int, seq: int) -> tuple[float, int, float]:
        """Celsius, door, kilograms of the sample."""
        celsius = (_WARM if self.is_warm(place) else _QUIET)[(seq + place) % len(_QUIET)]
        return celsius, 0, _KG[(seq + 3 * place) % len(_KG)]

    def has_history(self, place: int, seq: int) -> bool:
        """Whether the message is a warm device's backlog, which goes out as backfill."""
        return seq == BACKLOG and self.is_warm(place)

    def rows(self, place: int, seq: int) -> list[tuple[int, tuple[float, int, float]]]:
        """(device time, values) of every sample of a message."""
        at_ms, values = self.at_ms(place, seq), self.values(place, seq)
        if not self.has_history(place, seq):
            return [(at_ms, values)]
        first_ms = at_ms - (HISTORY_ROWS - 1) * MINUTE_MS - 7 * place % _SPREAD_S * 1_000
        return [(first_ms + row * MINUTE_MS, values) for row in range(HISTORY_ROWS)]

    def payload(self, place: int, seq: int, lo: int) -> bytes:
        """The message, about 85 bytes for one sample."""
        if self.has_history(place, seq):
            return self._history(place, seq, lo)
        celsius, door, kilograms = self.values(place, seq)
        return b'{"v":1,"boot":%d,"seq":%d,"lo":%d,"t0":%d,"s":[[0,%a,%d,%a]]}' % (
            self.boot, seq, lo, self.at_ms(place, seq), celsius, door, kilograms,
        )  # fmt: skip

    def _history(self, place: int, seq: int, lo: int) -> bytes:
        rows = self.rows(place, seq)
        t0_ms = rows[0][0]
        told = ",".join(f"[{ts - t0_ms},{a!r},{b},{c!r}]" for ts, (a, b, c) in rows)
        head = f'{{"v":1,"boot":{self.boot},"seq":{seq},"lo":{lo},"t0":{t0_ms},"s":[{told}]}}'
        return head.encode()


def register(store: RegistryStore, devices: int) -> None:
    """Import the devices, each with a chilled zone, as ``gongfu import`` does."""
    files = RegistryFiles(
        assets=TableFile("assets.csv", _table(ASSET_COLUMNS, map(_asset, device_ids(devices)))),
        zones=TableFile("zones.csv", _table(ZONE_COLUMNS, map(_zone, device_ids(devices)))),
    )
    report = import_registry(store, files, by=None)
    if report.faults:
        raise ValueError(f"the bench's own devices were refused: {report.faults[0]}")


def _table(columns: tuple[str, ...], lines: Iterator[str]) -> bytes:
    return "\n".join([",".join(columns), *lines, ""]).encode()


def _asset(dev: str) -> str:
    return f"{dev},cabinet,负载 {dev},{SITE},118.87,28.93,made up for load,live,,,load,"


def _zone(dev: str) -> str:
    return f"{dev},1,zone_1_celsius,chilled_generic"
