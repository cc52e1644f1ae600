"""One's own API tokens: for programs, shown once when made."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import OwnAccount
from gongfu_fleet.api.scopes import GrantTexts, scope_from
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.tokens import MOST_DAYS, ApiToken
from gongfu_fleet.errors import SignInError
from gongfu_fleet.services.people import LONGEST_NAME, By, scope_list
from gongfu_fleet.services.tokens import Wish

router = APIRouter(prefix="/api/tokens", tags=["session"])
USUAL_DAYS = 90


class NewToken(BaseModel):
    """A name, a role that allows no more than one's own, a part of the fleet (null: one's own)."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    role: Role = Role.VIEWER
    scope: GrantTexts | None = None
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = USUAL_DAYS


class TokenAnswer(BaseModel):
    """A token without its secret; times are real, UTC ms. ``scope`` null is all the owner sees."""

    id: str
    name: str
    role: str
    scope: list[str] | None
    created_ms: int
    expires_ms: int
    revoked_ms: int | None
    used_ms: int | None


class MadeToken(TokenAnswer):
    """A new token; ``secret`` is never told again."""

    secret: str


class TokenList(BaseModel):
    """Newest first, those that ended too."""

    items: list[TokenAnswer]


@router.get("")
def list_tokens(caller: OwnAccount, deps: Deps) -> TokenList:
    """The caller's tokens."""
    found = deps.tokens.of(caller.account_id)
    return TokenList(items=[_answer(token) for token in found])


@router.post("", status_code=201)
def make_token(body: NewToken, caller: OwnAccount, deps: Deps) -> MadeToken:
    """Make a token; its role and scope never reach further than the caller's do later."""
    owner = deps.sign_in.people.by_id(caller.account_id)
    if owner is None:
        raise SignInError("You are not signed in.", "Sign in first.")
    wish = Wish(body.name, body.role, body.days, scope_from(body.scope))
    token, secret = deps.tokens.add(owner, wish, by=By(caller.principal.actor, deps.real_ms()))
    return MadeToken(**_answer(token).model_dump(), secret=secret)


@router.delete("/{token_id}", status_code=204)
def revoke_token(token_id: str, caller: OwnAccount, deps: Deps) -> None:
    """End a token at once."""
    by = By(caller.principal.actor, deps.real_ms())
    deps.tokens.revoke(token_id, caller.account_id, by=by)


def _answer(token: ApiToken) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        name=token.name,
        role=token.role,
        scope=scope_list(token.scope),
        created_ms=token.created_ms,
        expires_ms=token.expires_ms,
        revoked_ms=token.revoked_ms,
        used_ms=token.used_ms,
    )
