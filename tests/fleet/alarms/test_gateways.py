"""One cause, one incident: a gateway and what hangs on it, power and the unit it drove."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Incident, Subject
from gongfu_fleet.domain.alarms.liveness import over, raised
from gongfu_fleet.domain.alarms.parents import Gateway, Group, cause_of
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.domain.registry import RegistryRecords
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from gongfu_fleet.errors import NotFoundError
from gongfu_fleet.services.common_causes import cause_name, stand_in
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import RegistryFiles, import_registry
from gongfu_fleet.services.people import By
from tests.fleet.alarms.test_liveness import HOUR, MINUTE, Stand, cabinet

BOX = Gateway("gw-01")


def behind(*numbers: int, among: int = 12) -> list[Asset]:
    """Cabinets of one site, some of them linked through one gateway."""
    found = [cabinet(n + 1) for n in range(among)]
    return [
        replace(one, gateway="gw-01") if n + 1 in numbers else one for n, one in enumerate(found)
    ]


def silenced(stand: Stand, *numbers: int) -> None:
    stand.dead |= {f"cab-{number:04d}" for number in numbers}


def parents_of(stand: Stand) -> set[str | None]:
    return {child.handling.parent for child in stand.found()}


def the(stand: Stand, hazard: Hazard) -> Incident:
    (incident,) = stand.found(hazard)
    return incident


def test_devices_behind_one_gateway_that_fall_silent_at_once_are_its_children() -> None:
    stand = Stand(behind(1, 2, 3))
    stand.run(60)
    silenced(stand, 1, 2, 3)
    stand.run(20)
    parent = the(stand, Hazard.GATEWAY_SILENT)
    assert cause_of(parent.subject.asset) == BOX
    assert parent.handling.parent is None
    assert len(stand.found()) == 3
    assert parents_of(stand) == {parent.id}
    assert stand.found(Hazard.SITE_SILENT) == []
    stand.run(60)
    assert the(stand, Hazard.GATEWAY_SILENT).severity is Severity.CRITICAL
    assert {child.severity for child in stand.found()} == {Severity.LOW}


def test_a_gateway_that_is_heard_again_is_over_and_who_is_not_stands_for_itself() -> None:
    stand = Stand(behind(1, 2, 3, 4))
    stand.run(60)
    silenced(stand, 1, 2, 3, 4)
    stand.run(20)
    stand.dead = {"cab-0004"}
    stand.run(1)
    assert not the(stand, Hazard.GATEWAY_SILENT).running
    stand.run(6)
    (left,) = (child for child in stand.found() if child.running)
    assert (left.subject.asset, left.handling.parent) == ("cab-0004", None)


def test_a_restart_in_between_doubles_no_gateway() -> None:
    stand = Stand(behind(1, 2))
    stand.run(60)
    silenced(stand, 1, 2)
    for _ in range(4):
        stand.run(8)
        stand.restart()
    assert len(stand.found(Hazard.GATEWAY_SILENT)) == 1
    assert len(stand.found()) == 2


@pytest.mark.parametrize("linked", [(), (1,), (1, 2, 3, 4, 5, 6)])
def test_two_silent_cabinets_without_a_gateway_in_common_are_no_silent_gateway(
    linked: tuple[int, ...],
) -> None:
    stand = Stand(behind(*linked))
    stand.run(60)
    silenced(stand, 1, 2)
    stand.run(60)
    assert stand.found(Hazard.GATEWAY_SILENT) == []
    assert parents_of(stand) == {None}


def test_two_that_died_an_hour_apart_are_no_silent_gateway() -> None:
    stand = Stand(behind(1, 2))
    stand.run(60)
    silenced(stand, 1)
    stand.run(60)
    silenced(stand, 2)
    stand.run(60)
    assert stand.found(Hazard.GATEWAY_SILENT) == []


def test_the_gateways_of_a_site_that_falls_silent_are_its_children() -> None:
    stand = Stand(behind(1, 2, 3))
    stand.run(60)
    silenced(stand, *range(1, 13))
    stand.run(20)
    site, gateway = the(stand, Hazard.SITE_SILENT), the(stand, Hazard.GATEWAY_SILENT)
    assert gateway.handling.parent == site.id
    assert parents_of(stand) == {site.id, gateway.id}
    told = [i for i in (site, gateway, *stand.found()) if i.handling.parent is None]
    assert told == [site]


def tell(stand: Stand, incident: str, about: Subject, *, ago: int = 0) -> None:
    now = stand.clock.now
    stand.store.append([Draft(incident, raised(about, now - ago * MINUTE, now))], at_ms=now)


def test_a_unit_without_power_does_not_cool_and_nobody_is_told_twice() -> None:
    stand = Stand([cabinet(1)])
    stand.run(60)
    tell(stand, "power", Subject("cab-0001", 0, Hazard.POWER_LOST), ago=3)
    stand.run(40)
    for hazard in (Hazard.NO_COOLING, Hazard.DRIFT, Hazard.RATE_OF_RISE):
        # Its compressor had rested for ten minutes when the power went.
        tell(stand, hazard, Subject("cab-0001", 1, hazard), ago=53)
    for hazard in (Hazard.AIR_HIGH, Hazard.PRODUCT_HIGH, Hazard.DOOR_AJAR):
        tell(stand, hazard, Subject("cab-0001", 1, hazard))
    stand.run(1)
    suppressed = {i for i in Hazard if i in OF_CABINET and parent_of(stand, i) == "power"}
    assert suppressed == {Hazard.NO_COOLING, Hazard.DRIFT, Hazard.RATE_OF_RISE}


OF_CABINET = {
    Hazard.NO_COOLING,
    Hazard.DRIFT,
    Hazard.RATE_OF_RISE,
    Hazard.AIR_HIGH,
    Hazard.PRODUCT_HIGH,
    Hazard.DOOR_AJAR,
}


def parent_of(stand: Stand, hazard: Hazard) -> str | None:
    return the(stand, hazard).handling.parent


def test_a_unit_that_stays_warm_an_hour_after_its_power_is_back_is_told() -> None:
    stand = Stand([cabinet(1)])
    stand.run(60)
    tell(stand, "power", Subject("cab-0001", 0, Hazard.POWER_LOST), ago=3)
    stand.run(40)
    tell(stand, "unit", Subject("cab-0001", 1, Hazard.NO_COOLING), ago=40)
    stand.run(1)
    power = stand.store.find("power")
    stand.store.append([over(power, stand.clock.now)], at_ms=stand.clock.now)
    stand.run(59)
    assert stand.store.find("unit").handling.parent == "power"
    stand.run(2)
    assert stand.store.find("unit").handling.parent is None


def test_a_unit_that_failed_before_the_power_went_is_a_trouble_of_its_own() -> None:
    stand = Stand([cabinet(1)])
    stand.run(60)
    tell(stand, "unit", Subject("cab-0001", 1, Hazard.NO_COOLING), ago=40)
    stand.run(5)
    tell(stand, "power", Subject("cab-0001", 0, Hazard.POWER_LOST), ago=2)
    stand.run(5)
    assert stand.store.find("unit").handling.parent is None


def test_another_cabinets_power_suppresses_nothing() -> None:
    stand = Stand([cabinet(1), cabinet(2)])
    stand.run(60)
    tell(stand, "power", Subject("cab-0002", 0, Hazard.POWER_LOST), ago=3)
    tell(stand, "unit", Subject("cab-0001", 1, Hazard.NO_COOLING))
    stand.run(2)
    assert stand.store.find("unit").handling.parent is None


def test_names_of_causes_are_read_back_and_others_are_none() -> None:
    for cause in (BOX, Group("hangzhou", AssetKind.CABINET)):
        assert cause_of(cause.subject.asset) == cause
    for name in ("cab-0001", "broker", "gateway:", "gateway", "site:hangzhou:bus"):
        assert cause_of(name) is None


def test_a_gateway_has_a_name_and_whoever_covers_its_devices_is_told() -> None:
    assets = behind(2)
    assert cause_name(BOX.subject.asset) == ("网关 gw-01", "")
    found = stand_in(BOX.subject.asset, assets)
    assert found is not None
    assert (found.id, found.name, found.site) == ("cab-0002", "网关 gw-01", "hangzhou")
    assert stand_in("gateway:gw-02", assets) is None


HEADER = "id,kind,name,site,lon,lat,position_source,lifecycle,county_code,depot,model,place"
LINE = "cab-0100,cabinet,新柜,quzhou,118.87,28.95,surveyed,live,,,LL-8,食堂"


def imported(engine: Engine, header: str, line: str) -> list[str]:
    file = TableFile("assets.csv", f"{header}\n{line}\n".encode())
    report = import_registry(SqlRegistry(engine), RegistryFiles(assets=file), by=By("mei", HOUR))
    return [f"{fault.column}: {fault.fault}" for fault in report.faults]


def test_an_import_names_the_gateway_keeps_it_when_it_is_missing_and_takes_it_away(
    county: Engine,
) -> None:
    def gateway() -> str | None:
        return SqlRegistry(county).assets()["cab-0100"].gateway

    assert imported(county, f"{HEADER},gateway", f"{LINE},gw-01") == []
    assert gateway() == "gw-01"
    assert imported(county, HEADER, LINE) == []
    assert gateway() == "gw-01"
    assert imported(county, f"{HEADER},gateway", f"{LINE},") == []
    assert gateway() is None


@pytest.mark.parametrize("wrong", ["GW 1", "g" * 31])
def test_a_gateway_that_cannot_be_named_is_refused(county: Engine, wrong: str) -> None:
    faults = imported(county, f"{HEADER},gateway", f"{LINE},{wrong}")
    assert [fault.split(":")[0] for fault in faults] == ["gateway"]


def test_a_silent_gateway_is_seen_by_whoever_sees_a_device_behind_it(county: Engine) -> None:
    registry = SqlRegistry(county)
    linked = replace(registry.assets()["cab-0001"], gateway="gw-01", zones=())
    registry.save(RegistryRecords(assets=(linked,)))
    memory = MemoryIncidentStore(registry.assets())
    theirs = scope_of([Grant(ScopeKind.OPERATOR, linked.operator)])
    others = scope_of([Grant(ScopeKind.OPERATOR, "nobody")])
    for store in (SqlIncidentStore(county), memory):
        store.append([Draft("i-1", raised(BOX.subject, 0, HOUR))], at_ms=HOUR)
        assert store.find("i-1", scope=theirs).subject == BOX.subject
        with pytest.raises(NotFoundError):
            store.find("i-1", scope=others)
