"""``gongfu audit``: what people did, and whether anybody altered the log of it."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import NOT_WELL, emit, say
from gongfu_fleet.domain.audit import Sought

app = typer.Typer(help="The audit log.", no_args_is_help=True)


@app.command("list")
def show(
    state: State = None,
    text: Annotated[str | None, typer.Option(help="Part of an actor, action or object.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Print the newest entries."""
    from gongfu.fleet_side import open_fleet

    fleet = open_fleet(settings_of(state))
    found = fleet.audit.page(limit, sought=Sought(text=text))
    fleet.close()
    if as_json:
        emit({"entries": [asdict(entry) for entry in found]})
        return
    for entry in found:
        when = datetime.fromtimestamp(entry.at_ms / 1000, UTC).isoformat(timespec="seconds")
        say(f"{entry.seq:>8} {when} {entry.actor:16} {entry.action:24} {entry.object:28}"
            f" {entry.outcome} {entry.data}")  # fmt: skip


@app.command("verify")
def verify(
    state: State = None,
    head: Annotated[
        str | None, typer.Option(help="A hash noted earlier: it must still be in the chain.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Walk the whole chain; exit code 1 when a row was altered, added, moved or removed.

    Note the printed head elsewhere: with --head, a chain written anew from some row on is found.
    """
    from gongfu.fleet_side import open_fleet

    fleet = open_fleet(settings_of(state))
    verdict = fleet.audit.verify()
    known = head is None or fleet.audit.has(head)
    fleet.close()
    fault = verdict.fault or (None if known else f"the head {head} is not in the chain any more")
    if as_json:
        emit({"entries": verdict.entries, "head": verdict.head, "fault": fault})
    else:
        say(f"{verdict.entries:,} entries, {fault or 'all in place'}; head {verdict.head}")
    if fault:
        raise typer.Exit(NOT_WELL)
