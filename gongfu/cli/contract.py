"""``gongfu contract``: the generated documents of the bus."""

from pathlib import Path

from gongfu.cli.output import fail, say
from gongfu_broker.asyncapi import documents

FOLDER = Path("broker/contract")


def contract(write: bool, as_json: bool) -> None:
    """Print the AsyncAPI document, check the committed files, or write them anew."""
    files = documents()
    if as_json:
        print(files["asyncapi.json"], end="")
        return
    if write:
        for name, text in files.items():
            path = FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        say(f"wrote {len(files)} files under {FOLDER}")
        return
    stale = [name for name, text in files.items() if not _same(FOLDER / name, text)]
    if stale:
        fail(f"{', '.join(stale)} under {FOLDER} are not current: run 'make generate'")
    say(f"{len(files)} files under {FOLDER} are current")


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text
