"""The forwarder's own decisions, against a server in memory that fails on demand."""

import asyncio
import logging

import pytest

from gongfu_ingest.errors import (
    IngestError,
    LinesRefusedError,
    ServerBusyError,
    ServerSetupError,
)
from gongfu_ingest.forwarder import Pace
from gongfu_ingest.stores.influx.book import Progress
from tests.influx.memory_server import MemoryServer, hear
from tests.influx.stand import HOUR_MS, QUICK, T0, Stand, caught_up, until


async def test_committed_rows_are_sent_and_the_cursor_is_released(
    stand: Stand, server: MemoryServer
) -> None:
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: not forwarder.state.filling)
        hear(stand, 3)
        forwarder.wake()
        await caught_up(forwarder)
        assert len(server.lines()) == 3
        assert stand.log.consumers()["influx"] == 3
        assert forwarder.state.counters == {"points": 3}
        assert forwarder.oldest_unsent_ms() is None
        assert forwarder.troubles() == []


async def test_a_row_that_changed_later_is_sent_as_the_store_resolved_it(
    stand: Stand, server: MemoryServer
) -> None:
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: not forwarder.state.filling)
        stand.hear("cab-0001", [(T0, [4.0])], seq=9)
        forwarder.wake()
        await caught_up(forwarder)
        stand.hear("cab-0001", [(T0, [-1.0, 1])], seq=4)
        forwarder.wake()
        await caught_up(forwarder)
    late = server.lines()[-1]
    assert b" zone_1_celsius=4.0,door_open=1i,boot=1i,mseq=9i,idx=0i " in late


async def test_what_was_stored_before_the_first_start_is_sent_too(
    stand: Stand, server: MemoryServer
) -> None:
    hear(stand, 25)
    async with stand.forwarding(server.open, max_lines=4) as forwarder:
        await caught_up(forwarder)
    assert len(server.lines()) == 25
    assert max(len(body.split(b"\n")) for body in server.bodies) == 4


async def test_a_restart_goes_on_where_the_server_last_said_yes(
    stand: Stand, server: MemoryServer
) -> None:
    hear(stand, 5)
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
    hear(stand, 2, dev="cab-0002")
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
    assert len(server.lines()) == 7


async def test_an_outage_is_waited_out_and_logged_once(
    stand: Stand, server: MemoryServer, caplog: pytest.LogCaptureFixture
) -> None:
    errors = iter([ServerBusyError("503: full", 0.01), ServerBusyError("429: slow"), *[None] * 9])
    server.fault = lambda _: next(errors)
    hear(stand, 2)
    with caplog.at_level(logging.INFO, "gongfu_ingest.forwarder"):
        async with stand.forwarding(server.open) as forwarder:
            await caught_up(forwarder)
            assert forwarder.state.last_error == "429: slow"
            assert forwarder.troubles() == []
    told = [record.getMessage() for record in caplog.records]
    assert [text.split(":")[0] for text in told] == [
        "InfluxDB takes nothing",
        "InfluxDB takes lines again; 0 records wait",
    ]


async def test_a_long_outage_becomes_a_trouble_with_its_remedy(
    stand: Stand, server: MemoryServer
) -> None:
    server.fault = lambda _: ServerBusyError("no route")
    hear(stand, 3)
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: forwarder.state.away_since_ms is not None)
        assert forwarder.troubles() == []
        forwarder.state.away_since_ms = 1
        (trouble,) = forwarder.troubles()
        assert "(no route): start it" in trouble
        hear(stand, 2, dev="cab-0002")
        assert forwarder.backlog() == 2
        assert forwarder.oldest_unsent_ms() is not None


async def test_a_refused_token_stops_it_with_an_alarm_and_nothing_is_lost(
    stand: Stand, server: MemoryServer
) -> None:
    server.fault = lambda _: ServerSetupError("InfluxDB answers 401: no; check the token")
    hear(stand, 3)
    patient = Pace(**{**QUICK.__dict__, "stopped_s": 60.0})
    async with stand.forwarding(server.open, pace=patient) as forwarder:
        await until(lambda: bool(forwarder.troubles()))
        await asyncio.sleep(0.2)
        assert server.tries == 1
        (trouble,) = forwarder.troubles()
        assert "check the token" in trouble
        assert "nothing is lost" in trouble
    server.fault = lambda _: None
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
        assert forwarder.troubles() == []
    assert len(server.lines()) == 3


async def test_bad_lines_become_dead_letters_with_the_servers_text_and_the_rest_arrives(
    stand: Stand, server: MemoryServer
) -> None:
    def refuse(body: bytes) -> IngestError | None:
        return LinesRefusedError("400: too warm") if b"celsius=7.0" in body else None

    server.fault = refuse
    hear(stand, 20)
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
        assert forwarder.state.counters == {"points": 20, "refused": 2}
        assert forwarder.troubles() == []
    assert len(server.lines()) == 18
    book = stand.book()
    assert {row.why for row in book.refused()} == {"400: too warm"}
    assert len(book.refused()) == 2
    book.close()


