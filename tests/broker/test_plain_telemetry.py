"""A batch whose values are all in range is read in one go, and means what the careful way says."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.codec import Telemetry, decode_telemetry
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.errors import PayloadError

CABINET = DeviceKind.CABINET
WIDTH = len(COLUMNS[1, CABINET])
VALUES = st.one_of(st.none(), st.integers(-100, 200), st.floats(-100, 100), st.just("3.4"))
ROWS = st.lists(st.lists(VALUES, max_size=WIDTH), min_size=1, max_size=4)
DUCTS = ("supply_1_celsius", "return_1_celsius", "supply_2_celsius", "return_2_celsius")
HEAD = {"v": 1, "boot": 1, "seq": 2, "t0": 1_795_300_000_000}
OTHER = st.dictionaries(
    st.sampled_from(["v", "lo", "boot", "note"]), st.one_of(st.integers(0, 3), st.text(max_size=3))
)


@given(ROWS, st.one_of(st.integers(0, 90_000), st.none(), st.just(-1)), OTHER)
def test_a_column_nobody_knows_changes_nothing_of_the_others(
    rows: list[list[float | None]], dt_ms: int | None, other: dict[str, int | str]
) -> None:
    """A row that bears one is never read in one go, so both ways are held together."""
    told = [[dt_ms, *row] for row in rows]
    longer = [[*row, *[None] * (WIDTH + 1 - len(row)), 7] for row in told]
    plain, careful = _decode({**HEAD, "s": told, **other}), _decode({**HEAD, "s": longer, **other})
    if plain is None or careful is None:
        assert plain is careful
        return
    assert plain[:3] == careful[:3]
    assert (plain.samples, plain.faults) == (careful.samples, careful.faults)
    for sample in plain.samples:
        assert sample.values[plain.width :] == (None,) * (WIDTH - plain.width)


def test_a_device_from_before_the_newest_columns_is_read_as_it_was() -> None:
    """The last column of the first devices was the signal; what came later is missing of them."""
    for kind, names in ((CABINET, ("lock_latched",)), (DeviceKind.TRUCK, DUCTS)):
        known = COLUMNS[1, kind]
        old = len(known) - len(names)
        assert [column.name for column in known[old - 1 :]] == ["signal_dbm", *names]
        row = [0, *[1.0] * (old - 1), -70.0]
        told = decode_telemetry(kind, json.dumps({**HEAD, "s": [row]}).encode())
        assert (told.width, told.faults) == (old, ())
        assert told.samples[0].values == (*row[1:], *[None] * len(names))


def _decode(message: dict[str, object]) -> Telemetry | None:
    try:
        return decode_telemetry(CABINET, json.dumps(message).encode())
    except PayloadError:
        return None
