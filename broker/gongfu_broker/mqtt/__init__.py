"""Our own MQTT client for 3.1.1 and 5: the codec, the protocol and the socket are kept apart.

bytes → inflow.py (messages the short way, decode.py for the rest) → session.py (the protocol, no
I/O) → link.py (asyncio) → client.py (the ports ``Intake`` and ``Bus``).
"""

from gongfu_broker.mqtt.backoff import wait_s
from gongfu_broker.mqtt.client import MqttConnector

__all__ = ["MqttConnector", "wait_s"]
