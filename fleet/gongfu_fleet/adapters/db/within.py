"""A scope as a condition on assets, so that lists are filtered in the query."""

from sqlalchemy import ColumnElement, and_, or_, true

from gongfu_fleet.adapters.db.schema import AssetRow
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.domain.scope import Grant, Scope, ScopeKind

_COLUMNS = {
    ScopeKind.COUNTY: AssetRow.county_code,
    ScopeKind.TOWN: AssetRow.town_code,
    ScopeKind.OPERATOR: AssetRow.operator,
}
_KINDS = {ScopeKind.TRUCK: AssetKind.TRUCK, ScopeKind.CABINET: AssetKind.CABINET}


def within(scope: Scope) -> ColumnElement[bool]:
    """Rows of ``asset`` that the scope covers; agrees with ``Scope.covers``."""
    return and_(true(), *(_limit(limit) for limit in scope.limits))


def _limit(grants: frozenset[Grant]) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    for kind in {grant.kind for grant in grants}:
        refs = sorted(grant.ref for grant in grants if grant.kind is kind)
        if kind in _KINDS:
            named = AssetRow.id.in_(refs)
            conditions.append(and_(AssetRow.kind == _KINDS[kind].value, named))
        else:
            conditions.append(_COLUMNS[kind].in_(refs))
    # Nothing granted is nothing covered.
    return or_(*conditions) if conditions else ~true()
