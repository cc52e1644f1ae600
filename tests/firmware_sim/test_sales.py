"""Each opening of a cabinet is told with its weights, each sale with how it was decided."""

from collections.abc import Mapping

import msgspec
import pytest

from gongfu_broker.codec import decode_event
from gongfu_broker.event_kinds import Purchase, SessionEnd, told_by
from gongfu_broker.payloads import Event
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.cabinet import OPENINGS_A_DAY, SALES_A_DAY, Cabinet
from gongfu_firmware_sim.controls import Controls
from gongfu_firmware_sim.daytime import HOUR_MS, MINUTE_MS
from gongfu_firmware_sim.doors import off_grid
from gongfu_firmware_sim.faults import NO_FAULTS, Fault, FaultKind, Injection
from gongfu_firmware_sim.moment import Told
from gongfu_firmware_sim.outbox import Outbox, Pace
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.sales import SETTLING_MS, Till, Visit, told_of
from gongfu_firmware_sim.scenario import ScenarioSpec

REFILLS = 4
KEY = (7, "cab-0001")
OPEN = off_grid((HOUR_MS, HOUR_MS + MINUTE_MS))
TOOK = Visit(OPEN, taken=((3, 410),))


def cabinet(county: ScenarioSpec, *orders: Injection) -> Cabinet:
    spec = msgspec.structs.replace(county, rates=NO_FAULTS, injections=orders)
    return Cabinet(spec.devices[0], spec)


def told(model: Cabinet, county: ScenarioSpec, hours: int = 24) -> list[Told]:
    start_ms = county.start_ms
    moments = model.moments(start_ms, start_ms + hours * HOUR_MS)
    return [event for moment in moments for event in moment.told]


def sold(visit: Visit, *faults: Fault, doors: tuple[tuple[int, int], ...] = ()) -> list[Told]:
    till = Till({}, faults)
    return list(told_of(KEY, [visit], doors or (visit.span,), till))


def test_a_day_tells_every_opening_and_every_sale_once(county: ScenarioSpec) -> None:
    events = told(cabinet(county), county)
    sessions = [e for e in events if e.kind == "session"]
    purchases = [e for e in events if e.kind == "purchase"]
    assert len(sessions) == OPENINGS_A_DAY + REFILLS
    assert len(purchases) == SALES_A_DAY
    assert {e.data["st"] for e in purchases} == {"paid"}
    by_session = {e.data["session"]: e for e in sessions}
    for purchase in purchases:
        ended = by_session[purchase.data["session"]]
        assert purchase.ts_ms - ended.ts_ms == SETTLING_MS
        (taken,) = ended.data["taken"]
        assert purchase.data["fen"] == pytest.approx(1_280 * taken["kg"], abs=0.5)


def test_what_it_tells_fits_the_contract(county: ScenarioSpec) -> None:
    for event in told(cabinet(county), county):
        read = told_by(Event(1, 1, 1, "e", event.ts_ms, event.kind, event.data))
        assert isinstance(read, SessionEnd | Purchase)


def test_pieces_of_a_day_tell_what_the_day_tells(county: ScenarioSpec) -> None:
    whole, model = told(cabinet(county), county), cabinet(county)
    pieces, at = [], county.start_ms
    for step in [7, 130, 1, 600, 702]:
        pieces += [e for m in model.moments(at, at + step * MINUTE_MS) for e in m.told]
        at += step * MINUTE_MS
    assert pieces == whole


def test_while_payments_fail_a_sale_is_pending_and_it_is_paid_afterwards() -> None:
    down = Fault(FaultKind.PAYMENT_DOWN, HOUR_MS, 2 * HOUR_MS)
    session, pending, paid = sold(TOOK, down)
    assert (session.ts_ms, pending.ts_ms, paid.ts_ms) == (
        OPEN[1],
        OPEN[1] + SETTLING_MS,
        2 * HOUR_MS,
    )
    assert [one.data.get("st") for one in (pending, paid)] == ["pending", "paid"]


def test_a_door_left_ajar_ends_the_session_when_it_is_shut() -> None:
    session, _ = sold(TOOK, doors=((OPEN[0] - 5, OPEN[1] + 9 * MINUTE_MS),))
    assert session.ts_ms == OPEN[1] + 9 * MINUTE_MS
    assert session.data["open_s"] == 600


def test_who_fills_or_only_looks_pays_nothing() -> None:
    assert [e.kind for e in sold(Visit(OPEN))] == ["session"]
    (filled,) = sold(Visit(OPEN, customer=False))
    assert (filled.data["by"], filled.data["taken"]) == ("operator", [])


@pytest.mark.parametrize(("grams", "price", "fen"), [(735, 1280, 941), (1005, 300, 302)])
def test_a_price_is_rounded_half_up(grams: int, price: int, fen: int) -> None:
    visit = Visit(OPEN, taken=((1, grams),))
    _, paid = told_of(KEY, [visit], (OPEN,), Till({1: price}, ()))
    assert paid.data["fen"] == fen


def test_what_went_from_two_trays_is_one_sale_of_both() -> None:
    session, paid = sold(Visit(OPEN, taken=((3, 410), (5, 1_500))))
    assert session.data["taken"] == [{"tray": 3, "kg": 0.41}, {"tray": 5, "kg": 1.5}]
    assert paid.data["fen"] == 2_445


def test_a_locked_cabinet_tells_of_no_sale(county: ScenarioSpec) -> None:
    model = cabinet(county)
    model.follow(Controls(locks=((0, 2**53 - 1),)))
    assert {e.data["by"] for e in told(model, county)} == {"operator"}


def test_the_recorder_numbers_events_before_the_row_they_come_with(county: ScenarioSpec) -> None:
    events: Mapping[str, object] = {"session": "s", "st": "paid", "fen": 5}
    moment = cabinet(county).moments(county.start_ms, county.start_ms + 2 * MINUTE_MS)[0]
    recorder = Recorder(7, "cab-0001", Outbox(1, {}, pace=Pace()))
    with_event = moment._replace(told=(Told(moment.ts_ms - 5, "purchase", dict(events)),))
    first, batch = recorder.record(with_event, offset_ms=1_000, now_s=0)
    assert (first.leaf, first.seq, batch.leaf, batch.seq) == (Leaf.EVT, 1, Leaf.TEL, 2)
    read = decode_event(first.payload)
    assert (read.kind, read.ts, read.data) == ("purchase", moment.ts_ms - 5 + 1_000, events)
