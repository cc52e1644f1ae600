"""``gongfu dead-letters``: what ingest refused."""

from datetime import datetime
from pathlib import Path

from gongfu.cli.output import emit, fail, say
from gongfu.demo_clock import SHANGHAI
from gongfu.influx_side import BOOK
from gongfu.settings import Settings
from gongfu.telemetry import open_telemetry
from gongfu_ingest.reports import DeadLetterRow
from gongfu_ingest.stores.influx.book import ForwarderBook, RefusedRow

SHOWN_BYTES = 160


def show_dead_letters(settings: Settings, reason: str | None, limit: int, *, as_json: bool) -> None:
    """Print counts by reason and the newest letters, and the lines InfluxDB refused."""
    path = settings.telemetry_path
    refused = _refused(settings.state / BOOK, limit)
    if not path.exists():
        fail(f"{path} does not exist: run 'gongfu run' first, or name the state folder")
    telemetry = open_telemetry(path, read_only=True)
    counts = telemetry.reports.dead_letter_counts()
    letters = telemetry.reports.dead_letters(reason=reason, limit=limit)
    telemetry.close()
    if as_json:
        told = [{**row._asdict(), "line": row.line.decode()} for row in refused]
        letters_told = [_body(letter) for letter in letters]
        emit({"counts": counts, "letters": letters_told, "influx_refused": told})
        return
    if not counts:
        say("no message was ever refused")
    for name, count in counts.items():
        say(f"{count:8,}  {name}")
    for letter in letters:
        when = datetime.fromtimestamp(letter.last_ms / 1000, SHANGHAI)
        say(f"\n{when:%Y-%m-%d %H:%M:%S}  {letter.topic}  ×{letter.times}")
        say(f"  {letter.reason}: {letter.detail}")
        say(f"  {letter.payload[:SHOWN_BYTES]!r}")
    for row in refused:
        say(f"\nrefused by InfluxDB ×{row.times}: {row.why}\n  {row.line[:SHOWN_BYTES]!r}")


def _refused(book: Path, limit: int) -> list[RefusedRow]:
    if not book.exists():
        return []
    opened = ForwarderBook(book)
    try:
        return opened.refused(limit)
    finally:
        opened.close()


def _body(letter: DeadLetterRow) -> dict[str, object]:
    return {**letter._asdict(), "payload": letter.payload.decode(errors="backslashreplace")}
