"""How commands speak: sentences for people, one JSON object for programs, exit codes for both.

0 it worked; 1 the thing checked is not well; 2 it could not be done, the message says what to do.
"""

import json
import sys
from typing import Any, NoReturn

import typer

NOT_WELL = 1
CANNOT = 2


def say(text: str) -> None:
    """One sentence for a person."""
    print(text, flush=True)


def emit(body: dict[str, Any]) -> None:  # Any: a command's own JSON
    """One compact JSON object on one line."""
    print(json.dumps(body, ensure_ascii=False, separators=(",", ":")), flush=True)


def fail(text: str, code: int = CANNOT) -> NoReturn:
    """Say what is wrong and what to do, and end."""
    print(f"gongfu: {text}", file=sys.stderr, flush=True)
    raise typer.Exit(code)
