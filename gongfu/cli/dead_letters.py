"""``gongfu dead-letters``: what ingest refused."""

from datetime import datetime
from pathlib import Path

from gongfu.cli.output import emit, fail, say
from gongfu.demo_clock import SHANGHAI
from gongfu.telemetry import open_telemetry
from gongfu_ingest.reports import DeadLetterRow

SHOWN_BYTES = 160


def show_dead_letters(path: Path, reason: str | None, limit: int, *, as_json: bool) -> None:
    """Print counts by reason and the newest letters."""
    if not path.exists():
        fail(f"{path} does not exist: run 'gongfu run' first, or name the state folder")
    telemetry = open_telemetry(path, read_only=True)
    counts = telemetry.reports.dead_letter_counts()
    letters = telemetry.reports.dead_letters(reason=reason, limit=limit)
    telemetry.close()
    if as_json:
        emit({"counts": counts, "letters": [_body(letter) for letter in letters]})
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


def _body(letter: DeadLetterRow) -> dict[str, object]:
    return {**letter._asdict(), "payload": letter.payload.decode(errors="backslashreplace")}
