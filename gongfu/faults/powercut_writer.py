"""A child that writes a device's ring until the power goes, and says aloud what it may rely on.

``python -m gongfu.faults.powercut_writer RING`` prints one line after each commit that returned:
``stored SEQ`` before a message would be published, ``freed SEQ`` after an application ack was
booked. With ``careless`` as second word it writes plain rows without any sync, so that a test can
see the harness lose something.
"""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.errors import RingError
from gongfu_firmware_sim.outbox import Key
from gongfu_firmware_sim.ring import Changes, Ring, Stored

DEV = "cab-0001"
ACK_EVERY, ACK_BEHIND = 5, 20
PAYLOAD = b'{"v":1,"boot":%d,"seq":%d,"t0":1760000400000,"s":[[0,4.2]]}'
Say = Callable[[str], None]


def write_ring(path: Path, say: Say) -> None:
    """Issue messages one commit each, free old ones as acks would; ends with the disk."""
    ring = Ring(path, ledger=True)
    started = ring.start([DEV])[DEV]
    say(f"boot {started.boot}")
    seq = 0
    while True:
        seq += 1
        message = Stored(DEV, started.boot, seq, Leaf.TEL, PAYLOAD % (started.boot, seq))
        changes = Changes(messages=[message], newest_ms={DEV: seq})
        freed = seq - ACK_BEHIND if seq % ACK_EVERY == 0 else 0
        if freed > 0:
            changes.acked.append((DEV, Key(started.boot, freed)))
        ring.commit(changes)
        say(f"stored {seq}")
        if freed > 0:
            say(f"freed {freed}")


def write_carelessly(path: Path, say: Say) -> None:
    """Rows without sync: what a power cut is expected to take."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("CREATE TABLE IF NOT EXISTS row (seq INTEGER PRIMARY KEY)")
    while True:
        (seq,) = db.execute("INSERT INTO row DEFAULT VALUES RETURNING seq").fetchone()
        say(f"stored {seq}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Write until the disk is gone."""
    path, careless = Path(sys.argv[1]), "careless" in sys.argv[2:]
    try:
        (write_carelessly if careless else write_ring)(path, _say)
    except (RingError, sqlite3.Error) as error:
        _say(f"ended {error}")


if __name__ == "__main__":
    main()
