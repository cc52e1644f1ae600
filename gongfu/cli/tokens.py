"""``gongfu tokens``: API tokens of people, for whoever can read the state folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import emit, fail, say
from gongfu_broker.clock import real_ms
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import parse_grant, scope_of
from gongfu_fleet.domain.tokens import MOST_DAYS, ApiToken
from gongfu_fleet.errors import FleetError
from gongfu_fleet.services.people import COMMAND_LINE, By, scope_list, scope_text
from gongfu_fleet.services.tokens import Wish

if TYPE_CHECKING:
    from gongfu.fleet_side import FleetSide

app = typer.Typer(help="API tokens of people.", no_args_is_help=True)
User = Annotated[str, typer.Argument(help="Whose token.")]


@app.command("list")
def show(user: User, state: State = None, as_json: Json = False) -> None:
    """Print a person's tokens, newest first."""
    with _fleet(state) as (fleet, by):
        found = fleet.tokens.of(fleet.people.named(user, by).id)
    if as_json:
        emit({"tokens": [_fields(token) for token in found]})
        return
    for token in found:
        ended = "revoked" if token.revoked_ms else "" if token.lives(by.at_ms) else "expired"
        used = _day(token.used_ms) if token.used_ms else "never"
        say(f"{token.id} {token.name:24} {token.role:10} until {_day(token.expires_ms)}"
            f" used {used} {scope_text(token.scope)} {ended}")  # fmt: skip


@app.command("add")
def add(
    user: User,
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    role: Annotated[Role, typer.Option(help="No more than the person may.")] = Role.VIEWER,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="KIND:CODE; default: the person's own.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS)] = 90,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Make a token; its secret is printed this once."""
    with _fleet(state) as (fleet, by):
        narrowed = scope_of([parse_grant(text) for text in scope] if scope else None)
        wish = Wish(name, role, days, narrowed)
        token, secret = fleet.tokens.add(fleet.people.named(user, by), wish, by=by)
    if as_json:
        emit(_fields(token) | {"secret": secret})
    else:
        say(secret)


@app.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(help="Its id, as 'list' prints it.")],
    state: State = None,
    as_json: Json = False,
) -> None:
    """End a token at once."""
    with _fleet(state) as (fleet, by):
        fleet.tokens.revoke(token_id, None, by=by)
    if as_json:
        emit({"revoked": token_id})
    else:
        say(f"{token_id} is revoked")


@contextmanager
def _fleet(state: State) -> "Iterator[tuple[FleetSide, By]]":
    from gongfu.fleet_side import open_fleet

    try:
        fleet = open_fleet(settings_of(state))
        try:
            yield fleet, By(COMMAND_LINE, real_ms())
        finally:
            fleet.close()
    except FleetError as error:
        fail(str(error))


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _fields(token: ApiToken) -> dict[str, Any]:  # Any: JSON
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "scope": scope_list(token.scope),
        "created_ms": token.created_ms,
        "expires_ms": token.expires_ms,
        "revoked_ms": token.revoked_ms,
        "used_ms": token.used_ms,
    }
