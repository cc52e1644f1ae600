"""Where the clocks of devices are kept: table ``clock`` of telemetry.db, saved with each batch."""

import sqlite3
from collections.abc import Mapping

from gongfu_ingest.device_clock import DeviceClock, from_text, to_text

TABLE = """
CREATE TABLE IF NOT EXISTS clock (
    dev TEXT NOT NULL, boot INTEGER NOT NULL, offset_ms INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (dev, boot)
) WITHOUT ROWID
"""


def load_clocks(writer: sqlite3.Connection) -> dict[tuple[str, int], DeviceClock]:
    """Every clock by (device, boot)."""
    writer.execute(TABLE)
    rows = writer.execute("SELECT dev, boot, state FROM clock")
    return {(dev, boot): from_text(state) for dev, boot, state in rows}


def save_clocks(
    connection: sqlite3.Connection, clocks: Mapping[tuple[str, int], DeviceClock]
) -> None:
    """Write what changed; must run inside a transaction."""
    connection.executemany(
        "INSERT OR REPLACE INTO clock VALUES (?, ?, ?, ?)",
        [(*key, clock.offset_ms, to_text(clock)) for key, clock in clocks.items()],
    )


def wrong_clocks(reader: sqlite3.Connection) -> dict[str, int]:
    """Milliseconds added to the stamps of each device whose newest known boot needs it."""
    rows = reader.execute(
        "SELECT dev, offset_ms, max(boot) FROM clock GROUP BY dev HAVING offset_ms != 0"
    )
    return {dev: offset_ms for dev, offset_ms, _ in rows}
