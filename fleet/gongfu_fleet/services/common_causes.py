"""What incidents are called that are about no single asset, and who stands for them."""

from collections.abc import Iterable
from dataclasses import replace

from gongfu_fleet.domain.alarms.parents import BROKER, Gateway, cause_of
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.services.sites import shipped_sites

_KINDS = {AssetKind.CABINET: "智能柜", AssetKind.TRUCK: "车辆"}
_BROKER = "消息服务器"
_GATEWAY = "网关"


def cause_name(name: str) -> tuple[str, str] | None:
    """Name and site of what an incident's asset stands for; None for a real asset.

    The site of a gateway is that of its devices: see ``stand_in``.
    """
    if name == BROKER.asset:
        return _BROKER, ""
    group = cause_of(name)
    if group is None:
        return None
    if isinstance(group, Gateway):
        return f"{_GATEWAY} {group.gateway}", ""
    sites = {site.id: site.name for site in shipped_sites()}
    return f"{sites.get(group.site, group.site)}{_KINDS[group.kind]}", group.site


def stand_in(name: str, assets: Iterable[Asset]) -> Asset | None:
    """An asset of the group, under the group's name, so that whoever covers it is told."""
    group, called = cause_of(name), cause_name(name)
    if group is None or called is None:
        return None
    for asset in assets:
        if group.covers(asset):
            return replace(asset, name=called[0])
    return None
