"""What can go wrong between this client and a broker.

BrokerError
└── UnsendableError       what fits no MQTT packet

BusDisconnectedError
├── MalformedPacketError  bytes that are no MQTT packet; the connection is ended
├── ConnectRefusedError   the broker answered CONNECT with a refusal; carries its code
└── LinkSilentError       nothing heard for 1.5 × keep-alive: the other end is gone
"""

from gongfu_broker.errors import BrokerError, BusDisconnectedError


class UnsendableError(BrokerError):
    """What was to be sent fits no MQTT packet; the message says why."""


class MalformedPacketError(BusDisconnectedError):
    """The broker sent what MQTT does not allow; connect again, and check what listens there."""


class ConnectRefusedError(BusDisconnectedError):
    """The broker refuses this connection; the message says what to change."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class LinkSilentError(BusDisconnectedError):
    """The other end has fallen silent; connect again with back-off."""
