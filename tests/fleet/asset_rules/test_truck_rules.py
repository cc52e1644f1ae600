"""What the rules find wrong with a truck, and what they let pass."""

from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.timeline import Span
from tests.fleet.asset_rules.rides import (
    FAR,
    FIELD,
    MINUTE,
    START,
    VILLAGE,
    halves,
    of_truck,
    over,
    told,
    truck,
)

DOOR_MOVING = Hazard.DOOR_OPEN_MOVING
REEFER_OFF = Hazard.REEFER_OFF_LOADED


def test_a_truck_that_stands_in_a_village_is_no_alarm() -> None:
    judged = of_truck(halves(240))
    assert judged[1:] == ((), (), ())


def test_an_open_door_at_speed_is_told_by_the_third_row_and_over_when_shut() -> None:
    rows = halves(3) + [truck(3 + n / 2, door_open=True, speed_kmh=30.0) for n in range(8)]
    rows += [truck(7 + n / 2, speed_kmh=30.0) for n in range(12)]
    judged = of_truck(rows)
    assert told(judged.raised) == [(DOOR_MOVING, 3, 4)]
    assert over(judged.ended) == [(DOOR_MOVING, 8)]


def test_two_fast_rows_with_an_open_door_are_no_alarm() -> None:
    rows = halves(3) + [truck(3 + n / 2, door_open=True, speed_kmh=30.0) for n in range(2)]
    rows += [truck(4 + n / 2, door_open=True) for n in range(6)]
    assert of_truck(rows).raised == ()


def test_between_walking_pace_and_the_limit_an_open_door_neither_raises_nor_clears() -> None:
    between = [truck(20 + n / 2, door_open=True, speed_kmh=8.0) for n in range(30)]
    assert of_truck(between).raised == ()
    fast = [truck(n / 2, door_open=True, speed_kmh=30.0) for n in range(40)]
    judged = of_truck(fast + between)
    assert [f.hazard for f in judged.open] == [DOOR_MOVING]


def test_the_limit_of_speed_itself_is_still_standing() -> None:
    rows = [truck(n / 2, door_open=True, speed_kmh=10.0) for n in range(20)]
    assert of_truck(rows).raised == ()


def test_the_door_of_an_earlier_row_counts_for_a_row_of_a_position_alone() -> None:
    rows = [truck(0, door_open=True)]
    rows += [
        AssetReading(START + n * 10_000, lat_deg=VILLAGE[0], lon_deg=VILLAGE[1], speed_kmh=40.0)
        for n in range(1, 4)
    ]
    assert told(of_truck(rows).raised) == [(DOOR_MOVING, 10 / 60, 0.5)]
    late = [row._replace(ts_ms=row.ts_ms + 5 * MINUTE) for row in rows[1:]]
    assert of_truck([rows[0], *late]).raised == ()


def test_a_door_open_in_the_fields_is_told_and_one_in_the_village_is_not() -> None:
    lat, lon = FIELD
    field = [truck(n / 2, door_open=True, lat_deg=lat, lon_deg=lon) for n in range(4)]
    away = [truck(2 + n / 2, lat_deg=lat, lon_deg=lon) for n in range(34)]
    judged = of_truck(field + away)
    assert told(judged.raised) == [(Hazard.DOOR_OUTSIDE_STOP, 0, 1)]
    assert over(judged.ended) == [(Hazard.DOOR_OUTSIDE_STOP, 2)]
    assert of_truck([truck(n / 2, door_open=True) for n in range(60)]).raised == ()


def test_a_position_that_jitters_at_the_fence_is_no_alarm() -> None:
    # 600 m north: beyond the inner fence, within the outer one.
    rows = [truck(n / 2, door_open=True, lat_deg=VILLAGE[0] + 0.0054) for n in range(60)]
    assert of_truck(rows).raised == ()


def test_a_truck_far_from_every_stop_is_off_its_corridor_after_ten_minutes() -> None:
    rows = [truck(n / 2, lat_deg=FAR[0], speed_kmh=40.0) for n in range(60)]
    rows += [truck(30 + n / 2, speed_kmh=40.0) for n in range(20)]
    judged = of_truck(rows)
    assert told(judged.raised) == [(Hazard.OFF_CORRIDOR, 0, 10)]
    assert over(judged.ended) == [(Hazard.OFF_CORRIDOR, 30)]


