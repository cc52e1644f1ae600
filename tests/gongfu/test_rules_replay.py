"""``gongfu rules replay`` and ``gongfu bench alarms``, as a person starts them."""

import json
import random
from pathlib import Path

from typer.testing import CliRunner

from gongfu.bench.alarms import Kind, alarms_of
from gongfu.bench.alarms_freezer import DAY, failure, freezer, splice_minutes
from gongfu.cli.main import app

RUNNER = CliRunner()


def recorded(path: Path) -> Path:
    """Two simulated days with a door column, the compressor stops after 40 hours."""
    dice = random.Random(5)
    unit = freezer(dice, 2)
    broken = failure(dice, unit, "compressor", 2_400)
    air = unit.celsius[:2_400] + broken.celsius[:200]
    lines = [f"{1_790_000_000 + 60 * n},{c},{int(unit.door[n])}" for n, c in enumerate(air)]
    path.write_text("time,degrees,door\n" + "\n".join(lines) + "\n2026-99-01,4,0\n")
    return path


def test_a_recorded_series_gives_its_incidents_as_json(tmp_path: Path) -> None:
    file = recorded(tmp_path / "freezer.csv")
    options = ["--class", "frozen", "--door-column", "door", "--column", "degrees", "--json"]
    result = RUNNER.invoke(app, ["rules", "replay", str(file), *options])
    assert result.exit_code == 0
    body = json.loads(result.stdout)
    assert body["rows"] == 2_600
    assert [fault["line"] for fault in body["left_out"]] == [2_602]
    assert body["goods"]["mean_kinetic_celsius"] is None
    stopped = next(one for one in body["incidents"] if one["hazard"] == "no_cooling")
    assert stopped["end"] is None
    assert stopped["begin"] < stopped["discovered"]
    low, middle, high = stopped["breach_min"]
    assert 0 <= low <= middle <= high
    assert "压缩机" in stopped["message"]["zh"]


def test_another_policy_gives_other_incidents(tmp_path: Path) -> None:
    file, policy = recorded(tmp_path / "freezer.csv"), tmp_path / "policy.json"
    limits = ("air_high_celsius", "product_high_celsius", "product_critical_celsius")
    policy.write_text(json.dumps({**dict.fromkeys(limits, 30), "version": 2}))
    options = ["--class", "frozen", "--policy", str(policy), "--learn-hours", "100"]
    result = RUNNER.invoke(app, ["rules", "replay", str(file), *options])
    assert result.exit_code == 0
    assert "0 incidents" in result.stdout


def test_what_cannot_be_read_is_said_with_a_remedy(tmp_path: Path) -> None:
    file, policy = recorded(tmp_path / "freezer.csv"), tmp_path / "policy.json"
    for options, told in (
        (["--class", "soup"], "no product class 'soup'"),
        (["--class", "frozen", "--column", "warmth"], "no column 'warmth'"),
    ):
        result = RUNNER.invoke(app, ["rules", "replay", str(file), *options])
        assert (result.exit_code, told in result.stderr) == (2, True)
    policy.write_text("[1]")
    given = ["rules", "replay", str(file), "--class", "frozen", "--policy", str(policy)]
    assert "no JSON object" in RUNNER.invoke(app, given).stderr


def test_the_bench_compares_three_rule_sets_on_the_same_failures() -> None:
    found = alarms_of(random.Random(1), units=1, cases=1, door_input=True)
    assert set(found) == {"ours", "plain", "peer30"}
    assert found["plain"]["false_per_unit_month"] > found["ours"]["false_per_unit_month"]
    assert all(found[name][kind]["cases"] == 1 for name in found for kind in ("door", "leak"))
    assert found["plain"]["stuck"]["found_pct"] == 0
    assert found["ours"]["stuck"]["found_pct"] == 100


def test_a_kind_in_which_nothing_was_found_has_no_delay() -> None:
    assert Kind(cases=2).figures()["median_min"] is None


def test_the_simulated_freezer_has_the_measured_shape() -> None:
    unit = freezer(random.Random(3), 14)
    quiet = [c for c in unit.celsius if c < -15]
    assert -19.8 < sum(quiet) / len(quiet) < -18.8
    gaps = [b - a for a, b in zip(unit.defrosts, unit.defrosts[1:], strict=False)]
    assert all(35.6 * 60 <= gap <= 42.4 * 60 for gap in gaps)
    peaks = [max(unit.celsius[at : at + 36]) for at in unit.defrosts]
    assert all(-9 < peak < 8 for peak in peaks)
    assert max(unit.celsius) > 15


def test_failures_begin_where_nothing_else_happens() -> None:
    dice = random.Random(4)
    unit = freezer(dice, 8)
    for minute in splice_minutes(dice, unit, 5, 5 * DAY):
        assert not any(-30 < minute - at < 120 for at in unit.defrosts)
