"""``gongfu bench mqtt``: CPU µs per QoS-1 message of about 115 bytes, ours and other clients.

One broker for all (mosquitto where it was fetched, else NATS), one process per measurement, the
clients in turn, medians over the turns. ``us``: as fast as the broker hands messages over.
``live_us``: 2,000 messages a second, two in each millisecond, as from many devices.
"""

import importlib.util
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from gongfu.bench.load_broker import BenchBroker, broker_name
from gongfu.bench.load_process import Companion
from gongfu.bench.mqtt_clients import FILTER, HOST, Client, Spec
from gongfu.cli.output import say
from gongfu_broker.access import User
from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.packets import Connect, Publish, Version

SUBSCRIBER = User("bench-in", "hears-on-loopback-only", publish=(), subscribe=(FILTER,),
                  persistent=True)  # fmt: skip
PUBLISHER = User("bench-out", "says-on-loopback-only", publish=(FILTER,), subscribe=())
DEVICES = 1_000
PAYLOAD = (
    b'{"v":1,"boot":17,"seq":%d,"t0":1732212345000,"lo":1,"s":[[0,3.42,61.5,0,0,12.714,0.35]]}'
)
PAYLOAD_BYTES = 115
TICK_S = 0.001
PER_TICK = 2
IN_FLIGHT = 1_000
TIMEOUT_S = 120.0


class Flood:
    """A publisher with little more than a socket: every PUBACK is counted."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hello = Connect(
            PUBLISHER.name, 600, user=PUBLISHER.name, password=PUBLISHER.secret.encode()
        )
        self._socket.sendall(encode(hello, Version.V311))
        self._read(4)
        self._waiting = 0

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def burst(self, packets: list[bytes]) -> None:
        """Everything, as fast as the broker acknowledges."""
        for at in range(0, len(packets), IN_FLIGHT):
            self._send(packets[at : at + IN_FLIGHT])
            self._settle()

    def live(self, packets: list[bytes]) -> None:
        """A few each millisecond."""
        begin = time.monotonic()
        for at in range(0, len(packets), PER_TICK):
            self._send(packets[at : at + PER_TICK])
            if self._waiting >= IN_FLIGHT:
                self._settle()
            time.sleep(max(0.0, begin + at / PER_TICK * TICK_S - time.monotonic()))
        self._settle()

    def _send(self, packets: list[bytes]) -> None:
        self._socket.sendall(b"".join(packets))
        self._waiting += len(packets)

    def _settle(self) -> None:
        self._read(4 * self._waiting)
        self._waiting = 0

    def _read(self, count: int) -> None:
        while count:
            got = len(self._socket.recv(min(count, 65_536)))
            if not got:
                raise ConnectionError("the broker hung up on the publisher: look into its log")
            count -= got


def messages(count: int) -> list[bytes]:
    """PUBLISH packets of QoS 1 from many devices."""
    made = []
    for n in range(count):
        topic = f"clf/v1/hangzhou/cab-{n % DEVICES + 1:04}/tel"
        payload = (PAYLOAD % n).ljust(PAYLOAD_BYTES)
        packet = Publish(topic, payload, 1, packet_id=n % 65_535 + 1)
        made.append(encode(packet, Version.V311))
    return made


def mqtt(*, quick: bool, seed: int) -> dict[str, Any]:  # Any: figures of several types
    """Measure every client on one broker and return the figures."""
    del seed  # nothing is left to chance
    turns, burst, live = (3, 6_000, 2_000) if quick else (5, 30_000, 12_000)
    taken: dict[Client, list[tuple[float, float]]] = {client: [] for client in _clients()}
    with tempfile.TemporaryDirectory(prefix="gongfu-bench-") as name:
        folder = Path(name)
        with BenchBroker(folder / "broker", [SUBSCRIBER, PUBLISHER]) as broker:
            for turn in range(turns):
                for client, figures in taken.items():
                    us, live_us = _measure(client, broker.port, folder, (burst, live))
                    figures.append((us, live_us))
                    say(f"{turn + 1}/{turns} {client:15} {us:6.1f} µs, live {live_us:6.1f} µs")
    return {**_figures(taken), "runs": turns}


def _figures(taken: dict[Client, list[tuple[float, float]]]) -> dict[str, Any]:  # Any: as above
    us = {client.value: _median(each, 0) for client, each in taken.items()}
    live_us = {client.value: _median(each, 1) for client, each in taken.items()}
    return {
        "broker": broker_name(),
        "us": us,
        "live_us": live_us,
        "ratio_aiomqtt": round(us[Client.AIOMQTT] / us[Client.OWN], 1),
        "live_ratio_aiomqtt": round(live_us[Client.AIOMQTT] / live_us[Client.OWN], 1),
        **({} if importlib.util.find_spec("gmqtt") else {"skipped": "gmqtt is not installed"}),
    }


def _clients() -> list[Client]:
    without: set[Client] = set()
    if broker_name() != "mosquitto":
        without |= {Client.OWN_5, Client.AIOMQTT_5}
    if importlib.util.find_spec("gmqtt") is None:
        without |= {Client.GMQTT_AUTO, Client.GMQTT_MANUAL}
    return [client for client in Client if client not in without]


def _measure(
    client: Client, port: int, folder: Path, counts: tuple[int, int]
) -> tuple[float, float]:
    """(µs a message in a burst, µs a message live)."""
    burst, live = messages(counts[0]), messages(counts[1])
    with _listening(client, port, folder) as companion, _publisher(port) as flood:
        warm = counts[1] // 4
        flood.burst(burst[:warm])
        began = _cpu_s(companion, warm)
        flood.burst(burst)
        between = _cpu_s(companion, warm + len(burst))
        flood.live(live)
        ended = _cpu_s(companion, warm + len(burst) + len(live))
    return (between - began) / len(burst) * 1e6, (ended - between) / len(live) * 1e6


def _cpu_s(companion: Companion, until: int) -> float:
    told = companion.ask({"until": until}, TIMEOUT_S)
    return float(told["cpu_s"])


@contextmanager
def _listening(client: Client, port: int, folder: Path) -> Iterator[Companion]:
    spec = folder / "client.json"
    spec.write_bytes(msgspec.json.encode(Spec(client, port, SUBSCRIBER.name, SUBSCRIBER.secret)))
    with Companion("gongfu.bench.mqtt_clients", spec, folder / "client.log") as companion:
        companion.ask({"until": 0}, TIMEOUT_S)
        yield companion


@contextmanager
def _publisher(port: int) -> Iterator[Flood]:
    flood = Flood(port)
    try:
        yield flood
    finally:
        flood.close()


def _median(figures: list[tuple[float, float]], place: int) -> float:
    return round(statistics.median(each[place] for each in figures), 1)
