"""What can go wrong on the bus.

BrokerError
├── TopicError        a topic outside the tree ``clf/v1/{site}/{dev}/{leaf}``
├── PayloadError      a payload that breaks the wire contract; carries a reason code
├── CursorError       a consumer's cursor that does not fit this log
├── BrokerStartError  the embedded broker cannot start (port taken, binary missing)
└── BusDisconnectedError   the connection to the broker is gone
"""


class BrokerError(Exception):
    """Base of every error of this package."""


class TopicError(BrokerError):
    """The topic is not part of the contract."""


class PayloadError(BrokerError):
    """The payload breaks the contract; ``reason`` is a member of ``payloads.Reason``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class CursorError(BrokerError):
    """The cursor belongs to another log, or lies outside this one."""


class BrokerStartError(BrokerError):
    """The embedded broker cannot start; the message says what to do."""


class BusDisconnectedError(BrokerError):
    """The connection to the broker is gone; connect again with back-off."""
