"""The committed JSON is what the code makes, and nothing in it is unknown to the SDK."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from grafana.generate import GENERATED, dashboards, stale, write
from grafana.sdk import JSONEncoder, model
from tests.grafana.interpolation import Json

OWN = {"query", "queryType", "textColumn", "tagsColumn", "timeEndColumn", "titleColumn"}


def test_the_committed_dashboards_are_current() -> None:
    assert stale(GENERATED) == [], "run 'make generate' and commit"


def test_a_changed_a_missing_and_a_left_over_file_are_noticed(tmp_path: Path) -> None:
    write(tmp_path)
    assert stale(tmp_path) == []
    (name,) = dashboards()
    (tmp_path / name).write_text("{}")
    (tmp_path / "old.json").write_text("{}")
    assert stale(tmp_path) == sorted([name, "old.json"])
    write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_generating_twice_gives_the_same_bytes() -> None:
    assert dashboards() == dashboards()


def test_the_command_says_whether_the_files_are_current() -> None:
    done = subprocess.run([sys.executable, "-m", "grafana.generate", "--check"], check=False)
    assert done.returncode == 0


def test_no_key_is_lost_on_the_way_through_the_sdk_so_none_is_misspelt(board: Json) -> None:
    again = json.loads(json.dumps(model.Dashboard.from_json(board), cls=JSONEncoder))
    lost = {path for path in keys(board) if path not in keys(again)}
    # The SDK has no type for queries of InfluxQL: targets and our annotation's keys are ours.
    assert {path for path in lost if "targets" not in path and not OWN & set(path)} == set()


def keys(node: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:  # noqa: ANN401 - JSON
    if isinstance(node, list):
        return {found for child in node for found in keys(child, path)}
    if not isinstance(node, dict):
        return set()
    own = {(*path, key) for key in node}
    return own | {found for key, child in node.items() for found in keys(child, (*path, key))}
