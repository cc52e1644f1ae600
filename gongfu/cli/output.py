"""How commands speak: sentences for people, one JSON object for programs, exit codes for both.

0 it worked; 1 the thing checked is not well; 2 it could not be done, the message says what to do.
"""

import json
import sys
from typing import Any, NoReturn
from unicodedata import category

import typer

NOT_WELL = 1
CANNOT = 2
LAYOUT, STEERING = "\n\t", frozenset({"Cc", "Cf", "Cs"})


def say(text: str) -> None:
    """One sentence for a person; what would steer the terminal is shown as what it is."""
    print(harmless(text), flush=True)


def harmless(text: str) -> str:
    """Control and direction marks as escapes: names and payloads come from strangers."""
    if text.isprintable():
        return text
    return "".join(
        one if one in LAYOUT or category(one) not in STEERING else repr(one)[1:-1] for one in text
    )


def emit(body: dict[str, Any]) -> None:  # Any: a command's own JSON
    """One compact JSON object on one line."""
    print(json.dumps(body, ensure_ascii=False, separators=(",", ":")), flush=True)


def fail(text: str, code: int = CANNOT) -> NoReturn:
    """Say what is wrong and what to do, and end."""
    print(f"gongfu: {harmless(text)}", file=sys.stderr, flush=True)
    raise typer.Exit(code)
