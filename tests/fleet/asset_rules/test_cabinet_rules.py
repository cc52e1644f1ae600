"""What the rules find wrong with a cabinet, and what they let pass."""

from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.hazard import Hazard
from tests.fleet.asset_rules.rides import FULL, cabinet, of_cabinet, over, told


def with_tray(number: int, kg: float) -> tuple[float, ...]:
    return tuple(kg if n == number else one for n, one in enumerate(FULL, 1))


def calm(begin: int, end: int, **told_: object) -> list[AssetReading]:
    return [cabinet(n, **told_) for n in range(begin, end)]


def test_a_day_of_sales_through_the_door_is_no_alarm() -> None:
    rows: list[AssetReading] = []
    for visit in range(24):
        weights = with_tray(1, 5.0 - 0.1 * visit)
        rows += calm(60 * visit, 60 * visit + 60, trays_kg=weights, door_opens=100.0 + visit)
    assert of_cabinet(rows)[1:] == ((), (), ())


def test_lost_mains_are_told_after_two_minutes_and_a_blink_is_not() -> None:
    assert of_cabinet([*calm(0, 5), cabinet(5, mains_on=False), *calm(6, 9)]).raised == ()
    judged = of_cabinet([*calm(0, 5), *calm(5, 20, mains_on=False), *calm(20, 30)])
    assert told(judged.raised) == [(Hazard.POWER_LOST, 5, 7)]
    assert over(judged.ended) == [(Hazard.POWER_LOST, 20)]


def test_rows_that_say_nothing_of_the_mains_change_nothing() -> None:
    rows = [*calm(0, 5), *calm(5, 9, mains_on=False), *calm(9, 40, mains_on=None)]
    assert [f.hazard for f in of_cabinet(rows).open] == [Hazard.POWER_LOST]


def test_a_leap_of_one_tray_behind_a_shut_door_is_its_scale() -> None:
    leapt = with_tray(3, 7.4)
    judged = of_cabinet([*calm(0, 10), *calm(10, 140, trays_kg=leapt)])
    assert told(judged.raised) == [(Hazard.SCALE_JUMP, 11, 11)]
    assert over(judged.ended) == [(Hazard.SCALE_JUMP, 12)]


def test_a_zero_that_fell_below_zero_is_a_leap_too() -> None:
    judged = of_cabinet([*calm(0, 10), *calm(10, 20, trays_kg=with_tray(3, -0.5))])
    assert [f.hazard for f in judged.raised] == [Hazard.SCALE_JUMP]


def test_one_odd_weighing_is_nothing() -> None:
    odd = cabinet(10, trays_kg=with_tray(3, 9.9))
    assert of_cabinet([*calm(0, 10), odd, *calm(11, 200)]).raised == ()


def test_two_trays_that_change_behind_a_shut_door_are_goods_without_an_opening() -> None:
    gone = tuple(kg - 0.6 if n in {2, 3} else kg for n, kg in enumerate(FULL))
    judged = of_cabinet([*calm(0, 10), *calm(10, 20, trays_kg=gone)])
    assert told(judged.raised) == [(Hazard.MASS_IMBALANCE, 11, 11)]


def test_the_count_of_openings_accounts_for_goods_that_went_between_two_rows() -> None:
    gone = tuple(kg - 0.6 if n in {2, 3} else kg for n, kg in enumerate(FULL))
    rows = [*calm(0, 10), *calm(10, 200, trays_kg=gone, door_opens=101.0)]
    assert of_cabinet(rows).raised == ()


def test_a_weight_that_creeps_is_a_drift_and_no_leap() -> None:
    rows = [cabinet(n, trays_kg=with_tray(5, round(5 + 0.0005 * n, 4))) for n in range(240)]
    judged = of_cabinet(rows)
    assert [f.hazard for f in judged.raised] == [Hazard.SCALE_DRIFT]
    assert 100 <= told(judged.raised)[0][2] <= 104


def test_creeping_begins_anew_with_each_opening() -> None:
    rows = [
        cabinet(n, trays_kg=with_tray(5, 5 + 0.0005 * n), door_opens=100.0 + n // 60)
        for n in range(600)
    ]
    assert of_cabinet(rows).raised == ()


def test_weights_leaned_on_while_the_door_is_open_are_not_weighed() -> None:
    hands = [cabinet(10 + n, door_open=True, trays_kg=with_tray(1, 9.0 + n)) for n in range(5)]
    assert of_cabinet([*calm(0, 10), *hands, *calm(15, 40)]).raised == ()


def test_a_door_that_is_never_shut_leaves_a_session_open() -> None:
    open_ = calm(5, 30, door_open=True, door_opens=101.0)
    judged = of_cabinet([*calm(0, 5), *open_, *calm(30, 32, door_opens=101.0)])
    assert told(judged.raised) == [(Hazard.SESSION_OPEN, 5, 20)]
    assert over(judged.ended) == [(Hazard.SESSION_OPEN, 30)]


def test_many_short_openings_that_every_row_happens_to_see_are_no_open_session() -> None:
    rows = [cabinet(n, door_open=True, door_opens=100.0 + n) for n in range(40)]
    assert of_cabinet(rows).raised == ()


def test_silence_neither_raises_nor_ends() -> None:
    rows = [*calm(0, 5), *calm(5, 9, mains_on=False)]
    judged = of_cabinet([*rows, cabinet(500, mains_on=False)])
    (going_on,) = judged.open
    assert going_on.hazard is Hazard.POWER_LOST
    assert going_on.episode.unknown_ms == 492 * 60_000
    shifted = [*calm(0, 10), *calm(300, 310, trays_kg=with_tray(3, 9.0))]
    assert of_cabinet(shifted).raised == ()


def test_a_lock_that_stays_out_of_a_shut_door_is_told_after_three_minutes() -> None:
    judged = of_cabinet([*calm(0, 5), *calm(5, 20, lock_latched=False), *calm(20, 30)])
    assert told(judged.raised) == [(Hazard.LOCK_NOT_LATCHED, 5, 8)]
    assert over(judged.ended) == [(Hazard.LOCK_NOT_LATCHED, 20)]


def test_an_open_door_is_not_locked_and_neither_wrong_nor_well() -> None:
    opened = calm(5, 12, door_open=True, door_opens=101.0, lock_latched=False)
    assert of_cabinet([*calm(0, 5), *opened, *calm(12, 20, door_opens=101.0)]).raised == ()
    wrong = calm(0, 6, lock_latched=False)
    held = [cabinet(n, door_open=True, door_opens=101.0, lock_latched=True) for n in range(6, 12)]
    assert [f.hazard for f in of_cabinet([*wrong, *held]).open] == [Hazard.LOCK_NOT_LATCHED]


def test_short_openings_between_the_rows_are_no_lock_that_fails() -> None:
    rows = [cabinet(n, lock_latched=False, door_opens=100.0 + n) for n in range(20)]
    assert of_cabinet(rows).raised == ()


def test_a_cabinet_without_the_column_says_nothing_of_its_lock() -> None:
    assert of_cabinet(calm(0, 60, lock_latched=None)).raised == ()
    rows = [*calm(0, 6, lock_latched=False), *calm(6, 60, lock_latched=None)]
    assert [f.hazard for f in of_cabinet(rows).open] == [Hazard.LOCK_NOT_LATCHED]
