"""``gongfu users``: people and what they may, for whoever can read the state folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import emit, fail, say
from gongfu_broker.clock import real_ms
from gongfu_fleet.domain.people import Account, Role
from gongfu_fleet.domain.scope import Scope, parse_grant, scope_of
from gongfu_fleet.errors import FleetError
from gongfu_fleet.services.people import COMMAND_LINE, By, PeopleDesk, scope_list, scope_text

app = typer.Typer(help="People and what they may.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The account's name.")]
RoleOption = Annotated[Role, typer.Argument(help="viewer, auditor, crew, dispatcher, …")]
ScopeOption = Annotated[
    list[str] | None,
    typer.Option("--scope", help="KIND:CODE like county:330803; again for more. Default: all."),
]


@app.command("list")
def show(state: State = None, as_json: Json = False) -> None:
    """Print everybody, by name."""
    with _desk(state) as (desk, by):
        found = desk.all(by)
    if as_json:
        emit({"users": [_fields(account) for account in found]})
        return
    for account in found:
        say(_line(account))


@app.command("add")
def add(
    name: Name,
    role: RoleOption,
    scope: ScopeOption = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Add a person; the generated password is printed this once."""
    with _desk(state) as (desk, by):
        account, password = desk.add(name, role, _scope(scope, everything=not scope), by=by)
    _tell(account, as_json=as_json, password=password)


@app.command("role")
def role(name: Name, new: RoleOption, state: State = None, as_json: Json = False) -> None:
    """Change what a person may; effective at once."""
    _change(state, name, lambda desk, it, by: desk.set_role(it, new, by=by), as_json=as_json)


@app.command("scope")
def scope(
    name: Name,
    scope: ScopeOption = None,
    everything: Annotated[bool, typer.Option(help="No limit any more.")] = False,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Change on what a person may act; without --scope and --everything on nothing."""
    if scope and everything:
        fail("--scope and --everything exclude each other: name one")
    new = _scope(scope, everything=everything)
    _change(state, name, lambda desk, it, by: desk.set_scope(it, new, by=by), as_json=as_json)


@app.command("deactivate")
def deactivate(name: Name, state: State = None, as_json: Json = False) -> None:
    """Shut a person out at once: sessions end, tokens are revoked."""
    _change(
        state, name, lambda desk, it, by: desk.set_active(it, active=False, by=by), as_json=as_json
    )


@app.command("activate")
def activate(name: Name, state: State = None, as_json: Json = False) -> None:
    """Let a person in again."""
    _change(
        state, name, lambda desk, it, by: desk.set_active(it, active=True, by=by), as_json=as_json
    )


@app.command("reset")
def reset(name: Name, state: State = None, as_json: Json = False) -> None:
    """Print a new generated password; sessions end, tokens are revoked."""
    with _desk(state) as (desk, by):
        account = desk.named(name, by)
        password = desk.reset(account, by=by)
    _tell(account, as_json=as_json, password=password)


@contextmanager
def _desk(state: State) -> Iterator[tuple[PeopleDesk, By]]:
    from gongfu.fleet_side import open_fleet

    try:
        fleet = open_fleet(settings_of(state))
        try:
            yield fleet.people, By(COMMAND_LINE, real_ms())
        finally:
            fleet.close()
    except FleetError as error:
        fail(str(error))


def _change(
    state: State,
    name: str,
    work: Callable[[PeopleDesk, Account, By], Account],
    *,
    as_json: bool,
) -> None:
    with _desk(state) as (desk, by):
        account = work(desk, desk.named(name, by), by)
    _tell(account, as_json=as_json)


def _scope(texts: list[str] | None, *, everything: bool) -> Scope:
    try:
        return scope_of(None if everything else [parse_grant(text) for text in texts or ()])
    except FleetError as error:
        fail(str(error))


def _tell(account: Account, *, as_json: bool, password: str | None = None) -> None:
    if as_json:
        emit(_fields(account) | ({"password": password} if password else {}))
        return
    say(_line(account))
    if password:
        say(f"password {password}")


def _fields(account: Account) -> dict[str, Any]:  # Any: JSON
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role.value,
        "scope": scope_list(account.scope),
        "active": account.active,
        "created_ms": account.created_ms,
    }


def _line(account: Account) -> str:
    state = "active" if account.active else "inactive"
    return f"{account.name:20} {account.role:10} {state:8} {scope_text(account.scope)}"
