"""Where the clocks of devices are kept: table ``clock`` of telemetry.db, saved with each batch."""

import sqlite3
from collections.abc import Mapping

from gongfu_ingest.device_clock import DeviceClock, from_text, to_text


def load_clocks(connection: sqlite3.Connection) -> dict[tuple[str, int], DeviceClock]:
    """Every clock by (device, boot)."""
    rows = connection.execute("SELECT dev, boot, state FROM clock")
    return {(dev, boot): from_text(state) for dev, boot, state in rows}


def save_clocks(
    connection: sqlite3.Connection, clocks: Mapping[tuple[str, int], DeviceClock]
) -> None:
    """Write what changed; must run inside a transaction."""
    connection.executemany(
        "INSERT OR REPLACE INTO clock VALUES (?, ?, ?, ?)",
        [(*key, clock.offset_ms, to_text(clock)) for key, clock in clocks.items()],
    )


def newest_clocks(connection: sqlite3.Connection) -> dict[str, DeviceClock]:
    """The clock of each device's newest boot that sent anything live."""
    rows = connection.execute("SELECT dev, max(boot), state FROM clock GROUP BY dev")
    return {dev: from_text(state) for dev, _, state in rows}
