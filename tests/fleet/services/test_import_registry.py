"""An import names what is wrong and what to write instead; it writes everything or nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.registry import ImportReport
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import RegistryFiles, import_registry
from gongfu_fleet.services.people import By

BY = By("someone", 1_763_424_000_000)
HEADER = [
    "id",
    "kind",
    "name",
    "site",
    "lon",
    "lat",
    "position_source",
    "lifecycle",
    "county_code",
    "depot",
    "model",
    "place",
]
RIGHT = {
    "id": "cab-0100",
    "kind": "cabinet",
    "name": "新柜",
    "site": "quzhou",
    "lon": "118.87",
    "lat": "28.95",
    "position_source": "surveyed",
    "lifecycle": "installed",
    "county_code": "330802",
    "depot": "",
    "model": "LL-8",
    "place": "食堂",
}


def line(**changes: str) -> str:
    values = {**RIGHT, **changes}
    return ",".join(f'"{values[name]}"' for name in HEADER)


def assets_csv(*lines: str, encoding: str = "utf-8") -> RegistryFiles:
    text = "\n".join([",".join(HEADER), *lines, ""])
    return RegistryFiles(assets=TableFile("assets.csv", text.encode(encoding), encoding))


def zones_csv(*lines: str) -> RegistryFiles:
    text = "\n".join(["asset_id,zone,metric,product_class", *lines])
    return RegistryFiles(zones=TableFile("zones.csv", text.encode()))


def only_fault(report: ImportReport) -> str:
    assert len(report.faults) == 1, report.faults
    assert report.faults[0].remedy
    return str(report.faults[0])


def test_a_right_line_is_written(county: Engine) -> None:
    registry = SqlRegistry(county)
    report = import_registry(registry, assets_csv(line()), by=BY)
    assert (report.faults, report.written, report.counts.added) == ((), True, 1)
    assert registry.assets()["cab-0100"].name == "新柜"


def test_a_dry_run_counts_and_writes_nothing(county: Engine) -> None:
    registry = SqlRegistry(county)
    before = registry.revision()
    report = import_registry(registry, assets_csv(line(), line(id="cab-0001")), dry_run=True, by=BY)
    assert (report.written, report.counts.added, report.counts.changed) == (False, 1, 1)
    assert "cab-0100" not in registry.assets()
    assert registry.revision() == before


@pytest.mark.parametrize(
    ("changes", "column", "hint"),
    [
        ({"id": ""}, "id", "such as cab-0001"),
        ({"id": "CAB 1"}, "id", "lower-case"),
        ({"id": "cab/+/#"}, "id", "lower-case"),
        ({"kind": "boat"}, "kind", "truck or cabinet"),
        ({"name": ""}, "name", "1 to 80"),
        ({"name": "柜" * 81}, "name", "1 to 80"),
        ({"name": "a\x00b"}, "name", "control character"),
        ({"lon": "28.95", "lat": "118.87"}, "lon", "swapped"),
        ({"lon": "1118.87"}, "lon", "no place on Earth"),
        ({"lat": "nan"}, "lon", "not a number"),
        ({"lon": "inf"}, "lon", "not a number"),
        ({"lat": "north"}, "lat", "118.86826"),
        ({"lat": ""}, "lat", "118.86826"),
        ({"position_source": ""}, "position_source", "1 to 120"),
        ({"lifecycle": "broken"}, "lifecycle", "planned, contracted"),
        ({"county_code": "999999"}, "county_code", "Import the county first"),
        ({"depot": "depot-0"}, "depot", "Import the depot first"),
    ],
)
def test_a_wrong_value_is_named_by_line_and_column(
    county: Engine, changes: dict[str, str], column: str, hint: str
) -> None:
    registry = SqlRegistry(county)
    report = import_registry(
        registry, assets_csv(line(), line(**{"id": "cab-0101", **changes})), by=BY
    )
    assert (report.faults[0].line, report.faults[0].column) == (3, column)
    assert hint in only_fault(report)
    assert not report.written
    assert "cab-0100" not in registry.assets()


def test_partial_writes_the_right_lines_only(county: Engine) -> None:
    registry = SqlRegistry(county)
    files = assets_csv(line(), line(id="cab-0101", kind="boat"))
    report = import_registry(registry, files, partial=True, by=BY)
    assert report.written
    assert len(report.faults) == 1
    assert "cab-0100" in registry.assets()
    assert "cab-0101" not in registry.assets()


def test_an_id_that_stands_twice_names_the_first_line(county: Engine) -> None:
    report = import_registry(SqlRegistry(county), assets_csv(line(), line(name="other")), by=BY)
    assert "stands in line 2 already" in only_fault(report)


def test_a_quoted_line_break_keeps_the_line_numbers_right(county: Engine) -> None:
    files = assets_csv(line(name="two\nlines"), line(id="cab-0101", kind="boat"))
    faults = import_registry(SqlRegistry(county), files, by=BY).faults
    assert [(f.line, f.column) for f in faults] == [(2, "name"), (4, "kind")]


@pytest.mark.parametrize(
    ("data", "encoding", "hint"),
    [
        (b"", "utf-8", "empty"),
        (b"\xef\xbb\xbf", "utf-8", "empty"),
        (",".join(HEADER).encode(), "utf-8", "no line under the header"),
        (b"id;kind\n", "utf-8", "separated by commas"),
        (f"{','.join(HEADER)},colour\n".encode(), "utf-8", "'colour' too much"),
        (f"{','.join(HEADER)}\na,b\n".encode(), "utf-8", "2 values, the header 12"),
        (f'{",".join(HEADER)}\n"a\n'.encode(), "utf-8", "quotation marks"),
        ("\n新".encode("gb18030"), "utf-8", "encoding gb18030"),
        ("新".encode(), "gb18030", "encoding utf-8"),
        (b"a\n\xff\xff", "gb18030", "GB18030"),
        ("id".encode("utf-16"), "utf-8", "UTF-16"),
        (b"id", "latin-1", "utf-8 or gb18030"),
    ],
)
def test_a_file_that_cannot_be_read_says_how_to_save_it(
    county: Engine, data: bytes, encoding: str, hint: str
) -> None:
    files = RegistryFiles(assets=TableFile("a.csv", data, encoding))
    assert hint in only_fault(import_registry(SqlRegistry(county), files, by=BY))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_spreadsheets_of_every_common_encoding_are_read(county: Engine, encoding: str) -> None:
    text = "\r\n".join([",".join(HEADER), line(), ""])
    declared = "gb18030" if encoding == "gb18030" else "utf-8"
    file = TableFile("a.csv", text.encode(encoding), declared)
    registry = SqlRegistry(county)
    assert import_registry(registry, RegistryFiles(assets=file), by=BY).faults == ()
    assert registry.assets()["cab-0100"].place == "食堂"


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("cab-9999,1,zone_1_celsius,tofu", "asset_id", "no asset"),
        ("cab-0001,2,zone_2_celsius,tofu", "zone", "no zone 2"),
        ("cab-0001,one,zone_1_celsius,tofu", "zone", "Write 1"),
        ("cab-0001,1,zone_2_celsius,tofu", "metric", "not its metric"),
        ("cab-0001,1,zone_1_celsius,soup", "product_class", "chilled_generic"),
    ],
)
def test_a_wrong_zone_is_named_by_column(county: Engine, text: str, column: str, hint: str) -> None:
    report = import_registry(SqlRegistry(county), zones_csv(text), by=BY)
    assert column in [f.column for f in report.faults]
    assert hint in " ".join(map(str, report.faults))
    assert not report.written


def test_a_zone_changes_its_class_without_a_second_zone(county: Engine) -> None:
    registry = SqlRegistry(county)
    report = import_registry(registry, zones_csv("cab-0001,1,zone_1_celsius,tofu"), by=BY)
    assert report.counts.changed == 1
    assert [z.policy.product_class for z in registry.assets()["cab-0001"].zones] == ["tofu"]


def test_a_village_of_an_unknown_town_is_refused(county: Engine) -> None:
    square = [[[118.0, 28.0], [118.1, 28.0], [118.1, 28.1], [118.0, 28.0]]]
    feature = {
        "type": "Feature",
        "properties": {"code": "999999999200", "name": "无村", "point": [118.05, 28.02]},
        "geometry": {"type": "Polygon", "coordinates": square},
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    files = RegistryFiles(villages=TableFile("v.geojson", text.encode()))
    assert "Import the town first" in only_fault(import_registry(SqlRegistry(county), files, by=BY))


def test_names_that_look_like_code_are_kept_as_they_are(county: Engine) -> None:
    registry = SqlRegistry(county)
    name = "<b>x</b>'); DROP TABLE asset;--"
    assert import_registry(registry, assets_csv(line(name=name)), by=BY).faults == ()
    assert registry.assets()["cab-0100"].name == name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.binary(max_size=200), encoding=st.sampled_from(["utf-8", "gb18030"]))
def test_whatever_bytes_come_give_faults_and_never_a_crash(
    database: Engine, data: bytes, encoding: str
) -> None:
    header = ",".join(HEADER).encode() + b"\n"
    for start in (b"", header):
        files = RegistryFiles(assets=TableFile("a.csv", start + data, encoding))
        report = import_registry(SqlRegistry(database), files, by=BY)
        assert report.faults
