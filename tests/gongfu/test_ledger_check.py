"""The checker behind the fault tests finds what it is there to find."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gongfu.ledger_check import Verdict, check_ledger
from gongfu_broker.columns import DeviceKind
from gongfu_broker.ports import Device
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.outbox import Key
from gongfu_firmware_sim.ring import Changes, Ring, Stored
from gongfu_ingest.commit import Committer
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.messages import Draft

NOW = 1_763_424_000_000
DEV = "cab-0001"
DEVICES = {DEV: Device(DEV, "hangzhou", DeviceKind.CABINET)}


class Registry:
    def devices(self) -> Mapping[str, Device]:
        return DEVICES


class Bench:
    """A device's ring with its ledger, and a store; each hears what the test lets it hear."""

    def __init__(self, folder: Path) -> None:
        self.ring_path, self.store_path = folder / "devices.db", folder / "telemetry.db"
        self.ring = Ring(self.ring_path, ledger=True)
        self.database = Database(self.store_path)
        self.committer = Committer(self.database, TelemetryLog(self.database), Registry())
        self.boot = self.ring.start([DEV])[DEV].boot

    def message(self, seq: int, *, celsius: float = 4.0, boot: int | None = None) -> bytes:
        body = {"v": 1, "boot": self.boot if boot is None else boot, "seq": seq, "lo": 1}
        return json.dumps({**body, "t0": NOW + seq * 1000, "s": [[0, celsius, 0]]}).encode()

    def keep(self, seq: int, *, acked: bool) -> None:
        stored = Stored(DEV, self.boot, seq, Leaf.TEL, self.message(seq))
        self.ring.commit(Changes(messages=[stored]))
        if acked:
            self.ring.commit(Changes(acked=[(DEV, Key(self.boot, seq))]))

    def commit(self, payload: bytes, leaf: Leaf = Leaf.TEL) -> None:
        self.committer.commit([Draft(f"clf/v1/hangzhou/{DEV}/{leaf}", payload, NOW + 60_000)])

    def keep_event(self, seq: int) -> bytes:
        event = {"v": 1, "boot": self.boot, "seq": seq, "lo": 1, "ts": NOW, "kind": "door"}
        payload = json.dumps({**event, "id": f"e-{seq}", "data": {"open": 1}}).encode()
        self.ring.commit(Changes(messages=[Stored(DEV, self.boot, seq, Leaf.EVT, payload)]))
        self.ring.commit(Changes(acked=[(DEV, Key(self.boot, seq))]))
        return payload

    def verdict(self) -> Verdict:
        return check_ledger(self.ring_path, self.store_path, DEVICES)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.ring.close()
    made.database.close()


def test_what_was_acknowledged_and_stands_in_the_store_is_clean(bench: Bench) -> None:
    for seq in (1, 2):
        bench.keep(seq, acked=True)
        bench.commit(bench.message(seq))
    bench.keep(3, acked=False)
    verdict = bench.verdict()
    assert verdict.clean
    assert (verdict.messages, verdict.samples) == (2, 2)


def test_an_acknowledged_sample_that_is_missing_is_lost(bench: Bench) -> None:
    bench.keep(1, acked=True)
    assert (bench.verdict().lost, bench.verdict().clean) == (1, False)


def test_an_acknowledged_sample_with_another_value_is_lost(bench: Bench) -> None:
    bench.keep(1, acked=True)
    bench.commit(bench.message(1, celsius=9.0))
    assert bench.verdict().lost == 1


def test_a_sample_nobody_sent_is_a_phantom(bench: Bench) -> None:
    bench.commit(bench.message(7))
    assert bench.verdict().phantom == 1


def test_a_sample_stored_under_two_numbers_is_a_duplicate(bench: Bench) -> None:
    bench.keep(1, acked=True)
    bench.commit(bench.message(1))
    bench.commit(bench.message(1, boot=bench.boot + 1))
    assert bench.verdict().duplicated > 0


def test_an_acknowledged_event_must_stand_in_the_log(bench: Bench) -> None:
    heard, unheard = bench.keep_event(1), bench.keep_event(2)
    bench.commit(heard, Leaf.EVT)
    assert (bench.verdict().events, bench.verdict().lost) == (2, 1)
    bench.commit(unheard, Leaf.EVT)
    assert bench.verdict().clean


def test_messages_out_of_order_are_counted_and_no_fault(bench: Bench) -> None:
    for seq in (1, 2, 3):
        bench.keep(seq, acked=True)
    for seq in (3, 1, 2):
        bench.commit(bench.message(seq))
    assert (bench.verdict().reordered, bench.verdict().clean) == (2, True)


def test_two_values_at_one_moment_are_told_as_a_duplicate_not_as_a_loss(bench: Bench) -> None:
    bench.keep(1, acked=True)
    bench.commit(bench.message(1))
    bench.commit(bench.message(1, celsius=9.0, boot=bench.boot + 1))
    assert (bench.verdict().lost, bench.verdict().duplicated) == (0, 1)
