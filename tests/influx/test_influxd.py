"""The forwarder against a real influxd: the same points, whatever happens on the way."""

import asyncio
import json
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gongfu_broker.clock import real_ms
from gongfu_ingest.errors import StoreError
from gongfu_ingest.line_protocol import Line, Value
from gongfu_ingest.stores.influx.influxql import InfluxQL
from gongfu_ingest.stores.influx.store import InfluxStore
from gongfu_ingest.stores.influx.target import InfluxTarget
from tests.influx.county import County
from tests.influx.servers import Server, influxd, running
from tests.influx.stand import (
    END,
    HOUR_MS,
    T0,
    Stand,
    caught_up,
    hear_a_story,
    shown_by,
    until,
)

TEMPERATURE = "zone_1_celsius"


def told_by(target: InfluxTarget, query: str) -> list[list[object]]:
    with closing(InfluxQL(target)) as reader:
        (series,) = reader.ask(query)
    return [list(row) for part in series for row in part.rows]


@pytest.mark.parametrize("seed", range(4))
async def test_influxd_shows_the_same_points_as_the_embedded_store(
    stand: Stand, influx: InfluxTarget, seed: int
) -> None:
    hear_a_story(stand, seed)
    async with stand.forwarding(influx, max_lines=50) as forwarder:
        await caught_up(forwarder)
        hear_a_story(stand, seed + 100, messages=120)
        forwarder.wake()
        await caught_up(forwarder)
        assert forwarder.state.counters.get("refused", 0) == 0
    assert stand.store.health().conflicts > 0
    assert shown_by(influx) == stand.exported()


async def test_both_stores_answer_questions_alike(stand: Stand, influx: InfluxTarget) -> None:
    hear_a_story(stand, seed=7, messages=150)
    async with stand.forwarding(influx) as forwarder:
        await caught_up(forwarder)
    with InfluxStore(influx, County()) as shown:
        kept = stand.store
        assert shown.last() == kept.last()
        assert shown.health()[:3] == kept.health()[:3]
        runs = {"start_ms": 0, "end_ms": END, "max_gap_ms": 5_000}
        assert shown.exceedances(TEMPERATURE, -3.0, **runs) == kept.exceedances(
            TEMPERATURE, -3.0, **runs
        )
        for dev in County().devices():
            hours = {"start_ms": T0, "end_ms": END, "every_ms": 7_000}
            ours, theirs = (s.windows(dev, TEMPERATURE, **hours) for s in (kept, shown))
            assert [w[:4] for w in theirs] == [w[:4] for w in ours]
            assert [w.mean for w in theirs] == pytest.approx([w.mean for w in ours])


async def test_hours_and_other_lines_are_found_in_influxql(
    stand: Stand, influx: InfluxTarget
) -> None:
    hear_a_story(stand, seed=3, messages=80)
    stand.clock.ms = T0 + 30 * HOUR_MS
    async with stand.forwarding(influx) as forwarder:
        await caught_up(forwarder)
        await until(lambda: forwarder.state.counters.get("hours", 0) > 0)
    for dev, device in County().devices().items():
        rows = told_by(
            influx,
            f"SELECT {', '.join(f'{TEMPERATURE}_{s}' for s in ('n', 'min', 'max', 'mean'))}"  # noqa: S608 - the test's own names
            f" FROM {device.kind}_1h WHERE dev = '{dev}'",
        )
        assert rows == [
            pytest.approx(list(window))
            for window in stand.store.windows(
                dev, TEMPERATURE, start_ms=T0, end_ms=T0 + HOUR_MS, every_ms=HOUR_MS
            )
        ]
    with InfluxStore(influx, County()) as store:
        name = '供富 "大篷车" \\ 1'
        fields: dict[str, Value] = {"online": 1, "name": name, "temp_c": -18.0, "level": None}
        store.write_lines([Line("device_state", {"dev": "veh-0001"}, fields, T0)])
        with pytest.raises(StoreError, match="field type conflict"):
            store.write_lines([Line("device_state", {"dev": "veh-0001"}, {"online": 0.5}, T0)])
    shown = told_by(influx, 'SELECT online, "name", temp_c FROM device_state')
    assert shown == [[T0, 1, name, -18.0]]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_an_outage_is_made_up_for_point_by_point(
    stand: Stand, own_influxd: Server, how: signal.Signals
) -> None:
    target = InfluxTarget(own_influxd.url, "v1", bucket=own_influxd.fresh(), timeout_s=2)
    hear_a_story(stand, seed=1)
    async with stand.forwarding(target) as forwarder:
        await caught_up(forwarder)
        own_influxd.stop(how)
        hear_a_story(stand, seed=2, messages=200)
        forwarder.wake()
        await until(lambda: forwarder.state.away_since_ms is not None)
        assert forwarder.backlog() > 0
        await asyncio.to_thread(own_influxd.start)
        await caught_up(forwarder)
    assert shown_by(target) == stand.exported()


async def test_servers_and_forwarders_killed_again_and_again_lose_and_double_nothing(
    stand: Stand, own_influxd: Server
) -> None:
    target = InfluxTarget(own_influxd.url, "v1", bucket=own_influxd.fresh(), timeout_s=2)
    for turn in range(5):
        async with stand.forwarding(target, max_lines=20) as forwarder:
            hear_a_story(stand, seed=turn, messages=120)
            forwarder.wake()
            await asyncio.sleep(0.03 * turn)
            if turn % 2:
                await asyncio.to_thread(own_influxd.stop, signal.SIGKILL)
                await asyncio.to_thread(own_influxd.start)
    async with stand.forwarding(target) as forwarder:
        await until(lambda: forwarder.backlog() == 0 and not forwarder.state.filling)
    assert shown_by(target) == stand.exported()


