"""A registry that a test can change."""

from dataclasses import dataclass

from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.scope import EVERYTHING, Scope


@dataclass
class Assets:
    """What is known of the fleet; ``changes`` counts its revisions."""

    known: dict[str, Asset]
    changes: int = 1

    def assets(self, scope: Scope = EVERYTHING) -> dict[str, Asset]:
        assert scope.everything
        return self.known

    def revision(self) -> int:
        return self.changes
