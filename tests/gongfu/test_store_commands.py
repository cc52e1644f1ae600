"""``gongfu store``: what it tells, what it writes, what it refuses."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet  # type: ignore[import-untyped] # pyarrow has no types
from typer.testing import CliRunner, Result

from gongfu.cli.main import app
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu_ingest.database import Database
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores.embedded import EmbeddedStore
from gongfu_ingest.stores.export import write_csv

HOUR = 3_600_000
T0 = 1_763_424_000_000 - 1_763_424_000_000 % HOUR
METRIC = "zone_1_celsius"
FROM, TO = "2025-11-18T00:00+00:00", "2025-11-18T00:10+00:00"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = Settings(state=tmp_path).telemetry_path
    database = Database(path)
    store = EmbeddedStore(database)
    store.write(
        [
            Point(T0 + n * 60_000, dev, Rank(1, n + 1, 0), {METRIC: 4.0 + n / 10})
            for n in range(90)
            for dev in ("cab-0001", "veh-0001")
        ]
    )
    store.fold(T0 + HOUR)
    database.close()
    return tmp_path


def gongfu(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["store", *words, "--state", str(state)])


def told(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    body: dict[str, object] = json.loads(result.stdout)
    return body


def test_stat_counts_rows_hot_rows_blocks_and_bytes(state: Path) -> None:
    body = told(gongfu(state, "stat", "--json"))
    assert (body["rows"], body["hot_rows"], body["blocks"]) == (180, 60, 2)
    assert (body["oldest_ms"], body["newest_ms"]) == (T0, T0 + 89 * 60_000)
    assert "180 rows" in gongfu(state, "stat").stdout


def test_csv_holds_the_rows_of_a_device_and_a_span_in_order(state: Path) -> None:
    words = ("--dev", "cab-0001", "--from", FROM, "--to", TO)
    rows = list(csv.DictReader(io.StringIO(gongfu_output(state, "export", *words))))
    assert [row[METRIC] for row in rows] == [str(4.0 + n / 10) for n in range(10)]
    assert {row["dev"] for row in rows} == {"cab-0001"}
    assert rows[1]["time"] == "2025-11-18T00:01:00.000+00:00"
    assert rows[1]["humidity_percent"] == ""


def gongfu_output(state: Path, *words: str) -> str:
    """Of the real program, whose stdout is a descriptor."""
    command = [sys.executable, "-m", "gongfu", "store", *words, "--state", str(state)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_lines_are_those_that_influxdb_takes(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.lp"
    words = ("export", "--format", "lines", "--dev", "veh-0001", "--to", TO, "--out", str(out))
    assert told(gongfu(state, *words, "--json"))["rows"] == 10
    first = out.read_text().splitlines()[0]
    assert first == f"truck,dev=veh-0001,site=quzhou {METRIC}=4.0,boot=1i,mseq=1i,idx=0i {T0}"


def test_parquet_has_a_column_per_metric(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.parquet"
    told(gongfu(state, "export", "--format", "parquet", "--out", str(out), "--json"))
    table = parquet.read_table(out)
    assert table.num_rows == 180
    assert table[METRIC][2].as_py() == 4.1
    assert table["humidity_percent"].null_count == 180
    assert table["time"][0].as_py().isoformat() == "2025-11-18T00:00:00+00:00"


@pytest.mark.parametrize("dev", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_text_that_a_spreadsheet_would_run_is_quoted(dev: str) -> None:
    to = io.StringIO()
    write_csv([Point(T0, dev, Rank(1, 1, 0), {METRIC: -4.0})], to)
    (row,) = csv.DictReader(io.StringIO(to.getvalue()))
    assert row["dev"] == f"'{dev}"
    assert row[METRIC] == "-4.0"


def test_expired_rows_are_gone_and_the_store_is_sound(state: Path) -> None:
    assert told(gongfu(state, "expire", "--before", TO, "--json"))["expired"] == 20
    assert told(gongfu(state, "verify", "--json")) == {"ok": True, "faults": []}
    assert told(gongfu(state, "stat", "--json"))["rows"] == 160


def test_a_running_gongfu_is_not_expired_under_its_feet(state: Path) -> None:
    with hold_state(state):
        result = gongfu(state, "expire", "--before", TO)
    assert result.exit_code == 2
    assert "stop it" in result.stderr


def test_verify_names_what_is_wrong_and_ends_with_1(state: Path) -> None:
    database = Database(Settings(state=state).telemetry_path)
    database.writer.execute("UPDATE block SET rows = rows + 1")
    database.close()
    result = gongfu(state, "verify")
    assert result.exit_code == 1
    assert "cab-0001 2025-11-18 00 h UTC: 60 rows, 61 were noted" in result.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("export", "--format", "xml"), "choose one of"),
        (("export", "--format", "parquet"), "--out"),
        (("export", "--from", "yesterday"), "no ISO time"),
        (("expire", "--before", "1"), "no ISO time"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(
    state: Path, words: tuple[str, ...], why: str
) -> None:
    result = gongfu(state, *words)
    assert result.exit_code == 2
    assert why in result.stderr


def test_without_a_file_the_remedy_is_told(tmp_path: Path) -> None:
    result = gongfu(tmp_path, "stat")
    assert result.exit_code == 2
    assert "gongfu run" in result.stderr
