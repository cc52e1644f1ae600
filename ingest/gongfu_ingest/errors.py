"""What can go wrong in ingest.

IngestError
├── StoreError        the telemetry store cannot do what was asked; the message says why
└── SchemaError       telemetry.db was made by another version of Gongfu
"""


class IngestError(Exception):
    """Base of every error of this package."""


class StoreError(IngestError):
    """The telemetry store cannot do what was asked."""


class SchemaError(IngestError):
    """telemetry.db was made by another version of Gongfu."""
