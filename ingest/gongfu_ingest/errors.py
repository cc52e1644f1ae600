"""What can go wrong in ingest.

IngestError
├── StoreError         the telemetry store cannot do what was asked; the message says why
├── StoreFullError     ingest takes nothing more until there is room; the message says how
├── LostWritesError    a flush to the disk failed: the process must end
├── BlockError         an hour block is damaged
├── SchemaError        telemetry.db was made by another version of Gongfu
├── LineError          a point that line protocol cannot carry
├── ServerBusyError    InfluxDB takes nothing now (429, 5xx, no connection): try again
├── LinesRefusedError  InfluxDB refuses what the lines say (400, 413, 422)
│   └── LinesExpiredError  some are older than its retention; it has taken the others
└── ServerSetupError   InfluxDB refuses us (401, 403, 404, …): settings must change
"""


class IngestError(Exception):
    """Base of every error of this package."""


class StoreError(IngestError):
    """The telemetry store cannot do what was asked."""


class BlockError(IngestError):
    """An hour block is damaged; the message says what does not fit."""


class StoreFullError(IngestError):
    """Ingest takes nothing more until there is room."""


class LostWritesError(IngestError):
    """A flush to the disk failed: what is in memory may not be on the disk, so the process ends."""


class SchemaError(IngestError):
    """telemetry.db was made by another version of Gongfu."""


class LineError(IngestError):
    """A point that line protocol cannot carry."""


class ServerBusyError(IngestError):
    """InfluxDB takes nothing now; ``retry_after_s`` is the shortest wait it asked for."""

    def __init__(self, why: str, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class LinesRefusedError(IngestError):
    """InfluxDB refuses what the lines say; the message is the server's text."""


class LinesExpiredError(LinesRefusedError):
    """InfluxDB took the body, except ``expired`` lines that are older than its own retention."""

    def __init__(self, why: str, expired: int) -> None:
        super().__init__(why)
        self.expired = expired


class ServerSetupError(IngestError):
    """InfluxDB refuses us; the message names the setting to look at."""
