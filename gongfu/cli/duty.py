"""``gongfu duty``: who is on duty when, for whoever can read the state folder."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import emit, fail, say
from gongfu.settings import Settings
from gongfu_broker.clock import read_clock, real_ms
from gongfu_fleet.domain.notify.duty import Shift, parse_hours
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Scope, parse_grant, scope_of
from gongfu_fleet.errors import FleetError, InvalidError
from gongfu_fleet.services.notify_duty import DutyDesk
from gongfu_fleet.services.people import COMMAND_LINE, By, scope_list, scope_text

app = typer.Typer(help="Who is on duty when, and told of incidents.", no_args_is_help=True)
COLUMNS = ("person", "role", "days", "hours", "scope", "channel", "contact")


@app.command("list")
def show(state: State = None, as_json: Json = False) -> None:
    """Print all shifts, by person."""
    with _desk(settings_of(state)) as (desk, _):
        _tell(desk.shifts(), as_json=as_json)


@app.command("now")
def now(state: State = None, as_json: Json = False) -> None:
    """Print who is on duty now, by platform time."""
    settings = settings_of(state)
    with _desk(settings) as (desk, _):
        _tell(desk.on_duty(read_clock(settings.clock_path).now_ms()), as_json=as_json)


@app.command("add")
def add(
    person: Annotated[str, typer.Argument(help="Who.")],
    role: Annotated[Role, typer.Argument(help="manager, dispatcher, admin or crew.")],
    days: Annotated[str, typer.Option(help="Like 1-5 or 6,7; 1 is Monday.")] = "1-7",
    hours: Annotated[str, typer.Option(help="Asia/Shanghai; 20:00-08:00 passes midnight.")] = (
        "00:00-24:00"
    ),
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="KIND:CODE like county:330803; again for more. Default: all."),
    ] = None,
    channel: Annotated[str, typer.Option(help="Only by this channel. Default: every one.")] = "",
    contact: Annotated[str, typer.Option(help="User id, mobile or address to mention.")] = "",
    state: State = None,
    as_json: Json = False,
) -> None:
    """Add a shift."""
    fields = {
        "person": person,
        "role": role.value,
        "days": days,
        "hours": hours,
        "scope": " ".join(scope or ()),
        "channel": channel,
        "contact": contact,
    }
    settings = settings_of(state)
    with _desk(settings) as (desk, by):
        added = desk.add(_shift(fields, settings), by=by)
    _tell([added], as_json=as_json)


@app.command("remove")
def remove(
    shift: Annotated[str, typer.Argument(help="The id that 'gongfu duty list' shows.")],
    state: State = None,
) -> None:
    """Remove a shift."""
    with _desk(settings_of(state)) as (desk, by):
        desk.remove(shift, by=by)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    state: State = None,
    as_json: Json = False,
) -> None:
    """Add the shifts of a CSV (person,role,days,hours,scope,channel,contact); all lines or none."""
    settings = settings_of(state)
    with _desk(settings) as (desk, by):
        shifts = _read(file, settings)
        added = desk.add_all(shifts, by=by)
    _tell(added, as_json=as_json)


def _read(file: Path, settings: Settings) -> list[Shift]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            lines = list(csv.DictReader(text))
    except (UnicodeDecodeError, csv.Error) as fault:
        raise InvalidError("The file is no CSV in UTF-8.", "Save it so.") from fault
    shifts = []
    for number, line in enumerate(lines, start=2):
        try:
            shifts.append(_shift({key: line.get(key) or "" for key in COLUMNS}, settings))
        except FleetError as fault:
            raise InvalidError(f"Line {number}: {fault.fault}", fault.remedy) from fault
    return shifts


def _shift(fields: Mapping[str, str], settings: Settings) -> Shift:
    from gongfu.notify_side import channel_names

    known, channel = channel_names(settings), fields["channel"]
    if channel and channel not in known:
        named = ", ".join(known) or "none yet"
        raise InvalidError(f"There is no channel {channel!r:.50}.", f"Configured are: {named}.")
    try:
        role = Role(fields["role"])
    except ValueError as fault:
        raise InvalidError(
            f"There is no role {fields['role']!r:.30}.", "Write manager, dispatcher, admin or crew."
        ) from fault
    return Shift(
        id="",
        person=fields["person"],
        role=role,
        hours=parse_hours(fields["days"], fields["hours"]),
        scope=_scope(fields["scope"]),
        channel=channel,
        contact=fields["contact"],
    )


def _scope(text: str) -> Scope:
    return scope_of([parse_grant(one) for one in text.split()] if text else None)


@contextmanager
def _desk(settings: Settings) -> Iterator[tuple[DutyDesk, By]]:
    from gongfu.fleet_side import open_fleet
    from gongfu_fleet.adapters.db.duty import SqlRoster

    try:
        fleet = open_fleet(settings)
        try:
            yield DutyDesk(SqlRoster(fleet.engine)), By(COMMAND_LINE, real_ms())
        finally:
            fleet.close()
    except FleetError as error:
        fail(str(error))


def _tell(shifts: Sequence[Shift], *, as_json: bool) -> None:
    if as_json:
        emit({"shifts": [_fields(shift) for shift in shifts]})
        return
    for shift in shifts:
        reach = " ".join(part for part in (shift.channel, shift.contact) if part)
        line = f"{shift.id} {shift.person:12} {shift.role:10} {shift.hours}"
        say(f"{line} {scope_text(shift.scope)} {reach}".rstrip())


def _fields(shift: Shift) -> dict[str, Any]:  # Any: JSON
    return {
        "id": shift.id,
        "person": shift.person,
        "role": shift.role.value,
        "hours": str(shift.hours),
        "scope": scope_list(shift.scope),
        "channel": shift.channel,
        "contact": shift.contact,
    }
