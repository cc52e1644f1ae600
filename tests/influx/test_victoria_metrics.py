"""VictoriaMetrics takes the unmodified client; it is read in its own language here."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gongfu_ingest.line_protocol import RANK_FIELDS
from gongfu_ingest.points import Point
from gongfu_ingest.stores.influx.target import InfluxTarget
from tests.influx.servers import Server, running, victoria_metrics
from tests.influx.stand import END, Stand, caught_up, hear_a_story

Sample = tuple[str, str, int]


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[Server]:
    with running(victoria_metrics(tmp_path / "victoria")) as server:
        yield server


def shown_by(server: Server) -> dict[Sample, float]:
    """Every sample by (name, device, time)."""
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        http.get("/internal/force_flush").raise_for_status()
        asked = {"match[]": '{dev!=""}', "start": "0", "end": str(END // 1_000)}
        answer = http.get("/api/v1/export", params=asked).raise_for_status()
    samples: dict[Sample, float] = {}
    for line in answer.text.splitlines():
        told = json.loads(line)
        name, dev = told["metric"]["__name__"], told["metric"]["dev"]
        for ts_ms, value in zip(told["timestamps"], told["values"], strict=True):
            assert (name, dev, ts_ms) not in samples
            samples[name, dev, ts_ms] = value
    return samples


def samples_of(points: list[Point], stand: Stand) -> dict[Sample, float]:
    known = stand.county.devices()
    return {
        (f"{known[point.dev].kind}_{name}", point.dev, point.ts_ms): value
        for point in points
        for name, value in [*point.values.items(), *zip(RANK_FIELDS, point.rank, strict=True)]
    }


async def test_the_unmodified_client_brings_every_value(stand: Stand, victoria: Server) -> None:
    hear_a_story(stand, seed=11, messages=100)
    for _ in range(2):  # what is sent twice is shown once
        async with stand.forwarding(InfluxTarget(victoria.url)) as forwarder:
            await caught_up(forwarder)
            assert "refused" not in forwarder.state.counters
        (stand.folder / "influx.db").unlink()
        # It keeps about twelve digits of a number, which is more than any sensor has.
        assert shown_by(victoria) == pytest.approx(
            samples_of(stand.exported(), stand), rel=1e-11, abs=0
        )


async def test_what_was_sent_is_there_after_a_stop_and_a_start(
    stand: Stand, victoria: Server
) -> None:
    hear_a_story(stand, seed=12)
    async with stand.forwarding(InfluxTarget(victoria.url)) as forwarder:
        await caught_up(forwarder)
    victoria.stop()
    hear_a_story(stand, seed=13)
    expected = samples_of(stand.exported(), stand)
    async with stand.forwarding(InfluxTarget(victoria.url)) as forwarder:
        victoria.start()
        await caught_up(forwarder)
    shown = shown_by(victoria)
    assert shown.keys() == expected.keys()
