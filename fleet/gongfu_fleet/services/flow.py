"""What waits where on the way from the broker to InfluxDB, and how much room there is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Forwarding:
    """The way to InfluxDB: ``state`` is sending, filling, away, stopped or failed; real seconds."""

    state: str
    backlog: int
    oldest_unsent_s: float | None


@dataclass(frozen=True)
class Flow:
    """Ingest since its start: messages that wait for their commit, and what commits cost.

    Real seconds; ``commit_s`` is the sum over all ``commits``. ``forwarder`` is None where there is
    no InfluxDB.
    """

    waiting: int
    oldest_waiting_s: float | None
    commits: int
    commit_s: float
    last_commit_s: float
    refused_commits: int
    forwarder: Forwarding | None


@dataclass(frozen=True)
class Room:
    """The disk under the state folder, and what telemetry.db takes of it; bytes."""

    free_bytes: int
    store_bytes: int
