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


def wrong_clocks(connection: sqlite3.Connection) -> dict[str, int]:
    """What stamps of each device's newest boot are corrected by, ms; right clocks are left out."""
    # With max() SQLite takes the other columns from the row of the maximum.
    rows = connection.execute(
        "SELECT dev, offset_ms, max(boot) FROM clock GROUP BY dev HAVING offset_ms != 0"
    )
    return {dev: offset_ms for dev, offset_ms, _ in rows}
