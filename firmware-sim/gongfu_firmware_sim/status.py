"""What the simulator is doing, in numbers."""

from dataclasses import dataclass


@dataclass
class SimStatus:
    """Counters since the start; ``connected``, ``in_ring`` and ``behind_ms`` are as of now."""

    devices: int = 0
    connected: int = 0
    rows: int = 0
    sent: int = 0
    backfilled: int = 0
    duplicates: int = 0
    acked: int = 0
    dropped: int = 0
    in_ring: int = 0
    commands: int = 0
    failed_devices: int = 0
    behind_ms: int = 0
