"""What a line of the matrix can say: who may, of which objects, with which body, to what effect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gongfu.security.credentials import FAR_ASSET, NEAR_ASSET, PEOPLE_ROLES, Shown
from gongfu.security.stand import Stand
from gongfu_fleet.domain.people import Role

Body = Callable[["Place"], Any]  # Any: whatever JSON can say
ANYONE: frozenset[Role] = frozenset(PEOPLE_ROLES)
ACTING = frozenset({Role.CREW, Role.DISPATCHER, Role.MANAGER, Role.ADMIN})
AUDITING = frozenset({Role.AUDITOR, Role.ADMIN})
MEASURING = frozenset({Role.MANAGER, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
UNLOCKING = frozenset({Role.CREW, Role.MANAGER, Role.ADMIN})
COMMANDING = frozenset({Role.DISPATCHER, Role.MANAGER, Role.ADMIN})
ASSIGNING = frozenset({Role.DISPATCHER, Role.MANAGER, Role.ADMIN})
DISPOSING = frozenset({Role.MANAGER, Role.ADMIN})
DOOR = "door"


class Place(StrEnum):
    """Whose object a cell asks for: one inside the near part, one outside, one that is not there.

    Of a person's own things: the caller's, another person's, nobody's.
    """

    OWN = "own"
    FOREIGN = "foreign"
    MISSING = "missing"
    NONE = "no object"


@dataclass(frozen=True)
class Kind:
    """How to come by an object of a kind; ``personal`` belongs to an account, not to a part."""

    make: Callable[[Stand, Shown, Place], str]
    personal: bool = False


@dataclass(frozen=True)
class Rule:
    """What a route must answer. ``who`` None is everybody, ``whole`` needs a scope of everything.

    ``or_who`` is for what two permissions open, each to its own roles. ``objects`` are the names in
    the path with their kinds; ``foreign`` is the answer for one that is not the caller's. ``good``
    is the status where the document's own good one does not come (a provider that is not there).
    ``spends`` says that the call uses up who makes it.

    ``naming`` makes a body of the objects by their names here, where none stand in the path, and
    the answer has an outcome for each: a foreign one must have that of a missing one. ``bearer``
    is an object that lets in whoever has it and nobody else. ``trace`` is what a good call moves
    and a refused one must leave.
    """

    who: frozenset[Role] | None
    or_who: frozenset[Role] = frozenset()
    tokens: bool = True
    whole: bool = False
    scraper: bool = False
    objects: Mapping[str, Kind] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    query: Callable[[], str] = str
    body: Body | None = None
    naming: Callable[[Mapping[str, str]], object] | None = None
    bearer: bool = False
    trace: Callable[[Stand], object] | None = None
    foreign: int = 404
    good: int | None = None
    spends: bool = False

    def all_places(self) -> tuple[Place, ...]:
        """Which objects to ask for."""
        if self.places:
            return self.places
        return (Place.OWN, Place.FOREIGN, Place.MISSING) if self.objects else (Place.NONE,)


def asset_of(place: Place) -> str:
    """An asset there."""
    return {Place.OWN: NEAR_ASSET, Place.FOREIGN: FAR_ASSET}.get(place, "cab-9999")
