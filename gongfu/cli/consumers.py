"""``gongfu consumers``: who reads the log; dropping one lets the log be trimmed past it."""

from gongfu.cli.output import emit, fail, say
from gongfu.influx_side import BOOK
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu.telemetry import StoredIngestStatus, open_telemetry
from gongfu_fleet.services.watch_cold_chain import CONSUMER
from gongfu_ingest.stores.influx.shipments import CONSUMER as INFLUX


def show_consumers(settings: Settings, *, as_json: bool) -> None:
    """Print every consumer with its position, as last saved, and its lag."""
    telemetry = open_telemetry(settings.telemetry_path, read_only=True)
    found = StoredIngestStatus(telemetry, lambda: False).consumers()
    telemetry.close()
    if as_json:
        emit({"consumers": [consumer.__dict__ for consumer in found]})
        return
    for consumer in found:
        say(f"{consumer.name:20} at {consumer.seq:,}, {consumer.lag:,} records behind")


def drop_consumer(settings: Settings, name: str) -> None:
    """Forget a consumer; Gongfu must not run meanwhile."""
    if name == CONSUMER:
        fail(f"{name} finds the incidents: it cannot be dropped, only repaired; see its trouble")
    with hold_state(settings.state):
        telemetry = open_telemetry(settings.telemetry_path)
        known = telemetry.log.forget(name)
        telemetry.close()
        if name == INFLUX:
            # Its cursor would point below what is trimmed; without it, it fills from the store.
            (settings.state / BOOK).unlink(missing_ok=True)
    if not known:
        fail(f"there is no consumer {name!r}: see 'gongfu consumers'")
    say(f"{name} is dropped; should it come back, it reads the store again from the beginning")
