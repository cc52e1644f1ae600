"""``python -m grafana.generate`` writes the dashboards' JSON; ``--check`` only compares."""

import argparse
import json
import sys
from pathlib import Path

from grafana.dashboards.fleet_wall import UID, fleet_wall
from grafana.sdk import JSONEncoder

GENERATED = Path(__file__).parent / "generated"


def dashboards() -> dict[str, str]:
    """JSON text by file name."""
    boards = {f"{UID}.json": fleet_wall()}
    return {
        name: json.dumps(
            board.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False
        )
        + "\n"
        for name, board in boards.items()
    }


def stale(folder: Path) -> list[str]:
    """Names of files that are missing, differ from what would be written, or have no source."""
    wanted = dashboards()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted | found if wanted.get(name) != found.get(name))


def write(folder: Path) -> None:
    """Make the folder hold exactly the dashboards."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = dashboards()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    if not parser.parse_args().check:
        write(GENERATED)
        return 0
    names = stale(GENERATED)
    if names:
        sys.stderr.write(f"Not current: {', '.join(names)}. Run 'make generate'.\n")
    return int(bool(names))


if __name__ == "__main__":
    sys.exit(main())
