"""The house rules that can be measured, measured."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 5
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "base", "misc"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


PYTHON = [path for path in tracked("*.py") if "migrations" not in path.parts]
PRODUCT = [path for path in PYTHON if "tests" not in path.parts]


def test_there_is_something_to_measure() -> None:
    assert len(PYTHON) > 50


@pytest.mark.parametrize("pattern", ["*.py", "*.ts", "*.tsx"])
def test_no_file_is_longer_than_one_concept_needs(pattern: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked(pattern)
        if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES
    }
    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": lines
        for path in PYTHON
        for node in functions(path)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_functions_take_few_parameters_and_name_most_of_them() -> None:
    many = []
    for path in PRODUCT:
        for node in functions(path):
            names = [arg.arg for arg in [*node.args.posonlyargs, *node.args.args]]
            names = [name for name in names if name not in ("self", "cls")]
            total = len(names) + len(node.args.kwonlyargs)
            prescribed = node.name.startswith("settings_customise")
            if total > MAX_PARAMETERS and not prescribed and not is_command(node):
                many.append(f"{path.relative_to(ROOT)}:{node.name} ({total})")
    assert many == []


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command's options are its parameters; a person types them by name."""
    return any("command" in ast.dump(decorator) for decorator in node.decorator_list)


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = [path for path in PYTHON if path.stem in FORBIDDEN_NAMES]
    assert drawers == []


def test_tests_hand_in_fakes_and_never_patch() -> None:
    pattern = re.compile(r"unittest\.mock|monkeypatch\.setattr|mocker\.|@patch|MagicMock")
    this = Path(__file__)
    patching = [p for p in tracked("tests/*.py") if p != this and pattern.search(p.read_text())]
    assert patching == []


def test_only_the_settings_read_the_environment() -> None:
    pattern = re.compile(r"os\.environ|os\.getenv")
    readers = [p.relative_to(ROOT) for p in PRODUCT if pattern.search(p.read_text())]
    assert readers == [Path("gongfu/settings.py")]


def test_no_symbolic_link_is_committed() -> None:
    """It would point to a place of one machine."""
    listed = subprocess.run(
        ["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert len(listed) > 50
    assert [line for line in listed if line.startswith("120000")] == []


def test_no_lock_file_names_a_download_address() -> None:
    assert tracked("uv.lock", "*/uv.lock") == []
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock
    for path in tracked("*package-lock.json"):
        packages = json.loads(path.read_text())["packages"]
        assert [name for name, entry in packages.items() if "resolved" in entry] == []
