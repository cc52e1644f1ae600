"""What must happen now and then to telemetry.db; it is written in the one thread that writes."""

from collections.abc import Sequence
from dataclasses import dataclass

from gongfu.settings import StoreSettings
from gongfu.telemetry import Telemetry
from gongfu_broker.clock import Clock
from gongfu_fleet.jobs import Job

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
FOLD_EVERY_MS = 20 * MINUTE_MS
# Rows stay hot at least this long, so that what comes a little late needs no second fold.
HOT_MS = 10 * MINUTE_MS


@dataclass
class Folding:
    """Packs hot rows into hour blocks, once per twenty minutes of platform time."""

    telemetry: Telemetry
    clock: Clock
    cut_ms: int = 0

    def __call__(self) -> None:
        """Reads and packs in this thread; only what is written goes through the writer."""
        cut_ms = self.clock.now_ms() - HOT_MS
        cut_ms -= cut_ms % FOLD_EVERY_MS
        if cut_ms != self.cut_ms:
            self.telemetry.store.fold(cut_ms, self.telemetry.in_writer)
            self.cut_ms = cut_ms


def housekeeping(telemetry: Telemetry, clock: Clock, store: StoreSettings) -> Sequence[Job]:
    """Newest values, hour blocks, trimming, retention."""

    def expire() -> int:
        before_ms = clock.now_ms() - store.retention_ms
        # Whole hours: a block is dropped, never cut in two.
        return telemetry.store.expire(before_ms - before_ms % HOUR_MS, telemetry.in_writer)

    def trim() -> int:
        return telemetry.in_writer(telemetry.log.trim)

    return (
        Job("newest values", 5, lambda: telemetry.store.refresh_last(telemetry.in_writer)),
        Job("hour blocks", 20, Folding(telemetry, clock)),
        Job("trim the log", 30, trim),
        Job("retention", 600, expire),
    )