async def test_lines_a_server_refuses_are_found_by_halving_and_the_others_arrive(
    stand: Stand, influx: InfluxTarget
) -> None:
    clash = Line("truck", {"dev": "other", "site": "quzhou"}, {"load_kg": "heavy"}, T0)
    with InfluxStore(influx, County()) as store:
        store.write_lines([clash])
    for n in range(200):
        stand.hear("cab-0001", [(T0 + n, [4.0])])
    stand.hear("veh-0001", [(T0, [1.0, None, None, None, None, None, None, None, 500.0])])
    stand.hear("veh-0001", [(T0 + 1, [2.0])])
    async with stand.forwarding(influx) as forwarder:
        await caught_up(forwarder)
        assert forwarder.state.counters == {"points": 202, "refused": 1}
        assert forwarder.troubles() == []
    book = stand.book()
    (letter,) = book.refused()
    book.close()
    assert b"load_kg=500.0" in letter.line
    assert "load_kg" in letter.why
    assert "type float, already exists as type string" in letter.why
    with InfluxStore(influx, County()) as store:
        assert len(store.series("cab-0001", TEMPERATURE, 0, END)) == 200
        assert store.series("veh-0001", TEMPERATURE, 0, END) == [(T0 + 1, 2.0)]


async def test_a_body_too_large_for_the_server_is_halved(stand: Stand, tmp_path: Path) -> None:
    small = influxd(tmp_path / "small", max_body_size="2000")
    with running(small):
        target = InfluxTarget(small.url, "v1", bucket=small.fresh())
        hear_a_story(stand, seed=5, messages=100)
        async with stand.forwarding(target) as forwarder:
            await caught_up(forwarder)
            assert forwarder.state.counters.get("refused", 0) == 0
        assert shown_by(target) == stand.exported()


async def test_rows_older_than_the_servers_retention_are_counted_and_the_others_arrive(
    stand: Stand, shared_influxd: Server, influx: InfluxTarget
) -> None:
    one_day = "DURATION 1d SHARD DURATION 1h"
    shared_influxd.ask(f'ALTER RETENTION POLICY autogen ON "{influx.bucket}" {one_day}')
    now_ms = real_ms()
    for n in range(30):
        stand.hear("cab-0001", [(T0 + n, [4.0])])
        stand.hear("cab-0001", [(now_ms + n, [5.0])])
    async with stand.forwarding(influx) as forwarder:
        await caught_up(forwarder)
        assert forwarder.state.counters == {"points": 60, "expired": 30}
        assert forwarder.troubles() == []
    assert len(shown_by(influx)) == 30


async def test_a_missing_database_stops_it_until_somebody_makes_it(
    stand: Stand, shared_influxd: Server, influx: InfluxTarget
) -> None:
    missing = replace(influx, bucket=f"{influx.bucket}x")
    hear_a_story(stand, seed=6)
    async with stand.forwarding(missing) as forwarder:
        await until(lambda: bool(forwarder.troubles()))
        (trouble,) = forwarder.troubles()
        assert "database not found" in trouble
        assert "__BUCKET, and create what is missing" in trouble
        shared_influxd.ask(f'CREATE DATABASE "{missing.bucket}"')
        await caught_up(forwarder)
        assert forwarder.troubles() == []
    assert shown_by(missing) == stand.exported()


async def test_a_wrong_password_stops_it_and_the_right_one_goes_on(
    stand: Stand, tmp_path: Path
) -> None:
    guarded = influxd(tmp_path / "guarded", auth_enabled="true")
    with running(guarded):
        guarded.ask("CREATE USER ops WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
        guarded.ask("CREATE DATABASE t", ("ops", "secret"))
        hear_a_story(stand, seed=6)
        wrong = InfluxTarget(guarded.url, "v1", bucket="t", token="ops:guess")
        async with stand.forwarding(wrong) as forwarder:
            await until(lambda: bool(forwarder.troubles()))
            assert "GONGFU_INFLUX__TOKEN" in forwarder.troubles()[0]
        right = replace(wrong, token="ops:secret")
        async with stand.forwarding(right) as forwarder:
            await caught_up(forwarder)
        assert shown_by(right) == stand.exported()
        with pytest.raises(StoreError, match="GONGFU_INFLUX__TOKEN"):
            shown_by(wrong)


async def test_without_its_file_the_forwarder_fills_an_empty_server_from_the_store(
    stand: Stand, shared_influxd: Server
) -> None:
    targets = [InfluxTarget(shared_influxd.url, "v1", bucket=shared_influxd.fresh()) for _ in "ab"]
    for target in targets:
        hear_a_story(stand, seed=8)
        async with stand.forwarding(target, max_lines=13) as forwarder:
            await caught_up(forwarder)
        (stand.folder / "influx.db").unlink()
    assert shown_by(targets[1]) == stand.exported()


def test_what_only_a_server_can_do_is_said(influx: InfluxTarget) -> None:
    with InfluxStore(influx, County()) as store:
        with pytest.raises(StoreError, match="retention of the bucket"):
            store.expire(T0)
        assert json.dumps(store.last()) == "{}"
    with (
        InfluxStore(replace(influx, url="http://127.0.0.1:9"), County()) as nobody,
        pytest.raises(StoreError, match="does not answer"),
    ):
        nobody.last()
