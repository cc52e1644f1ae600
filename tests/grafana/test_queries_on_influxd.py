"""Every query of the dashboard, interpolated as Grafana does it, answered by a real influxd."""

import re
from collections.abc import Iterator

import pytest

from tests.grafana.county_day import (
    END_MS,
    HOUR,
    OFFLINE,
    RECOVERED,
    SILENT,
    START_MS,
    TWO_CHILLED,
    WARM,
)
from tests.grafana.frames import Line, Table, lines, table
from tests.grafana.influxd import DATABASE, Influx, Series
from tests.grafana.interpolation import Json, View, interpolate, interval_ms

CHOSEN = (WARM, RECOVERED, TWO_CHILLED)
VIEW = View(START_MS, END_MS, {"dev": CHOSEN})


def variables(board: Json) -> dict[str, Json]:
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def panel(board: Json, title: str) -> Json:
    (found,) = [panel for panel in board["panels"] if panel["title"] == title]
    return dict(found)


def answers(
    influx: Influx, board: Json, title: str, view: View = VIEW
) -> Iterator[tuple[Json, Series]]:
    shown = panel(board, title)
    every_ms = interval_ms(view, shown)
    for target in shown["targets"]:
        text = interpolate(target["query"], variables(board), view, every_ms=every_ms)
        assert "$" not in re.sub(r"\$/", "", text), f"something is left to replace in {text}"
        yield target, influx.query(text)


def rows_of(influx: Influx, board: Json, title: str, view: View = VIEW) -> Table:
    ((target, series),) = answers(influx, board, title, view)
    assert target["resultFormat"] == "table"
    return table(series)


def lines_of(influx: Influx, board: Json, title: str, view: View = VIEW) -> list[Line]:
    found = []
    for target, series in answers(influx, board, title, view):
        assert target["resultFormat"] == "time_series"
        found += lines(series, target["alias"])
    return found


def numbers(influx: Influx, board: Json, title: str, view: View = VIEW) -> dict[str, float]:
    return {
        line.name: line.points[-1][1]
        for line in lines_of(influx, board, title, view)
        if line.points
    }


def test_every_query_of_every_panel_has_an_answer(influx: Influx, board: Json) -> None:
    asked = 0
    for shown in board["panels"]:
        for target, series in answers(influx, board, shown["title"]):
            asked += 1
            assert any(one["values"] for one in series), f"{shown['title']}: {target['query']}"
    assert asked == 17


def test_every_variable_offers_values(influx: Influx, board: Json) -> None:
    offered = {}
    for name, variable in variables(board).items():
        if variable["type"] == "query":
            text = interpolate(variable["query"]["query"], variables(board), VIEW, every_ms=1000)
            offered[name] = [row[1] for one in influx.query(text) for row in one["values"]]
    assert sorted(offered["site"]) == ["hangzhou", "quzhou"]
    assert len(offered["dev"]) == 119
    assert set(CHOSEN) <= set(offered["dev"])


def test_a_chosen_site_narrows_the_devices(influx: Influx, board: Json) -> None:
    view = View(START_MS, END_MS, {"site": ["hangzhou"], "dev": [WARM]})
    text = interpolate(
        variables(board)["dev"]["query"]["query"], variables(board), view, every_ms=1000
    )
    assert len([row for one in influx.query(text) for row in one["values"]]) == 68
    assert numbers(influx, board, "在线设备", view) == {"在线": 67, "登记": 68}


def test_the_numbers_are_those_of_the_county(influx: Influx, board: Json) -> None:
    assert numbers(influx, board, "在线设备") == {"在线": 117, "登记": 119}
    assert numbers(influx, board, "离线设备") == {"离线": 2}
    assert numbers(influx, board, "超限温区") == {"超限": 2}
    assert numbers(influx, board, "未结事件") == {"未结": 2}
    assert numbers(influx, board, "未确认事件") == {"未确认": 2}


def test_the_snapshot_panel_shows_the_time_of_the_newest_snapshot(
    influx: Influx, board: Json
) -> None:
    (newest,) = lines_of(influx, board, "快照时刻")
    assert newest.points[-1][0] == END_MS


def test_the_map_has_every_device_with_a_position_and_a_level(influx: Influx, board: Json) -> None:
    rows = rows_of(influx, board, "位置")
    (markers,) = [
        layer for layer in panel(board, "位置")["options"]["layers"] if layer["type"] == "markers"
    ]
    lat, lon = markers["location"]["latitude"], markers["location"]["longitude"]
    colour = markers["config"]["style"]["color"]["field"]
    assert len(rows) == 119
    assert all(27 < row[lat] < 31 and 117 < row[lon] < 121 for row in rows)
    levels = {row["dev"]: row[colour] for row in rows}
    assert (levels[WARM], levels[SILENT], levels[OFFLINE], levels["cab-0001"]) == (3, 2, 1, 0)


