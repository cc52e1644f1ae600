"""``gongfu notify``: what was sent, and whether a channel works."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import NOT_WELL, emit, fail, say
from gongfu.errors import GongfuError
from gongfu.settings import Settings
from gongfu_fleet.errors import FleetError

if TYPE_CHECKING:
    from gongfu.fleet_side import FleetSide

app = typer.Typer(help="Who was told of what, and by which way.", no_args_is_help=True)


@app.command("list")
def show(
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 20,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Print how each channel is doing, and the newest messages."""
    from gongfu_fleet.adapters.db.outbox import SqlOutbox

    with _fleet(settings_of(state)) as fleet:
        outbox = SqlOutbox(fleet.engine)
        channels, messages = list(outbox.channels().values()), outbox.messages(limit)
    if as_json:
        emit(
            {
                "channels": [asdict(channel) for channel in channels],
                "messages": [asdict(message) for message in messages],
            }
        )
        return
    for one in channels:
        flood = "  in flood: digests only" if one.flood else ""
        say(f"{one.name:20} waiting {one.waiting}  sent {one.sent}  failed {one.failed}{flood}")
    for message in messages:
        made = datetime.fromtimestamp(message.made_real_ms / 1000, UTC)
        line = f"{made:%Y-%m-%d %H:%M:%SZ} {message.channel:12} {message.state:8} {message.title}"
        say(f"{line} {message.error}".rstrip())


@app.command("try")
def try_(
    channel: Annotated[str, typer.Argument(help="Its name in gongfu.toml.")],
    state: State = None,
    as_json: Json = False,
) -> None:
    """Send one trial message by a channel; exit code 1 when it is not taken."""
    from gongfu.notify_side import try_out
    from gongfu_fleet.domain.notify.retry import Sent

    settings = settings_of(state)
    with _fleet(settings) as fleet:
        outcome = try_out(settings, channel, fleet=fleet)
    why = "" if isinstance(outcome, Sent) else outcome.why
    if as_json:
        emit({"channel": channel, "sent": not why, "why": why})
    else:
        say(f"{channel}: {why or 'sent; see that it arrived'}")
    if why:
        raise typer.Exit(NOT_WELL)


@contextmanager
def _fleet(settings: Settings) -> Iterator["FleetSide"]:
    from gongfu.fleet_side import open_fleet

    try:
        fleet = open_fleet(settings)
        try:
            yield fleet
        finally:
            fleet.close()
    except (FleetError, GongfuError) as error:
        fail(str(error))
