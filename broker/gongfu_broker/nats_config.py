"""The embedded broker's configuration file, generated from the access rules."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongfu_broker.access import User

# 1000, the default, refuses the 1001st QoS-1 session.
MAX_CONSUMERS = 100_000
MAX_ACK_PENDING = 10_000
MAX_FILE_BYTES = 4 * 1024**3


@dataclass(frozen=True)
class NatsSettings:
    """Where the child listens and keeps its files. ``health_port`` 0: no health page.

    ``ack_wait_s``: after how long an unacknowledged message is sent again. It waits as long when
    its connection ended: the next one is not sent it at once.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 1883
    health_port: int = 0
    ack_wait_s: int = 60


def subject(topic_filter: str) -> str:
    """An MQTT filter as a NATS subject: ``/`` is ``.``, ``+`` is ``*``, ``#`` is ``>``."""
    return topic_filter.replace("/", ".").replace("+", "*").replace("#", ">")


def render(settings: NatsSettings, users: Iterable[User]) -> str:
    """The configuration as text; JSON is valid NATS configuration."""
    config: dict[str, Any] = {  # Any: NATS configuration is nested JSON
        "server_name": "gongfu-embedded",
        # The NATS port itself is not used; a random one on loopback keeps it out of the way.
        "host": "127.0.0.1",
        "port": -1,
        "pid_file": str(settings.folder / "nats.pid"),
        "log_file": str(settings.folder / "nats.log"),
        "logfile_size_limit": 10_000_000,
        "max_connections": 20_000,
        "jetstream": {
            "store_dir": str(settings.folder / "jetstream"),
            "max_file_store": MAX_FILE_BYTES,
            "max_memory_store": 256 * 1024**2,
            "limits": {"default_max_consumers": MAX_CONSUMERS},
        },
        "mqtt": {
            "host": settings.host,
            "port": settings.port,
            "max_ack_pending": MAX_ACK_PENDING,
            "ack_wait": f"{settings.ack_wait_s}s",
        },
        "authorization": {"users": [_user(user) for user in users if user.has_password]},
    }
    if settings.health_port:
        config["http"] = f"127.0.0.1:{settings.health_port}"
    return json.dumps(config, indent=1)


def _user(user: User) -> dict[str, Any]:  # Any: NATS configuration is nested JSON
    subscribe = [subject(topic) for topic in user.subscribe]
    if user.persistent:
        subscribe.append("$MQTT.sub.>")
    return {
        "user": user.name,
        "password": user.hashes.nats if user.hashes else user.secret,
        # Not on the server's own port, which nobody uses.
        "allowed_connection_types": ["MQTT"],
        "permissions": {
            "publish": [subject(topic) for topic in user.publish],
            "subscribe": subscribe,
        },
    }
