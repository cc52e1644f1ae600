"""The rings on disk survive what the process does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gongfu_broker.codec import decode_telemetry, encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.payloads import Batch
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.errors import RingError
from gongfu_firmware_sim.outbox import Key, Range, Span
from gongfu_firmware_sim.ring import Changes, Ring, Stored, read_ledger

DEV = "cab-0001"


def message(seq: int, *, boot: int = 1, lo: int = 1, dev: str = DEV) -> Stored:
    batch = Batch(v=1, boot=boot, seq=seq, t0=1_760_000_000_000 + seq, s=[[0, 3.5]], lo=lo)
    return Stored(dev, boot, seq, Leaf.TEL, encode(batch))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "devices.db"


@pytest.fixture
def ring(path: Path) -> Iterator[Ring]:
    ring = Ring(path, ledger=True)
    ring.start([DEV])
    yield ring
    ring.close()


def reopened(ring: Ring, path: Path) -> Ring:
    ring.close()
    return Ring(path, ledger=True)


def test_what_was_committed_is_there_after_a_new_start_under_a_new_boot(
    ring: Ring, path: Path
) -> None:
    sent = [message(seq) for seq in (1, 2, 3)]
    ring.commit(Changes(messages=sent, newest_ms={DEV: 1_234}))
    again = reopened(ring, path)
    started = again.start([DEV])[DEV]
    assert (started.boot, started.newest_ms) == (2, 1_234)
    assert started.spans == {1: Span(1, 3)}
    assert again.read(DEV, Range(1, 1, 3)) == sent
    again.close()


def test_the_boot_number_grows_with_every_start_and_for_each_device_alone(
    ring: Ring, path: Path
) -> None:
    again = reopened(ring, path)
    assert again.start([DEV, "cab-0002"]).keys() == {DEV, "cab-0002"}
    third = reopened(again, path)
    started = third.start([DEV, "cab-0002"])
    assert (started[DEV].boot, started["cab-0002"].boot) == (3, 2)
    third.close()


def test_an_acknowledgement_moves_messages_from_the_ring_to_the_ledger(
    ring: Ring, path: Path
) -> None:
    ring.commit(Changes(messages=[message(seq) for seq in (1, 2, 3)]))
    ring.commit(Changes(acked=[(DEV, Key(1, 2))]))
    assert [m.seq for m in ring.read(DEV, Range(1, 1, 9))] == [3]
    assert [(d, b, s) for d, b, s, _ in read_ledger(path)] == [(DEV, 1, 1), (DEV, 1, 2)]


def test_a_late_acknowledgement_is_harmless(ring: Ring, path: Path) -> None:
    ring.commit(Changes(messages=[message(1), message(2)]))
    for _ in range(2):
        ring.commit(Changes(acked=[(DEV, Key(1, 1))]))
    assert len(list(read_ledger(path))) == 1
    assert [m.seq for m in ring.read(DEV, Range(1, 1, 9))] == [2]


def test_without_a_ledger_the_acknowledged_are_gone(path: Path) -> None:
    ring = Ring(path)
    ring.start([DEV])
    ring.commit(Changes(messages=[message(1)]))
    ring.commit(Changes(acked=[(DEV, Key(1, 1))]))
    assert list(read_ledger(path)) == []
    assert ring.read(DEV, Range(1, 1, 9)) == []
    ring.close()


def test_bytes_are_sent_again_unchanged(ring: Ring) -> None:
    first = message(1)
    ring.commit(Changes(messages=[first, message(2)]))
    ring.commit(Changes(acked=[(DEV, Key(1, 1))]))
    assert ring.read(DEV, Range(1, 2, 2)) == [message(2)]


def test_after_a_drop_the_remaining_messages_of_the_boot_tell_the_new_floor(
    ring: Ring, path: Path
) -> None:
    ring.commit(Changes(messages=[message(seq) for seq in (1, 2, 3)]))
    ring.commit(Changes(dropped=[(DEV, Key(1, 1))]))
    again = reopened(ring, path)
    told = [
        decode_telemetry(DeviceKind.CABINET, m.payload) for m in again.read(DEV, Range(1, 1, 9))
    ]
    assert [(t.seq, t.lo) for t in told] == [(2, 2), (3, 2)]
    assert list(read_ledger(path)) == []
    again.close()


def test_a_transaction_is_whole_or_not_at_all(ring: Ring) -> None:
    ring.commit(Changes(messages=[message(1)]))
    with pytest.raises(RingError, match="cannot be used"):
        ring.commit(Changes(messages=[message(2), message(1)]))
    assert [m.seq for m in ring.read(DEV, Range(1, 1, 9))] == [1]


def test_devices_do_not_see_each_other(ring: Ring) -> None:
    ring.start(["cab-0002"])
    ring.commit(Changes(messages=[message(1), message(1, dev="cab-0002")]))
    ring.commit(Changes(acked=[("cab-0002", Key(1, 1))]))
    assert len(ring.read(DEV, Range(1, 1, 9))) == 1


def test_a_file_that_is_no_ring_is_refused_with_a_remedy(path: Path) -> None:
    path.write_bytes(b"something else entirely, and long enough to be no database" * 20)
    with pytest.raises(RingError, match="move the file away"):
        Ring(path)
    with pytest.raises(RingError, match="is it a ring's file"):
        list(read_ledger(path))


def test_a_missing_ledger_says_so(path: Path) -> None:
    with pytest.raises(RingError, match="cannot read the ledger"):
        list(read_ledger(path))
