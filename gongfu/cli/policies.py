"""``gongfu policies``: policies and their versions, for whoever can read the state."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import emit, fail, say
from gongfu.settings import Settings
from gongfu_broker.clock import read_clock, real_ms
from gongfu_fleet.domain.policies import PolicyVersion, parse_target, source_text
from gongfu_fleet.domain.policy_fields import Value, class_of, fields_of, shipped_fields
from gongfu_fleet.domain.scope import EVERYTHING
from gongfu_fleet.errors import FleetError, InvalidError
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.people import COMMAND_LINE
from gongfu_fleet.services.policies import Change, LayerView, PolicyDesk

app = typer.Typer(help="Policies and their versions.", no_args_is_help=True)
NAMES = "class:frozen, asset:cab-0001, zone:cab-0001:1; as a whole class:truck, zone:veh-0001:0."
Target = Annotated[str, typer.Argument(help=NAMES)]
UNSET, NONE = "-", "none"


@app.command("list")
def show_all(state: State = None, as_json: Json = False) -> None:
    """Print all classes and what is laid over them."""
    with _desk(settings_of(state)) as (desk, _):
        views = [*desk.classes(EVERYTHING), *desk.wholes(EVERYTHING), *desk.overrides(EVERYTHING)]
    if as_json:
        emit({"policies": [_brief(view) for view in views]})
        return
    for view in views:
        own = view.standing.fields if view.standing else {}
        say(
            f"{view.target!s:26} v{view.whole.version:<5} {len(view.places):>4} zones  {_told(own)}"
        )


@app.command("show")
def show(
    target: Target,
    version: Annotated[int | None, typer.Option(min=1, help="As of this version.")] = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Print the whole policy of a class, an asset or a zone, now or as of a version."""
    with _desk(settings_of(state)) as (desk, _):
        view = desk.show(parse_target(target), EVERYTHING, upto=version)
    if as_json:
        whole, source = shipped_fields(view.whole), source_text(view.whole)
        emit({**_brief(view), "whole": whole, "source": source})
        return
    own = view.standing.fields if view.standing else {}
    say(f"{view.target}, version {view.whole.version}, {class_of(view.whole)}")
    facts = fields_of(class_of(view.whole))
    for name, value in shipped_fields(view.whole).items():
        mark = "*" if name in own else " "
        say(f"{mark} {name:26} {_text(value):>8} {facts[name].unit}".rstrip())
    say(f"source: {source_text(view.whole)}")


@app.command("set")
def set_fields(
    target: Target,
    changes: Annotated[list[str], typer.Argument(help="FIELD=NUMBER, FIELD=none, FIELD=- (unset)")],
    source: Annotated[str, typer.Option(help="Where the values come from.")],
    note: Annotated[str, typer.Option(help="Why.")] = "",
    expected: Annotated[
        int | None, typer.Option(min=0, help="Refuse unless the layer is at this version.")
    ] = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Change fields of a layer; the others stay. A new version, noted in the audit log."""
    with _desk(settings_of(state)) as (desk, by):
        wanted = parse_target(target)
        standing = desk.show(wanted, EVERYTHING).standing
        fields = _changed(standing.fields if standing else {}, changes)
        if expected is None:
            expected = standing.version if standing else 0
        saved = desk.save(Change(wanted, fields, expected, source, note), by=by)
    _tell(saved, as_json=as_json)


@app.command("history")
def history(target: Target, state: State = None, as_json: Json = False) -> None:
    """Print every version of a layer, oldest first."""
    with _desk(settings_of(state)) as (desk, _):
        versions = desk.history(parse_target(target), EVERYTHING)
    if as_json:
        emit({"versions": [_version(one) for one in versions]})
        return
    for one in versions:
        _tell(one, as_json=False)


def _changed(fields: Mapping[str, Value], changes: list[str]) -> dict[str, Value]:
    told = dict(fields)
    for change in changes:
        name, found, text = change.partition("=")
        if not found:
            raise InvalidError(f"{change!r:.60} is no change.", "Write FIELD=NUMBER.")
        if text == UNSET:
            told.pop(name, None)
        else:
            told[name] = None if text == NONE else _number(name, text)
    return told


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as fault:
        raise InvalidError(
            f"{name} is no number: {text!r:.30}.", "Write a number, none, or - to unset it."
        ) from fault


@contextmanager
def _desk(settings: Settings) -> Iterator[tuple[PolicyDesk, Actor]]:
    from gongfu.fleet_side import open_fleet

    try:
        fleet = open_fleet(settings)
        try:
            now_ms = read_clock(settings.clock_path).now_ms()
            yield fleet.policies, Actor(COMMAND_LINE, now_ms, real_ms())
        finally:
            fleet.close()
    except FleetError as error:
        fail(str(error))


def _brief(view: LayerView) -> dict[str, Any]:  # Any: JSON
    return {
        "target": str(view.target),
        "version": view.standing.version if view.standing else 0,
        "whole_version": view.whole.version,
        "fields": dict(view.standing.fields) if view.standing else {},
        "zones": [[place.asset, place.zone] for place in view.places],
    }


def _version(one: PolicyVersion) -> dict[str, Any]:  # Any: JSON
    return {**asdict(one), "target": str(one.target)}


def _tell(one: PolicyVersion, *, as_json: bool) -> None:
    if as_json:
        emit(_version(one))
        return
    when = datetime.fromtimestamp(one.at_ms / 1000, UTC).isoformat(timespec="seconds")
    back = "" if one.restores is None else f" (back to {one.restores})"
    say(f"v{one.version:<5} {when} {one.by:16} {one.target}{back}")
    say(f"       {_told(one.fields)}")
    say(f"       {one.source} {one.note}".rstrip())


def _told(fields: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}={_text(value)}" for name, value in fields.items())


def _text(value: Value) -> str:
    return NONE if value is None else f"{value:g}"
