"""InfluxDB's answer as the data frames that Grafana's panels see (its InfluxQL converter)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.grafana.influxd import Series
from tests.grafana.interpolation import named

Table = list[dict[str, Any]]  # Any: a cell is what InfluxDB holds


class Line(NamedTuple):
    """One drawn series; values without the empty ones."""

    name: str
    points: list[tuple[int, float]]


def table(series: Series) -> Table:
    """One row per value row: Time, the tags, the columns. Several tags would come out shuffled."""
    rows = []
    for one in series:
        tags: Mapping[str, str] = one.get("tags", {})
        assert len(tags) <= 1, "Grafana mixes up the columns of several tags in a table"
        columns = ["Time" if name == "time" else name for name in one["columns"]]
        rows += [{**tags, **dict(zip(columns, row, strict=True))} for row in one["values"]]
    return rows


def lines(series: Series, alias: str) -> list[Line]:
    """One line per series and column."""
    return [
        Line(
            named(alias, one.get("tags", {}), column),
            [(row[0], row[index]) for row in one["values"] if row[index] is not None],
        )
        for one in series
        for index, column in enumerate(one["columns"])
        if column != "time"
    ]
