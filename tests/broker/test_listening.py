"""Ports: which are one's own to take, and what is said of one that is taken."""

import socket

import pytest

from gongfu_broker.errors import BrokerStartError
from gongfu_broker.listening import free_port, require_free_port


def test_no_outgoing_connection_takes_a_port_that_was_found_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        outgoing = []
        for _ in range(50):
            with socket.create_connection(server.getsockname()) as connection:
                outgoing.append(connection.getsockname()[1])
    if min(outgoing) < 32_000:
        pytest.skip("this machine takes ports of outgoing connections from below 32000")
    assert max(free_port() for _ in range(50)) < min(outgoing)


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]
        with pytest.raises(BrokerStartError, match=rf"port {taken} on 127\.0\.0\.1 is taken by "):
            require_free_port("127.0.0.1", taken)
    require_free_port("127.0.0.1", taken)
