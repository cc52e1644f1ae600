"""Devices with wrong clocks, through the whole pipeline and real commits."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gongfu_broker.columns import DeviceKind
from gongfu_broker.payloads import Reason
from gongfu_broker.ports import Device
from gongfu_ingest.commit import Committer, Limits
from gongfu_ingest.database import Database
from gongfu_ingest.device_clock import FOREVER_MS
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.messages import Draft
from gongfu_ingest.reports import Reports
from gongfu_ingest.stores.embedded import EmbeddedStore

NOW = 1_763_424_000_000
END = 4_000_000_000_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
SINCE_1970 = DAY - NOW  # a clock that began in 1970 a day ago
LEAP_DAY = 1_835_438_400_000  # 2028-02-29 12:00 UTC
DEVICES = ("cab-0001", "cab-0002")


class Registry:
    """Two cabinets."""

    def devices(self) -> Mapping[str, Device]:
        return {dev: Device(dev, "hangzhou", DeviceKind.CABINET) for dev in DEVICES}


class Ingest:
    """A committer over a real file; ``restart`` opens the file anew."""

    def __init__(self, path: Path, *, kept_ms: int = FOREVER_MS) -> None:
        self.path, self.kept_ms = path, kept_ms
        self.open()

    def open(self) -> None:
        self.database = Database(self.path)
        self.log = TelemetryLog(self.database)
        limits = Limits(kept_ms=self.kept_ms)
        self.committer = Committer(self.database, self.log, Registry(), limits)
        self.store = EmbeddedStore(self.database)
        self.reports = Reports(self.database, self.log)

    def restart(self) -> None:
        self.database.close()
        self.open()

    def take(
        self, *messages: tuple[int, int, int], dev: str = "cab-0001", leaf: str = "tel"
    ) -> None:
        """Messages (received, seq, stamp), each committed by itself."""
        for at, seq, stamp in messages:
            self.committer.commit([message(seq, stamp, at=at, dev=dev, leaf=leaf)])

    def stamps(self, dev: str = "cab-0001") -> list[int]:
        return [ts for ts, _ in self.store.series(dev, "zone_1_celsius", 0, END)]


def message(seq: int, stamp: int, *, at: int, dev: str = "cab-0001", leaf: str = "tel") -> Draft:
    if leaf == "evt":
        told: dict[str, object] = {"id": f"{seq}", "ts": stamp, "kind": "door"}
    else:
        told = {"t0": stamp, "s": [[0, 4.0 + seq % 10 / 10]]}
    body = {"v": 1, "boot": 1, "seq": seq, **told}
    return Draft(f"clf/v1/hangzhou/{dev}/{leaf}", json.dumps(body).encode(), at)


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    made = Ingest(tmp_path / "telemetry.db")
    yield made
    made.database.close()


def every(step: int, count: int, *, skew: int, first: int = 1) -> list[tuple[int, int, int]]:
    return [(NOW + n * step, first + n, NOW + n * step + skew) for n in range(count)]


@pytest.mark.parametrize("skew", [DAY, LEAP_DAY - NOW, -NOW, -NOW + 946_684_800_000])
def test_an_impossible_clock_loses_nothing_once_it_is_known(ingest: Ingest, skew: int) -> None:
    ingest.take(*every(30 * SECOND, 2, skew=skew))
    reason = Reason.CLOCK_AHEAD if skew > 0 else Reason.CLOCK_UNSET
    assert ingest.reports.dead_letter_counts() == {reason: 2}
    (letter, _) = ingest.reports.dead_letters()
    assert letter.first_ms - json.loads(letter.payload)["t0"] == -skew
    ingest.take(*every(30 * SECOND, 10, skew=skew)[2:])
    assert ingest.stamps() == [NOW + n * 30 * SECOND for n in range(10)]
    assert ingest.reports.dead_letter_counts() == {}
    assert ingest.reports.counters()["heard_again"] == (3 if skew < 0 else 2)
    assert ingest.reports.counters()["clock_corrected"] == 10
    records = ingest.log.read(0, 100)
    assert {record.offset_ms for record in records} == {-skew}
    told = sorted((r.received_ms, json.loads(r.payload)["t0"]) for r in records)
    assert told == [(at, stamp) for at, _, stamp in every(30 * SECOND, 10, skew=skew)]


@pytest.mark.parametrize("leaf", ["bf", "evt"])
def test_a_clock_of_years_ago_puts_nothing_where_rows_are_already_forgotten(
    tmp_path: Path, leaf: str
) -> None:
    ingest = Ingest(tmp_path / "telemetry.db", kept_ms=90 * DAY)
    skew = -600 * DAY
    first, *others = every(30 * SECOND, 10, skew=skew)
    ingest.take(first)
    ingest.take((NOW + 10 * SECOND, 100, NOW - MINUTE + skew), leaf=leaf)
    letters = ingest.reports.dead_letters()
    assert {letter.reason for letter in letters} == {Reason.CLOCK_UNSET}
    assert all("older than what is kept" in letter.detail for letter in letters)
    assert len(letters) == 2
    assert ingest.stamps() == []
    ingest.take(*others)
    own = [NOW - MINUTE] if leaf == "bf" else []
    assert ingest.stamps() == [*own, *(NOW + n * 30 * SECOND for n in range(10))]
    assert ingest.reports.dead_letter_counts() == {}
    ingest.database.close()


def test_an_hour_slow_is_believed_for_a_minute_and_corrected_after(ingest: Ingest) -> None:
    ingest.take(*every(30 * SECOND, 10, skew=-HOUR))
    assert [record.offset_ms for record in ingest.log.read(0, 100)] == [0] * 3 + [HOUR] * 7
    assert ingest.reports.dead_letter_counts() == {}
    counters = ingest.reports.counters()
    assert (counters["clock_unproven"], counters["clock_corrected"]) == (3, 7)
    assert ingest.reports.clock_offsets() == {"cab-0001": HOUR}


def test_a_wrong_clock_moves_no_other_device_and_no_other_boot(ingest: Ingest) -> None:
    ingest.take(*every(30 * SECOND, 10, skew=DAY))
    ingest.take(*every(30 * SECOND, 10, skew=0), dev="cab-0002")
    another = message(1, NOW + HOUR, at=NOW + HOUR)
    another.payload = another.payload.replace(b'"boot": 1', b'"boot": 2')
    assert ingest.reports.clock_offsets() == {"cab-0001": -DAY}
    ingest.committer.commit([another])
    assert ingest.reports.clock_offsets() == {}
    assert ingest.stamps("cab-0002") == [NOW + n * 30 * SECOND for n in range(10)]
    assert ingest.stamps()[-1] == NOW + HOUR


def test_clocks_survive_a_restart_and_so_does_a_hearing_that_was_due(ingest: Ingest) -> None:
    ingest.take(*every(30 * SECOND, 3, skew=DAY))
    assert len(ingest.stamps()) == 1
    ingest.restart()
    ingest.take(*every(30 * SECOND, 4, skew=DAY)[3:])
    assert ingest.stamps() == [NOW + n * 30 * SECOND for n in range(4)]


def test_a_repeat_of_a_message_that_was_heard_again_is_a_duplicate(ingest: Ingest) -> None:
    sent = every(30 * SECOND, 10, skew=DAY)
    ingest.take(*sent)
    before = ingest.stamps()
    ingest.take(*sent, leaf="bf")
    assert ingest.stamps() == before
    assert ingest.reports.counters()["duplicates"] == 10
    assert ingest.reports.dead_letter_counts() == {}


def test_one_stamp_from_the_future_stays_in_the_dead_letters(ingest: Ingest) -> None:
    sent = every(30 * SECOND, 40, skew=0)
    sent[20] = (sent[20][0], 21, NOW + DAY)
    ingest.take(*sent)
    assert len(ingest.stamps()) == 39
    assert ingest.reports.dead_letter_counts() == {Reason.CLOCK_AHEAD: 1}
    assert ingest.reports.counters().get("clock_corrected", 0) == 0


def test_events_are_moved_like_the_samples_of_their_boot(ingest: Ingest) -> None:
    ingest.take(*every(30 * SECOND, 4, skew=-HOUR))
    ingest.take((NOW + 2 * MINUTE, 5, NOW + 2 * MINUTE - HOUR), leaf="evt")
    assert ingest.log.read(4, 1)[0].offset_ms == HOUR
    ingest.take((NOW + 2 * MINUTE, 6, NOW + 3 * MINUTE), leaf="evt")
    assert ingest.reports.dead_letter_counts() == {Reason.CLOCK_AHEAD: 1}


def backlog(skew: int) -> list[tuple[int, int, int]]:
    """Eight hours of a truck out of reach: (received all at once, seq, stamp)."""
    begin = NOW - 8 * HOUR
    return [(NOW, n + 1, begin + n * MINUTE + skew) for n in range(8 * 60)]


@pytest.mark.parametrize("skew", [0, -HOUR, DAY, SINCE_1970])
def test_eight_hours_of_backlog_give_the_same_store_in_any_order(tmp_path: Path, skew: int) -> None:
    true = [NOW - 8 * HOUR + n * MINUTE for n in range(8 * 60)]
    live = [(at, seq + 1_000, stamp) for at, seq, stamp in every(30 * SECOND, 4, skew=skew)]
    shuffled = backlog(skew)
    Random(7).shuffle(shuffled)
    for n, order in enumerate((backlog(skew), backlog(skew)[::-1], shuffled)):
        ingest = Ingest(tmp_path / f"{n}.db")
        ingest.take(*live)
        late = [(at + 5 * MINUTE, seq, stamp) for at, seq, stamp in order]
        commit_all(ingest, late)
        # An hour slow, the first minute of live messages was believed.
        unproven = [stamp for _, _, stamp in live[:2]] if skew == -HOUR else []
        assert [ts for ts in ingest.stamps() if ts < NOW] == sorted({*true, *unproven})
        ingest.database.close()


@pytest.mark.parametrize("skew", [DAY, SINCE_1970])
def test_an_impossible_backlog_before_the_first_live_message_is_not_lost(
    ingest: Ingest, skew: int
) -> None:
    commit_all(ingest, backlog(skew))
    assert ingest.stamps() == []
    live = [(at, seq + 1_000, stamp) for at, seq, stamp in every(30 * SECOND, 5, skew=skew)]
    ingest.take(*live)
    expected = [NOW - 8 * HOUR + n * MINUTE for n in range(8 * 60)]
    assert [ts for ts in ingest.stamps() if ts < NOW] == expected
    assert ingest.reports.dead_letter_counts() == {}


def commit_all(ingest: Ingest, messages: Sequence[tuple[int, int, int]]) -> None:
    ingest.committer.commit([message(seq, stamp, at=at, leaf="bf") for at, seq, stamp in messages])


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    skew=st.sampled_from([0, -HOUR, DAY, -NOW, 3 * MINUTE]),
    chance=st.randoms(use_true_random=False),
)
def test_repeats_on_either_topic_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, skew: int, chance: Random
) -> None:
    sent = every(30 * SECOND, 12, skew=skew)
    folder = tmp_path_factory.mktemp("repeats")
    once, often = Ingest(folder / "once.db"), Ingest(folder / "often.db")
    for n, one in enumerate(sent):
        once.take(one)
        often.take(one)
        for at, seq, stamp in chance.sample(sent[: n + 1], chance.randint(0, n + 1)):
            again = (max(at, one[0]) + chance.randint(0, 5_000), seq, stamp)
            often.take(again, leaf=chance.choice(["tel", "bf"]))
    assert often.store.series("cab-0001", "zone_1_celsius", 0, END) == once.store.series(
        "cab-0001", "zone_1_celsius", 0, END
    )
    assert often.reports.dead_letter_counts() == once.reports.dead_letter_counts()
    once.database.close()
    often.database.close()
