"""What policies need from outside: a ledger of versions, and the zones they are for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.policies import PolicyVersion, Target
from gongfu_fleet.domain.policy_fields import Fields


@dataclass(frozen=True)
class Draft:
    """A version that has no number yet; see ``PolicyVersion``."""

    target: Target
    fields: Fields
    source: str
    note: str
    by: str
    at_ms: int
    valid_from_ms: int
    restores: int | None = None


class PolicyStore(Protocol):
    """The versions of all policies; rows are added, never changed, never removed."""

    def revision(self) -> int:
        """The newest version's number; 0 when there is none."""
        ...

    def versions(self) -> Sequence[PolicyVersion]:
        """All of them in the order of their numbers."""
        ...

    def append(self, draft: Draft, *, expected: int, deed: Deed) -> PolicyVersion:
        """Add a version of a layer and the deed, in one transaction.

        ``expected`` is the version of this layer that the change was made from, 0 for none; the
        deed's data gets the new number. Raises ConflictError when the layer is another by now.
        """
        ...

    def record_shipped(self, shipped: Mapping[Target, Draft]) -> int:
        """Add those that differ from the newest of their layer; returns how many they were."""
        ...
