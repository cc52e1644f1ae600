"""Who brought what into the registry stands in the audit log, and old files take nothing away."""

import hashlib
import json
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.audit import Deed, Entry
from gongfu_fleet.domain.registry import RegistryRecords, Saved
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import MOST_NAMED, RegistryFiles, import_registry
from gongfu_fleet.services.people import By
from gongfu_fleet.services.seed import shipped_policies

BY = By("lin", 1_763_424_000_000)
OLD = ("id", "kind", "name", "site", "lon", "lat", "position_source", "lifecycle",
       "county_code", "depot", "model", "place")  # fmt: skip
COMPOUND = {
    "id": "cab-0001",
    "kind": "cabinet",
    "name": "新名",
    "site": "quzhou",
    "lon": "118.87",
    "lat": "28.95",
    "position_source": "surveyed",
    "lifecycle": "live",
}


def assets(*lines: dict[str, str], more: tuple[str, ...] = ()) -> RegistryFiles:
    columns = (*OLD, *more)
    rows = (",".join(line.get(name, "") for name in columns) for line in lines)
    text = "\n".join([",".join(columns), *rows, ""])
    return RegistryFiles(assets=TableFile("assets.csv", text.encode()))


def entries(county: Engine) -> list[Entry]:
    return [e for e in SqlAuditLog(county).page(50) if e.action == "registry.import"]


def test_an_import_says_who_which_files_and_what_changed(county: Engine) -> None:
    new = {**COMPOUND, "id": "cab-0100"}
    files = assets(COMPOUND, new)
    report = import_registry(SqlRegistry(county), files, by=BY)
    (entry,) = entries(county)
    assert (entry.actor, entry.object, entry.at_ms) == ("lin", "registry:assets", BY.at_ms)
    told = json.loads(entry.data)
    assert files.assets is not None
    digest = hashlib.sha256(files.assets.data).hexdigest()
    assert told["files"] == {"assets": ["assets.csv", digest]}
    assert (told["added"], told["changed"], told["faults"]) == (1, 1, 0)
    assert report.counts.added == 1
    assert told["changes"][0] == "asset cab-0100: new"
    assert told["changes"][1].startswith("asset cab-0001: ")
    assert "name" in told["changes"][1]
    assert SqlAuditLog(county).verify().fault is None


def test_a_dry_run_and_a_refused_import_leave_no_entry(county: Engine) -> None:
    import_registry(SqlRegistry(county), assets(COMPOUND), by=BY, dry_run=True)
    import_registry(SqlRegistry(county), assets({**COMPOUND, "kind": "boat"}), by=BY)
    assert entries(county) == []


def test_without_its_entry_nothing_is_written(county: Engine) -> None:
    registry = SqlRegistry(county)
    before = registry.revision()
    newer = replace(shipped_policies()[0], version=99)

    def deed_of(saved: Saved) -> Deed:
        raise RuntimeError(saved.changes)

    with pytest.raises(RuntimeError, match="99: new"):
        registry.save(RegistryRecords(policies=(newer,)), deed_of)
    assert registry.revision() == before
    assert registry.save(RegistryRecords(policies=(newer,))).added == 1


def test_an_entry_names_some_records_and_counts_the_others(county: Engine) -> None:
    many = [{**COMPOUND, "id": f"cab-{1000 + n}"} for n in range(MOST_NAMED + 10)]
    import_registry(SqlRegistry(county), assets(*many), by=BY)
    told = json.loads(entries(county)[0].data)
    assert (told["added"], len(told["changes"])) == (MOST_NAMED + 10, MOST_NAMED)


def test_a_file_without_operator_and_town_keeps_what_is_stored(county: Engine) -> None:
    registry = SqlRegistry(county)
    town = next(iter(sorted(registry.known_keys().towns)))
    owned = {**COMPOUND, "operator": "provincial", "town_code": town}
    import_registry(registry, assets(owned, more=("operator", "town_code")), by=BY)
    report = import_registry(registry, assets({**COMPOUND, "name": "再改"}), by=BY)
    asset = registry.assets()["cab-0001"]
    assert (report.counts.changed, asset.name) == (1, "再改")
    assert (asset.operator, asset.town_code) == ("provincial", town)


def test_an_empty_operator_is_the_site_and_an_empty_town_is_none(county: Engine) -> None:
    registry = SqlRegistry(county)
    more = ("operator", "town_code")
    town = next(iter(sorted(registry.known_keys().towns)))
    import_registry(
        registry, assets({**COMPOUND, "operator": "x-co", "town_code": town}, more=more), by=BY
    )
    import_registry(registry, assets(COMPOUND, more=more), by=BY)
    asset = registry.assets()["cab-0001"]
    assert (asset.operator, asset.town_code) == ("quzhou", None)


def test_a_new_asset_without_the_columns_belongs_to_its_site(county: Engine) -> None:
    registry = SqlRegistry(county)
    import_registry(registry, assets({**COMPOUND, "id": "cab-0100"}), by=BY)
    assert registry.assets()["cab-0100"].operator == "quzhou"
