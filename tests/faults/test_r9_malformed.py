"""R9: a thousand malformed kinds between good messages; and each of them without a broker."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gongfu.bench.faults_malformed import malformed, malformed_kinds
from gongfu.faults.effort import FaultTest, Figures
from gongfu.faults.malformed import KINDS, End, Kind, Number, batch, named_once
from gongfu.faults.malformed_topics import DEV, SITE
from gongfu_broker.columns import DeviceKind
from gongfu_broker.ports import Device
from gongfu_ingest.commit import Committer
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.messages import Draft
from gongfu_ingest.reports import Reports

NOW_MS = 1_790_000_000_000
OWN = f"clf/v1/{SITE}/{DEV}"


def test_a_thousand_malformed_kinds_cost_no_good_message_and_are_all_accounted_for(
    figures_of: Callable[[FaultTest], Figures],
) -> None:
    told = figures_of(malformed)
    assert told["kinds"] >= KINDS
    assert told["acknowledged"] >= told["kinds"]
    assert (told["lost"], told["crashes"]) == (0, 0)
    assert told["unaccounted"] == []
    # What a broker or a client stops by itself is known by name.
    before = {kind.name for kind in malformed_kinds() if kind.ends & {End.BROKER, End.CLIENT}}
    assert set(told["refused_by_broker"]) | set(told["refused_by_client"]) <= before


class OneCabinet:
    """Fits ingest's ``DeviceDirectory``."""

    def devices(self) -> dict[str, Device]:
        return {DEV: Device(DEV, SITE, DeviceKind.CABINET)}


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[tuple[Committer, Reports]]:
    database = Database(tmp_path / "telemetry.db")
    log = TelemetryLog(database)
    committer = Committer(database, log, OneCabinet())
    committer.commit([Draft(f"{OWN}/tel", batch(Number(1, 1, NOW_MS)), NOW_MS)])
    yield committer, Reports(database, log)
    database.close()


def test_each_kind_alone_ends_in_the_dead_letters_for_a_reason_it_deserves(
    ingest: tuple[Committer, Reports],
) -> None:
    committer, reports = ingest
    wrong = []
    for place, kind in enumerate(malformed_kinds()):
        # A moment later for each kind; its stamps go along.
        received_ms = NOW_MS + 1 + place
        topic, payload = said(kind, place, received_ms)
        committer.commit([Draft(topic, payload, received_ms)])
        newest = reports.dead_letters(limit=1)
        ends = {_end(row.reason, row.detail) for row in newest if row.last_ms == received_ms}
        if not ends & {str(end) for end in kind.ends} and not _stops_before(kind):
            wrong.append((kind.name, sorted(ends)))
    assert wrong == []


def said(kind: Kind, place: int, now_ms: int) -> tuple[str, bytes]:
    payload = kind.payload(Number(10_000 + place, 1, now_ms))
    return kind.topic if kind.name.startswith("topic:") else f"{OWN}/{kind.topic}", payload


def _end(reason: str, detail: str) -> str:
    return str(End.VALUE_LEFT_OUT) if detail.startswith("value left out") else reason


def _stops_before(kind: Kind) -> bool:
    return bool(kind.ends & {End.BROKER, End.CLIENT})


def test_every_kind_has_a_name_of_its_own() -> None:
    kinds = malformed_kinds()
    assert len(kinds) >= KINDS
    with pytest.raises(ValueError, match="same name"):
        named_once([kinds[0], kinds[0]])
