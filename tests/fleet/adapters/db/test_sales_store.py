"""Sales in either database: joined, marked as long as they did not change, forgotten when old."""

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.sales import SqlSales
from gongfu_fleet.domain.alarms.asset_rules.unsettled import Sale
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.watch_ports import Cursor
from gongfu_fleet.services.watch_sales import News

CAB, OTHER = "cab-0001", "cab-0002"
ONE, TWO = Cursor("log", 1), Cursor("log", 2)
ENDED = Sale("a", ended_ms=1_000, heard_ms=1_010, owed=True)
PAID = Sale("a", settled_ms=1_900)


def test_what_two_events_tell_is_one_sale_and_a_cursor_is_moved_once(database: Engine) -> None:
    store = SqlSales(database)
    store.take([News(CAB, PAID, 2_000), News(OTHER, ENDED, 2_000)], "sales", None, ONE)
    store.take([News(CAB, ENDED, 2_100), News(CAB, ENDED, 2_100)], "sales", ONE, TWO)
    assert store.cursor("sales") == TWO
    assert store.unjudged(100) == {CAB: [ENDED._replace(settled_ms=1_900)], OTHER: [ENDED]}
    with pytest.raises(ConflictError):
        store.take([News(CAB, Sale("b"), 2_200)], "sales", ONE, TWO)
    assert len(store.unjudged(100)[CAB]) == 1


def test_a_judged_sale_comes_back_only_when_it_changes_or_was_late_beside_another(
    database: Engine,
) -> None:
    store = SqlSales(database)
    store.take([News(CAB, ENDED, 2_000)], "sales", None, ONE)
    store.judge(CAB, [ENDED._replace(owed=False)])
    assert store.unjudged(100) == {CAB: [ENDED]}
    store.judge(CAB, [ENDED])
    assert store.unjudged(100) == {}
    store.take([News(CAB, PAID, 2_000), News(CAB, Sale("b"), 2_000)], "sales", ONE, TWO)
    late = ENDED._replace(settled_ms=1_900)
    store.judge(CAB, [late])
    by_name = {sale.session: sale for sale in store.unjudged(800)[CAB]}
    assert by_name == {"a": late, "b": Sale("b")}
    assert store.unjudged(900) == {CAB: [Sale("b")]}


def test_only_what_is_judged_is_forgotten(database: Engine) -> None:
    store = SqlSales(database)
    news = [News(CAB, ENDED, 2_000), News(CAB, Sale("b"), 2_000), News(CAB, Sale("c"), 9_000)]
    store.take(news, "sales", None, ONE)
    store.judge(CAB, [ENDED, Sale("c")])
    store.forget(5_000)
    store.take(
        [News(CAB, PAID, 9_000), News(CAB, Sale("c", settled_ms=1), 9_000)], "sales", ONE, TWO
    )
    assert {sale.session: sale for sale in store.unjudged(0)[CAB]} == {
        "a": PAID,
        "b": Sale("b"),
        "c": Sale("c", settled_ms=1),
    }