async def test_a_server_that_refuses_everything_is_a_trouble(
    stand: Stand, server: MemoryServer
) -> None:
    server.fault = lambda _: LinesRefusedError("400: a limit of the server")
    hear(stand, 4)
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
        (trouble,) = forwarder.troubles()
        assert "a limit of the server" in trouble


async def test_an_answer_that_got_lost_sends_the_same_bytes_again(
    stand: Stand, server: MemoryServer
) -> None:
    answers = iter([ServerBusyError("timeout"), *[None] * 9])
    server.after = lambda _: next(answers)
    hear(stand, 3)
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
    assert server.bodies[0] == server.bodies[1]
    assert len(server.bodies) == 2


async def test_killed_between_the_answer_and_the_cursor_it_sends_the_same_points_again(
    stand: Stand, server: MemoryServer
) -> None:
    hear(stand, 3)
    gate = asyncio.Event()

    class Stuck(MemoryServer):
        async def write(self, body: bytes) -> None:
            await super().write(body)
            gate.set()
            await asyncio.sleep(60)

    stuck = Stuck()
    async with stand.forwarding(stuck.open):
        await gate.wait()
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
    assert server.bodies == stuck.bodies


async def test_a_flag_that_is_no_flag_is_a_dead_letter_and_its_row_arrives(
    stand: Stand, server: MemoryServer
) -> None:
    stand.hear("cab-0001", [(T0, [4.0, 0.5])])
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
        assert forwarder.state.counters == {"points": 1, "refused": 1}
    book = stand.book()
    assert book.refused()[0].why == "door_open=0.5 is neither 0 nor 1: the value was left out"
    book.close()
    assert b"zone_1_celsius=4.0,boot=1i" in server.lines()[0]


async def test_rows_the_store_forgot_during_the_outage_are_sent_as_the_log_has_them(
    stand: Stand, server: MemoryServer
) -> None:
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: not forwarder.state.filling)
    hear(stand, 2)
    stand.hear_simple("cab-0002", T0, tc=5.5)
    kept = {point.rank for point in stand.exported()}
    stand.store.expire(T0 + HOUR_MS)
    assert stand.exported() == []
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: forwarder.backlog() == 0)
    assert len(server.lines()) == 3
    for rank in kept:
        told = f"boot={rank.boot}i,mseq={rank.mseq}i".encode()
        assert any(told in line for line in server.lines())


def test_a_shipment_stays_small_however_much_waits(stand: Stand) -> None:
    for n in range(8):
        stand.hear("veh-0001", [(T0 + n * 100_000 + i, [1.0]) for i in range(500)])
    shipments = stand.shipments(max_lines=700)
    progress: Progress | None = Progress(stand.log.log_id, 0)
    sizes = []
    while progress and (shipment := shipments.next(progress)):
        sizes.append(len(shipment.lines))
        progress = shipment.progress
    assert sizes == [1_000] * 4


async def test_hours_are_sent_once_after_the_lateness_window(
    stand: Stand, server: MemoryServer
) -> None:
    hear(stand, 5)
    stand.hear("veh-0001", [(T0 + 2 * HOUR_MS, [3.0])])
    late = 6 * HOUR_MS
    async with stand.forwarding(server.open, lateness_ms=late) as forwarder:
        stand.clock.ms = T0 + HOUR_MS + late - 1
        await caught_up(forwarder)
        assert "hours" not in forwarder.state.counters
        stand.clock.ms += 1
        await until(lambda: forwarder.state.counters.get("hours") == 1)
        stand.hear("cab-0001", [(T0 + 60_000, [7.0])])
        stand.clock.ms += 2 * HOUR_MS
        await until(lambda: forwarder.state.counters.get("hours") == 2)
    hours = [line for line in server.lines() if b"_1h," in line]
    assert hours[0].startswith(
        b"cabinet_1h,dev=cab-0001,site=hangzhou zone_1_celsius_n=5i,zone_1_celsius_min=0.0,"
        b"zone_1_celsius_max=4.0,zone_1_celsius_mean=2.0,door_open_n=5i"
    )
    assert hours[1].startswith(b"truck_1h,dev=veh-0001")
    assert len(hours) == 2


async def test_a_device_no_longer_registered_is_counted_when_its_stored_rows_are_sent(
    stand: Stand, server: MemoryServer
) -> None:
    hear(stand, 2)
    stand.county.forget("cab-0001")
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: not forwarder.state.filling and bool(forwarder.state.counters))
        assert forwarder.state.counters == {"unplaced": 2}


def test_pauses_are_jittered_bounded_and_no_shorter_than_asked_for() -> None:
    pace = Pace(first_s=0.5, most_s=60.0)
    pauses = [pace.pause_s(10_000) for _ in range(300)]
    assert 0 <= min(pauses) < 15
    assert 45 < max(pauses) <= 60
    assert max(pace.pause_s(0) for _ in range(100)) <= 0.5
    assert pace.pause_s(0, at_least_s=7) == 7
