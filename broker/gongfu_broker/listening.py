"""Ports of this machine: one for oneself, and who listens on one that is taken."""

import contextlib
import random
import socket

import psutil

from gongfu_broker.errors import BrokerStartError

# Outgoing connections take theirs from above: from 32768 on Linux, from 49152 elsewhere. One of
# those may be gone again before its finder listens on it.
_OWN = range(20_000, 32_000)
_TRIES = 100
_chance = random.SystemRandom()


def free_port() -> int:
    """A port of 127.0.0.1 nobody listens on now, and which no outgoing connection will take.

    Raises BrokerStartError when every one of many is taken.
    """
    for port in _chance.sample(_OWN, _TRIES):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise BrokerStartError(f"{_TRIES} ports from {_OWN.start} on are taken: stop what holds them")


def require_free_port(host: str, port: int, setting: str = "GONGFU_BROKER__PORT") -> None:
    """Raise BrokerStartError, naming the holder where it can be seen, when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            holder = port_holder(port)
            raise BrokerStartError(
                f"port {port} on {host} is taken{holder} ({error.strerror}): stop that program, or "
                f"choose another port with {setting}"
            ) from None


def port_holder(port: int) -> str:
    """' by NAME (pid N)' for the process listening on the port, or '' where it cannot be seen."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listening = connection.status == "LISTEN" and connection.pid
            if listening and connection.laddr and connection.laddr.port == port:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""
