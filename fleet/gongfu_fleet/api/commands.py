"""Commands to an asset: ask for one, look what became of it. Who may send none sees none."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from gongfu_fleet.api.assets import find_asset
from gongfu_fleet.api.deps import Deps, Viewer
from gongfu_fleet.api.permissions import Commander, require
from gongfu_fleet.domain.commands import (
    COLDEST_CELSIUS,
    LONGEST_REASON,
    LONGEST_SPEECH,
    MOST_FEN_PER_KG,
    NEEDED,
    SHORTEST_REASON,
    TRAYS,
    WARMEST_CELSIUS,
    Command,
    Name,
    State,
)
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.commands import Order

router = APIRouter(prefix="/api/assets", tags=["commands"])
MOST = 200
LONGEST_ID = 64
Reason = Annotated[str, Field(max_length=LONGEST_REASON)]


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason = ""


class Unlock(_Wish):
    """Open the door of a cabinet; the reason is kept in the audit log."""

    name: Literal["unlock"]
    reason: Annotated[str, Field(min_length=SHORTEST_REASON, max_length=LONGEST_REASON)]


class Price(_Wish):
    """What is sold from a tray costs this much from now on."""

    name: Literal["price"]
    tray: Annotated[int, Field(ge=1, le=TRAYS)]
    fen_per_kg: Annotated[int, Field(ge=1, le=MOST_FEN_PER_KG)]


class Setpoint(_Wish):
    """What a zone is cooled to, within the limits of what it keeps."""

    name: Literal["setpoint"]
    zone: Annotated[int, Field(ge=1, le=2)]
    celsius: Annotated[float, Field(ge=COLDEST_CELSIUS, le=WARMEST_CELSIUS)]


class Voice(_Wish):
    """Say something aloud."""

    name: Literal["voice"]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_SPEECH)]


class SaleLock(_Wish):
    """Stop selling, or sell again; the cabinet keeps it over restarts."""

    name: Literal["sale_lock"]
    locked: bool


Wish = Annotated[Unlock | Price | Setpoint | Voice | SaleLock, Body(discriminator="name")]


class CommandAnswer(BaseModel):
    """A command and how far it is; platform time, UTC ms.

    ``answer`` is what the device said beside its verdict, JSON as text.
    """

    id: str
    asset: str
    name: Name
    args: dict[str, Any]  # each command has its own
    reason: str
    by: str
    state: State
    requested_ms: int
    exp_ms: int
    sent_ms: int | None
    ended_ms: int | None
    answer: str | None


class CommandPage(BaseModel):
    """A page, newest first; ``next`` goes into ``before`` for the next one."""

    items: list[CommandAnswer]
    next: str | None


class CommandQuery(BaseModel):
    """``before`` is the last id of the page before."""

    limit: Annotated[int, Query(ge=1, le=MOST)] = 20
    before: Annotated[str | None, Query(max_length=LONGEST_ID)] = None


@router.post("/{asset_id}/commands", status_code=202)
def request_command(asset_id: str, wish: Wish, caller: Commander, deps: Deps) -> CommandAnswer:
    """Ask the device to do it within 30 s of platform time.

    Unlocking needs another permission than the rest. 409 while the last one is under way.
    """
    name = Name(wish.name)
    require(caller.principal, NEEDED[name])
    by = Actor(
        caller.principal.actor, deps.clock.now_ms(), real_ms=deps.real_ms(), scope=caller.scope
    )
    order = Order(asset_id, name, wish.model_dump(exclude={"name", "reason"}), wish.reason)
    return _answer(deps.commands.request(order, by=by))


@router.get("/{asset_id}/commands")
def list_commands(
    asset_id: str,
    query: Annotated[CommandQuery, Query()],
    deps: Deps,
    viewer: Viewer,
    caller: Commander,
) -> CommandPage:
    """The asset's commands."""
    asset = find_asset(viewer, asset_id, caller.scope)
    found = deps.commands.page(asset.id, query.limit + 1, query.before, scope=caller.scope)
    page = [_answer(command) for command in found[: query.limit]]
    return CommandPage(items=page, next=page[-1].id if len(found) > query.limit else None)


@router.get("/{asset_id}/commands/{command_id}")
def get_command(asset_id: str, command_id: str, deps: Deps, caller: Commander) -> CommandAnswer:
    """One command."""
    return _answer(deps.commands.get(asset_id, command_id, scope=caller.scope))


def _answer(command: Command) -> CommandAnswer:
    values = {name: getattr(command, name) for name in CommandAnswer.model_fields}
    return CommandAnswer(**{**values, "args": dict(command.args)})
