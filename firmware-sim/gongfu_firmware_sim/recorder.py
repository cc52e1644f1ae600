"""From moments to numbered messages: rows are gathered into batches, door edges become events."""

from collections.abc import Iterable
from uuid import NAMESPACE_OID, uuid5

from gongfu_broker.codec import encode
from gongfu_broker.payloads import Batch, Event, Fields
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.moment import Moment, Values
from gongfu_firmware_sim.outbox import Outbox
from gongfu_firmware_sim.ring import Stored


class Recorder:
    """One device's writer. Stamps are the device's own: true time plus what its clock is off by."""

    def __init__(self, seed: int, dev: str, outbox: Outbox) -> None:
        self._name = f"{seed}/{dev}"
        self._dev = dev
        self._outbox = outbox
        self._rows: list[tuple[int, Values]] = []
        self.rows = 0

    def record(self, moment: Moment, *, offset_ms: int, now_s: float) -> Iterable[Stored]:
        """Messages that are complete with this moment; usually none."""
        if moment.door is not None:
            yield self.event(
                "door", {"open": moment.door}, ts_ms=moment.ts_ms + offset_ms, now_s=now_s
            )
        for ts_ms, kind, data in moment.told:
            yield self.event(kind, data, ts_ms=ts_ms + offset_ms, now_s=now_s)
        self._rows.append((moment.ts_ms, moment.values))
        self.rows += 1
        if moment.closes:
            yield self._batch(offset_ms, now_s)

    def _batch(self, offset_ms: int, now_s: float) -> Stored:
        seq, lo = self._outbox.issue(now_s)
        t0 = self._rows[0][0]
        rows: list[list[float | None]] = [[ts - t0, *values] for ts, values in self._rows]
        self._rows = []
        batch = Batch(v=1, boot=self._outbox.boot, seq=seq, t0=t0 + offset_ms, s=rows, lo=lo)
        return Stored(self._dev, batch.boot, seq, Leaf.TEL, encode(batch))

    def event(self, kind: str, data: Fields, *, ts_ms: int, now_s: float) -> Stored:
        """Something that happened once; ``ts_ms`` by the device's own clock."""
        seq, lo = self._outbox.issue(now_s)
        boot = self._outbox.boot
        event = Event(
            v=1,
            boot=boot,
            seq=seq,
            id=str(uuid5(NAMESPACE_OID, f"{self._name}/{boot}/{seq}")),
            ts=ts_ms,
            kind=kind,
            data=data,
            lo=lo,
        )
        return Stored(self._dev, boot, seq, Leaf.EVT, encode(event))
