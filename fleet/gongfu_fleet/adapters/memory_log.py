"""A committed log and the readings resolved from it, in memory: for tests and the rule bench."""

from collections.abc import Collection, Mapping, Sequence

from gongfu_broker.codec import KNOWN_VERSION, encode
from gongfu_broker.columns import DeviceKind, positions
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord, resolved_samples
from gongfu_broker.topics import Leaf
from gongfu_fleet.domain.alarms.rulebook import Row as JudgedRow

Rank = tuple[int, int, int]
_NOBODY: Rank = (0, 0, 0)
Row = tuple[int, Mapping[str, float | None]]


class MemoryLog:
    """Keeps every record.

    ``released`` is what consumers need no more, ``progress`` what they read.
    """

    def __init__(self, log_id: str = "memory") -> None:
        self._log_id = log_id
        self._records: list[CommittedRecord] = []
        self.released: dict[str, int] = {}
        self.progress: dict[str, int] = {}

    @property
    def log_id(self) -> str:
        """Identity of this log."""
        return self._log_id

    def head(self) -> int:
        """Seq of the newest record; 0 when there is none."""
        return len(self._records)

    def read(self, after: int, limit: int) -> Sequence[CommittedRecord]:
        """Records with seq > after, oldest first. Raises CursorError beyond the end."""
        if after > self.head():
            raise CursorError(f"the log ends at {self.head()}, not {after}: use its own cursor")
        return self._records[after : after + limit]

    def read_leaf(self, leaf: Leaf, after: int, upto: int) -> Sequence[CommittedRecord]:
        """Records of one leaf with after < seq <= upto, oldest first."""
        return [record for record in self._records[after:upto] if record.leaf is leaf]

    def release(self, consumer: str, upto: int, *, read: int | None = None) -> None:
        """Note what a consumer needs no more; nothing is trimmed here."""
        self.progress[consumer] = upto if read is None else read
        self.released[consumer] = upto

    def append(self, record: CommittedRecord) -> CommittedRecord:
        """Add a record; its seq is set here."""
        kept = record._replace(seq=self.head() + 1)
        self._records.append(kept)
        return kept


def batch_record(
    dev: str, kind: DeviceKind, rows: Sequence[Row], *, mseq: int, received_ms: int
) -> CommittedRecord:
    """One ``tel`` message with rows of (ts_ms, value by metric), as ingest would commit it."""
    index = positions(KNOWN_VERSION, kind)
    t0_ms = min(ts_ms for ts_ms, _ in rows)
    encoded = []
    for ts_ms, values in rows:
        columns: list[float | None] = [None] * len(index)
        for metric, value in values.items():
            columns[index[metric]] = value
        encoded.append([ts_ms - t0_ms, *columns])
    payload = encode({"v": KNOWN_VERSION, "boot": 1, "seq": mseq, "t0": t0_ms, "s": encoded})
    return CommittedRecord(0, received_ms, 0, "site", dev, kind, Leaf.TEL, 1, mseq, payload)


class MemoryHistory:
    """Readings of a MemoryLog up to its head: value by value the highest rank wins."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._seen = 0
        self._kept_since_ms = 0
        self._values: dict[tuple[str, str], dict[int, tuple[Rank, float]]] = {}

    def series(
        self, dev: str, metrics: Sequence[str], start_ms: int, end_ms: int
    ) -> tuple[int, Sequence[JudgedRow]]:
        """Rows in order of time, and the log head they cover."""
        self._catch_up()
        told = [self._values.get((dev, metric), {}) for metric in metrics]
        times = sorted({ts for values in told for ts in values if start_ms <= ts < end_ms})
        unknown = (_NOBODY, None)
        return self._seen, [
            (ts, tuple(values.get(ts, unknown)[1] for values in told)) for ts in times
        ]

    def devices(self) -> tuple[int, Collection[str]]:
        """The log head, and every device with a value."""
        self._catch_up()
        return self._seen, {dev for dev, _ in self._values}

    def kept_since_ms(self) -> int:
        """Set by ``expire``."""
        return self._kept_since_ms

    def expire(self, before_ms: int) -> None:
        """Forget values older than before_ms, as a store's retention does."""
        self._catch_up()
        for key, values in self._values.items():
            self._values[key] = {ts: ranked for ts, ranked in values.items() if ts >= before_ms}
        self._kept_since_ms = before_ms

    def _catch_up(self) -> None:
        for record in self._log.read(self._seen, self._log.head()):
            self._project(record)

    def _project(self, record: CommittedRecord) -> None:
        index = positions(KNOWN_VERSION, record.kind)
        for n, sample in enumerate(resolved_samples(record)):
            rank = (record.boot or 0, record.mseq or 0, n)
            for metric, column in index.items():
                value = sample.values[column]
                if value is not None:
                    self._put((record.dev, metric), sample.ts_ms, (rank, value))
        self._seen = record.seq

    def _put(self, key: tuple[str, str], ts_ms: int, ranked: tuple[Rank, float]) -> None:
        values = self._values.setdefault(key, {})
        values[ts_ms] = max(values.get(ts_ms, ranked), ranked)