def test_a_lost_position_is_told_while_the_odometer_runs_and_not_in_a_garage() -> None:
    blind = {"lat_deg": None, "lon_deg": None, "speed_kmh": None, "satellites": 0.0}
    garage = [truck(n / 2, **blind) for n in range(60)]
    assert of_truck(garage).raised == ()
    drive = [truck(n / 2, **blind, odometer_km=20_000 + n / 4) for n in range(40)]
    seen = [truck(20 + n / 2, odometer_km=20_010.0) for n in range(8)]
    judged = of_truck(drive + seen)
    assert told(judged.raised) == [(Hazard.GNSS_LOST, 0, 5)]
    assert over(judged.ended) == [(Hazard.GNSS_LOST, 20)]


def test_a_cut_supply_is_told_by_the_second_row_and_a_start_of_the_engine_is_not() -> None:
    assert of_truck([truck(0), truck(0.5, battery_volt=7.5), *halves(3)[2:]]).raised == ()
    cut = halves(3) + [truck(3 + n / 2, battery_volt=0.0) for n in range(4)]
    back = [truck(5 + n / 2) for n in range(10)]
    judged = of_truck(cut + back)
    assert told(judged.raised) == [(Hazard.TRACKER_POWER_CUT, 3, 3.5)]
    assert over(judged.ended) == [(Hazard.TRACKER_POWER_CUT, 5.5)]


def test_a_hole_in_the_record_is_told_when_no_backlog_filled_it() -> None:
    rows = [*halves(30), *(truck(45 + n) for n in range(90))]
    judged = of_truck(rows)
    found = judged.raised[0]
    assert told(judged.raised) == [(Hazard.RECORDER_GAP, 29.5, 105)]
    assert found.episode.end_ms == START + 45 * MINUTE
    assert judged.ended == judged.raised
    filled = [*halves(30), *(truck(30 + n) for n in range(105))]
    assert of_truck(filled).raised == ()


def test_exactly_the_allowed_interval_is_no_hole_and_an_empty_truck_need_not_record() -> None:
    assert of_truck([truck(10 * n) for n in range(30)]).raised == ()
    empty = [truck(20 * n, load_kg=0.0) for n in range(30)]
    assert of_truck(empty).raised == ()
    unweighed = [truck(20 * n, load_kg=None) for n in range(10)]
    assert Hazard.RECORDER_GAP in {f.hazard for f in of_truck(unweighed).raised}


def warming(minutes: int, *, load_kg: float = 300.0) -> list[AssetReading]:
    return [
        truck(
            n / 2,
            load_kg=load_kg,
            zone_1_celsius=round(3 + 0.08 * n, 2),
            zone_2_celsius=round(-20 + 0.2 * n, 2),
        )
        for n in range(2 * minutes)
    ]


def test_a_loaded_truck_whose_unit_stands_still_is_told_and_cooling_ends_it() -> None:
    judged = of_truck(warming(60))
    assert told(judged.raised) == [(REEFER_OFF, 8, 48)]
    cooling = [
        truck(60 + n / 2, zone_1_celsius=12 - 0.1 * n, zone_2_celsius=3 - 0.5 * n)
        for n in range(20)
    ]
    judged = of_truck(warming(60) + cooling)
    assert over(judged.ended) == [(REEFER_OFF, 60.5)]


def test_an_empty_truck_may_switch_its_unit_off() -> None:
    assert of_truck(warming(120, load_kg=40.0)).raised == ()


def test_one_zone_that_warms_alone_is_given_the_longest_defrost() -> None:
    rows = [row._replace(zone_1_celsius=4.0) for row in warming(70)]
    assert of_truck(rows).raised == ()
    alone = [row._replace(zone_1_celsius=None) for row in warming(120)]
    assert told(of_truck(alone).raised) == [(REEFER_OFF, 6, 86)]


def test_a_unit_that_swings_as_usual_is_no_alarm() -> None:
    swing = [abs(n % 58 - 29) / 29 for n in range(960)]
    rows = [
        truck(n / 2, zone_1_celsius=2.9 + 1.8 * s, zone_2_celsius=-20.7 + 2.9 * s)
        for n, s in enumerate(swing)
    ]
    assert of_truck(rows).raised == ()


