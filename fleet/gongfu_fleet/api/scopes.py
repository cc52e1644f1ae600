"""Scopes in requests: a list of KIND:CODE, null is everything, an empty list nothing."""

from typing import Annotated

from pydantic import Field

from gongfu_fleet.domain.scope import Scope, parse_grant, scope_of

MOST_GRANTS = 200
GrantText = Annotated[str, Field(max_length=60)]
GrantTexts = Annotated[list[GrantText], Field(max_length=MOST_GRANTS)]


def scope_from(texts: list[str] | None) -> Scope:
    """Read a scope. Raises InvalidError."""
    return scope_of(None if texts is None else [parse_grant(text) for text in texts])
