"""What must happen now and then to telemetry.db; all of it in the one thread that writes."""

from collections.abc import Callable, Sequence

from gongfu.settings import StoreSettings
from gongfu.telemetry import Telemetry
from gongfu_broker.clock import Clock
from gongfu_fleet.jobs import Job

DAY_MS = 86_400_000


def housekeeping(telemetry: Telemetry, clock: Clock, store: StoreSettings) -> Sequence[Job]:
    """Newest values, rollup, trimming, retention."""

    def at_once(work: Callable[[], object]) -> object:
        return telemetry.writer.submit(work).result()

    def in_writer(work: Callable[[], object]) -> Callable[[], object]:
        return lambda: at_once(work)

    def expire() -> int:
        return telemetry.store.expire(clock.now_ms() - store.retention_days * DAY_MS)

    return (
        Job("newest values", 5, lambda: telemetry.store.refresh_last(at_once)),
        Job("hourly rollup", 15, in_writer(telemetry.store.roll_up)),
        Job("trim the log", 30, in_writer(telemetry.log.trim)),
        Job("retention", 600, in_writer(expire)),
    )
