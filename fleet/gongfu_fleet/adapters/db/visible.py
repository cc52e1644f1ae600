"""Which incidents a scope sees: those of its assets, and those of a group one of them is in."""

from sqlalchemy import ColumnElement, literal, or_, select

from gongfu_fleet.adapters.db.incident_rows import IncidentRow
from gongfu_fleet.adapters.db.schema import AssetRow
from gongfu_fleet.adapters.db.within import within
from gongfu_fleet.domain.scope import Scope


def visible(scope: Scope, site: str | None = None) -> ColumnElement[bool]:
    """Rows of ``incident`` that concern an asset of the scope, at one site if it is named."""
    covered = [within(scope)]
    if site is not None:
        covered.append(AssetRow.site == site)
    # As ``domain.alarms.parents`` names them; an asset without a gateway gives no name.
    group = literal("site:") + AssetRow.site + literal(":") + AssetRow.kind
    gateway = literal("gateway:") + AssetRow.gateway
    return or_(
        IncidentRow.asset.in_(select(AssetRow.id).where(*covered)),
        IncidentRow.asset.in_(select(group).where(*covered)),
        IncidentRow.asset.in_(select(gateway).where(*covered, AssetRow.gateway.is_not(None))),
    )
