"""What Grafana accepts silently and people then see wrong."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from gongfu_fleet.services.device_state import CONDITIONS, LEVELS
from grafana.dashboards import fleet_wall
from grafana.generate import GENERATED
from tests.grafana.interpolation import Json

BOARDS = [json.loads(path.read_text(encoding="utf-8")) for path in GENERATED.glob("*.json")]
FOLDER = "Ops"
each = pytest.mark.parametrize("board", BOARDS, ids=[board["uid"] for board in BOARDS])


def datasources(node: Any) -> Iterator[Json]:  # noqa: ANN401 - any part of a dashboard
    if isinstance(node, dict):
        if isinstance(node.get("datasource"), dict):
            yield node["datasource"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from datasources(child)


def targets(board: Json) -> Iterator[tuple[Json, Json]]:
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel, target


def test_uids_and_titles_are_unique_and_no_title_is_that_of_the_folder() -> None:
    assert BOARDS
    assert len({board["uid"] for board in BOARDS}) == len(BOARDS)
    assert len({board["title"] for board in BOARDS}) == len(BOARDS)
    titles = [panel["title"] for board in BOARDS for panel in board["panels"]]
    assert FOLDER not in [*titles, *(board["title"] for board in BOARDS)]


@each
def test_a_uid_is_one_that_grafana_takes_and_the_database_id_is_left_out(board: Json) -> None:
    assert re.fullmatch(r"[a-z0-9-]{8,40}", board["uid"])
    assert "id" not in board


@each
def test_panels_have_numbers_titles_descriptions_and_units(board: Json) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in board["panels"]:
        assert panel["title"], panel["id"]
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@each
def test_panels_lie_on_the_grid_and_none_on_another(board: Json) -> None:
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
    for one, other in combinations(board["panels"], 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, f"{one['title']} and {other['title']}"


@each
def test_every_query_goes_to_the_data_source_variable(board: Json) -> None:
    found = list(datasources(board))
    assert len(found) > len(board["panels"])
    assert all(source == {"type": "influxdb", "uid": "${ds}"} for source in found)
    (variable,) = [v for v in board["templating"]["list"] if v["type"] == "datasource"]
    assert (variable["name"], variable["query"]) == ("ds", "influxdb")


@each
def test_queries_stay_in_the_subset_every_influxdb_answers(board: Json) -> None:
    for panel, target in targets(board):
        text = target["query"]
        assert "$timeFilter" in text, panel["title"]
        assert not re.search(r"\b(INTEGRAL|TOP|BOTTOM|SLIMIT|SOFFSET)\b", text, re.IGNORECASE)
        # Grafana takes whatever stands between two slashes for a regular expression.
        assert re.sub(r"=~ /\^\$\w+\$/", "", text).count("/") == 0
        assert target["rawQuery"] is True


@each
def test_references_of_targets_are_unique_in_a_panel_and_variables_exist(board: Json) -> None:
    names = {variable["name"] for variable in board["templating"]["list"]}
    for panel in board["panels"]:
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs), panel["title"]
    text = json.dumps(board)
    used = set(re.findall(r"/\^\$(\w+)\$/", text)) | set(re.findall(r"\$\{(\w+)(?::\w+)?\}", text))
    assert used
    assert used <= names


@each
def test_drawn_lines_are_capped_and_have_a_legend(board: Json) -> None:
    drawn = [panel for panel in board["panels"] if panel["type"] == "timeseries"]
    for panel in drawn:
        assert panel["maxDataPoints"] <= 300
        assert panel["options"]["legend"]["showLegend"] is True
    for panel in board["panels"]:
        if panel["type"] == "stat":
            assert panel["options"]["reduceOptions"]["calcs"]


@each
def test_nothing_points_to_a_host_but_this_one(board: Json) -> None:
    found = re.findall(r"https?://([^\"/:]+)", json.dumps(board))
    assert set(found) <= {"localhost"}


def test_the_words_of_the_wall_cover_what_the_snapshot_writes() -> None:
    assert set(fleet_wall.LEVELS) == set(LEVELS.values())
    assert set(fleet_wall.CONDITIONS) == set(CONDITIONS.values())