def test_silence_ends_nothing_and_stands_as_unknown() -> None:
    lat, lon = FIELD
    rows = [truck(n / 2, door_open=True, lat_deg=lat, lon_deg=lon) for n in range(6)]
    rows += [truck(300 + n / 2, door_open=True, lat_deg=lat, lon_deg=lon) for n in range(2)]
    judged = of_truck(rows)
    (going_on,) = [f for f in judged.open if f.hazard is Hazard.DOOR_OUTSIDE_STOP]
    assert going_on.episode.unknown == (Span(START + 150_000, START + 300 * MINUTE),)
    assert judged.ended == ()


def test_a_reefer_that_stood_still_before_a_silence_is_not_well_after_it() -> None:
    last = warming(60)[-1]
    later = [last._replace(ts_ms=last.ts_ms + (60 + n) * MINUTE) for n in range(5)]
    judged = of_truck(warming(60) + later)
    assert [f.hazard for f in judged.open] == [REEFER_OFF]


def test_many_openings_at_one_place_in_the_fields_are_one_incident() -> None:
    lat, lon = FIELD
    rows = [truck(n / 2, door_open=n % 8 < 4, lat_deg=lat, lon_deg=lon) for n in range(80)]
    judged = of_truck(rows)
    assert [f.hazard for f in judged.raised] == [Hazard.DOOR_OUTSIDE_STOP]


def runs(begin: float, minutes: float, supply: float, back: float = 4.0) -> list[AssetReading]:
    """Rows every 30 s in which the unit blows ``supply`` and draws ``back`` of zone 1."""
    return [
        truck(begin + n / 2, supply_1_celsius=supply, return_1_celsius=back)
        for n in range(int(minutes * 2))
    ]


def test_air_that_comes_back_far_warmer_than_it_went_is_told_when_it_lasts() -> None:
    judged = of_truck([*halves(10), *runs(10, 60, -8.0)])
    assert told(judged.raised) == [(Hazard.RETURN_SUPPLY_GAP, 10, 30)]


def test_runs_of_a_compressor_add_up_and_its_rests_do_not_end_it() -> None:
    rows = halves(10)
    for cycle in range(4):
        rows += [*runs(10 + 30 * cycle, 15, -8.0), *runs(25 + 30 * cycle, 15, 4.0)]
    judged = of_truck([*rows, *runs(130, 60, 4.0)])
    assert [(f.hazard, f.episode.begin_ms) for f in judged.raised] == [
        (Hazard.RETURN_SUPPLY_GAP, truck(10).ts_ms)
    ]
    assert over(judged.ended) == [(Hazard.RETURN_SUPPLY_GAP, 159.5)]


def test_one_run_that_is_followed_by_a_calm_hour_is_nothing() -> None:
    rows = [*halves(10), *runs(10, 15, -8.0), *runs(25, 60, 0.0), *runs(85, 15, -8.0)]
    assert of_truck(rows).raised == ()


def test_a_warm_box_that_is_pulled_down_is_no_blocked_air() -> None:
    rows = [
        truck(n / 2, supply_1_celsius=8 - n / 8, return_1_celsius=18 - n / 8) for n in range(80)
    ]
    assert of_truck(rows).raised == ()


def test_what_an_open_door_lets_in_says_nothing_of_the_air() -> None:
    rows: list[AssetReading] = []
    for visit in range(12):
        at = visit * 10
        rows += [row._replace(door_open=True) for row in runs(at, 4, -8.0)]
        rows += runs(at + 4, 6, -8.0)
    # Of each ten minutes one is judged: the grace after a door is five.
    assert of_truck(rows).raised == ()


def test_a_gap_neither_raises_nor_ends_a_wide_difference_of_air() -> None:
    rows = [*halves(10), *runs(10, 15, -8.0)]
    assert of_truck([*rows, *runs(300, 4, -8.0)]).raised == ()
    raised = [*rows, *runs(25, 15, -8.0)]
    assert [f.hazard for f in of_truck([*raised, *runs(300, 30, 0.0)]).open] == [
        Hazard.RETURN_SUPPLY_GAP
    ]
    assert of_truck([*raised, *runs(300, 60, 0.0)]).open == ()


def test_a_truck_without_the_columns_says_nothing_of_its_air() -> None:
    bare = [row._replace(supply_1_celsius=None) for row in runs(0, 60, -8.0)]
    assert of_truck(bare).raised == ()