def test_the_table_of_open_incidents_lists_them_with_what_the_link_needs(
    influx: Influx, board: Json
) -> None:
    rows = {row["id"]: row for row in rows_of(influx, board, "未结温度事件")}
    assert set(rows) == {"0195-1", "0195-4"}
    warm = rows["0195-1"]
    assert (warm["zone"], warm["hazard"], warm["condition"]) == ("1", "temperature_high", 3)
    assert (warm["age_s"], warm["peak_celsius"], warm["limit_celsius"]) == (4 * 3600, 12.5, 8.0)


def test_overrides_name_columns_that_the_queries_have(influx: Influx, board: Json) -> None:
    for shown in board["panels"]:
        names = {
            override["matcher"]["options"]
            for override in shown["fieldConfig"]["overrides"]
            if override["matcher"]["id"] == "byName"
        }
        if names:
            columns = set().union(*rows_of(influx, board, shown["title"]))
            assert names <= columns, shown["title"]


def test_temperature_lines_of_the_chosen_devices_come_with_their_limits(
    influx: Influx, board: Json
) -> None:
    found = {line.name: line.points for line in lines_of(influx, board, "所选设备温度")}
    warm, truck, _ = CHOSEN
    assert {
        f"{warm} 1区",
        f"{warm} 1区上限",
        f"{warm} 1区下限",
        f"{truck} 2区",
        f"{truck} 2区上限",
    } <= set(found)
    assert not any(name.startswith(OFFLINE) for name in found)
    assert max(value for _, value in found[f"{warm} 1区"]) > found[f"{warm} 1区上限"][-1][1]
    matchers = [
        override["matcher"]["options"].strip("/")
        for override in panel(board, "所选设备温度")["fieldConfig"]["overrides"]
    ]
    assert all(any(re.search(matcher, name) for name in found) for matcher in matchers)


def test_the_alarmed_panel_draws_a_device_only_while_it_is_in_alarm(
    influx: Influx, board: Json
) -> None:
    found = {line.name: line.points for line in lines_of(influx, board, "报警设备温度")}
    assert {name.split()[0] for name in found} == {WARM, RECOVERED}
    times = [ts for ts, _ in found[f"{RECOVERED} 2区"]]
    assert (min(times), max(times)) == (START_MS + 3 * HOUR, START_MS + 4 * HOUR - 5 * 60_000)


def test_no_line_has_more_points_than_the_panel_asks_for(influx: Influx, board: Json) -> None:
    for hours in (1, 6):
        view = View(END_MS - hours * HOUR, END_MS, {"dev": CHOSEN})
        for title in ("所选设备温度", "报警设备温度"):
            drawn = lines_of(influx, board, title, view)
            assert max(len(line.points) for line in drawn) <= 361, title


def test_incident_annotations_have_text_tags_and_an_end_after_their_begin(
    influx: Influx, board: Json
) -> None:
    (annotation,) = board["annotations"]["list"]
    text = interpolate(annotation["query"], variables(board), VIEW, every_ms=60_000)
    rows = {row[annotation["textColumn"]]: row for row in table(influx.query(text))}
    assert len(rows) == 2  # the merged one is hidden
    for row in rows.values():
        assert row["Time"] < row[annotation["timeEndColumn"]] <= END_MS
        assert all(row[name] for name in annotation["tagsColumn"].split(","))
    recovered = next(row for text, row in rows.items() if RECOVERED in text)
    assert (recovered["Time"], recovered["end_ms"]) == (START_MS + HOUR, START_MS + 3 * HOUR)


@pytest.mark.parametrize("title", ["位置", "设备清单", "未结温度事件"])
def test_a_table_that_would_be_shuffled_by_grafana_is_never_asked_for(
    influx: Influx, board: Json, title: str
) -> None:
    assert rows_of(influx, board, title)  # table() refuses several tags


def test_an_influxdb_without_authentication_does_not_mind_the_provisioned_header(
    influx: Influx,
) -> None:
    answer = influx.http.post(
        "/query",
        params={"db": DATABASE},
        data={"q": "SHOW MEASUREMENTS"},
        headers={"Authorization": "Token anything"},
    )
    assert "device_state" in answer.raise_for_status().text
