"""The store bench: what it stores is the same every time, and it knows a wrong answer."""

from pathlib import Path

import pytest

from gongfu.bench.store import same
from gongfu.bench.store_county import DAY_MS, Fridges, Period, batches
from gongfu.bench.store_engines import METRIC, Embedded, Question
from gongfu_broker.columns import DeviceKind

DAY = 20_000 * DAY_MS
PERIOD = Period(DAY, DAY + DAY_MS, DAY + 2 * DAY_MS)


def test_the_fridges_are_the_same_for_the_same_seed_and_in_order_of_time() -> None:
    one = [point for batch in batches(Fridges(3, PERIOD, 1)) for point in batch]
    assert one == [point for batch in batches(Fridges(3, PERIOD, 1)) for point in batch]
    assert one != [point for batch in batches(Fridges(3, PERIOD, 2)) for point in batch]
    stamps = [point.ts_ms for point in one]
    assert stamps == sorted(stamps)
    assert {point.dev for point in one if point.ts_ms < DAY + DAY_MS} == {"cab-0001"}
    assert len(one) == 4 * DAY_MS // 10_000


def test_the_embedded_engine_answers_as_its_rows_say(tmp_path: Path) -> None:
    engine = Embedded(tmp_path)
    rows = []
    for batch in batches(Fridges(2, PERIOD, 1)):
        rows += batch
        engine.write(batch)
    ask = Question("cab-0001", DeviceKind.CABINET, DAY, DAY + 2 * DAY_MS, every_ms=DAY_MS)
    own = [point.values[METRIC] for point in rows if point.dev == "cab-0001"]
    found = engine.windows(ask)
    assert min(low for _, low, _, _ in found) == min(own)
    assert max(high for _, _, high, _ in found) == max(own)
    assert len(engine.last(ask)) == 2
    engine.close()


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        ([(1, 2.0)], True),
        ([(1, 2.0 + 1e-12)], True),
        ([(1, 2.1)], False),
        ([(2, 2.0)], False),
        ([], False),
    ],
)
def test_answers_agree_but_for_the_last_digits(other: object, equal: bool) -> None:  # noqa: FBT001 - a table
    assert same([(1, 2.0)], other) is equal
