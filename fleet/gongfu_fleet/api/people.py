"""People, for administrators: a password made here is told once, in the answer."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import PeopleAdmin
from gongfu_fleet.api.scopes import GrantTexts, scope_from
from gongfu_fleet.domain.people import Account, Role
from gongfu_fleet.services.people import LONGEST_NAME, By, scope_list
from gongfu_fleet.services.sign_in import SignedIn

router = APIRouter(prefix="/api/people", tags=["people"])


class PersonAnswer(BaseModel):
    """A person; ``scope`` is a list of KIND:CODE, null is everything."""

    id: str
    name: str
    role: str
    scope: list[str] | None
    active: bool
    created_ms: int


class PeopleList(BaseModel):
    """By name."""

    items: list[PersonAnswer]


class NewPerson(BaseModel):
    """Name, role and scope."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    role: Role
    scope: GrantTexts | None = None


class PersonMade(PersonAnswer):
    """A new person; ``password`` is never told again."""

    password: str


class PersonChange(BaseModel):
    """What is to change; what is left out stays. ``scope`` null is everything."""

    role: Role | None = None
    scope: GrantTexts | None = None
    active: bool | None = None


class PasswordMade(BaseModel):
    """A generated password, never told again."""

    password: str


@router.get("")
def list_people(caller: PeopleAdmin, deps: Deps) -> PeopleList:
    """Everybody inside the caller's scope."""
    return PeopleList(items=[_answer(account) for account in deps.people.all(_by(caller, deps))])


@router.post("", status_code=201)
def add_person(body: NewPerson, caller: PeopleAdmin, deps: Deps) -> PersonMade:
    """Add a person with a generated password."""
    account, password = deps.people.add(
        body.name, body.role, scope_from(body.scope), by=_by(caller, deps)
    )
    return PersonMade(**_answer(account).model_dump(), password=password)


@router.patch("/{person_id}")
def change_person(
    person_id: str, body: PersonChange, caller: PeopleAdmin, deps: Deps
) -> PersonAnswer:
    """Change role, scope or whether the person gets in; effective at once, also on live streams."""
    by = _by(caller, deps)
    account = deps.people.get(person_id, by)
    if "scope" in body.model_fields_set:
        account = deps.people.set_scope(account, scope_from(body.scope), by=by)
    if body.role is not None and body.role is not account.role:
        account = deps.people.set_role(account, body.role, by=by)
    if body.active is not None and body.active is not account.active:
        account = deps.people.set_active(account, active=body.active, by=by)
    return _answer(account)


@router.post("/{person_id}/reset")
def reset_person(person_id: str, caller: PeopleAdmin, deps: Deps) -> PasswordMade:
    """A new generated password; sessions end, tokens are revoked."""
    by = _by(caller, deps)
    return PasswordMade(password=deps.people.reset(deps.people.get(person_id, by), by=by))


def _by(caller: SignedIn, deps: Deps) -> By:
    return By(caller.principal.actor, deps.real_ms(), caller.scope)


def _answer(account: Account) -> PersonAnswer:
    return PersonAnswer(
        id=account.id,
        name=account.name,
        role=account.role,
        scope=scope_list(account.scope),
        active=account.active,
        created_ms=account.created_ms,
    )
