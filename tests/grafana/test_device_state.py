"""The state snapshot: rows that need no join, from what is known now."""

import math

from gongfu_fleet.adapters.memory import MemoryConnections, MemoryIncidents, MemoryReadings
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.ports import Connection
from gongfu_fleet.services.device_state import (
    StateRow,
    alarm_state,
    device_state,
    incident_marks,
    snapshot,
)
from gongfu_fleet.services.fleet_view import AssetView, FleetViewer, MapState, ZoneView
from tests.grafana.county_day import HOUR, START_MS, incident, line

NOW_MS = START_MS + 6 * HOUR


def view(dev: str = "cab-0001", state: MapState = MapState.OK, *zones: ZoneView) -> AssetView:
    return AssetView(
        id=dev,
        kind="cabinet",
        name="邻礼柜 一号",
        site="hangzhou",
        lon=120,
        lat=30.26,
        state=state,
        heard_ms=NOW_MS - 90_500,
        zones=zones or (ZoneView(1, 4, NOW_MS - 61_000, 0.0, 8.0),),
        speed_kmh=None,
        door_open=None,
        open_incidents=0,
    )


def state_of(shown: AssetView, *, online: bool = True) -> StateRow:
    links = {shown.id: Connection(online, shown.heard_ms)}
    (row,) = device_state([shown], links, now_ms=NOW_MS)
    return row


def test_a_row_has_everything_a_map_or_a_table_asks_for() -> None:
    row = state_of(view())
    assert row.measurement == "device_state"
    assert row.tags == {"dev": "cab-0001", "site": "hangzhou", "kind": "cabinet"}
    assert row.ts_ms == NOW_MS
    assert row.fields == {
        "name": "邻礼柜 一号",
        "online": 1,
        "level": 0,
        "lat_deg": 30.26,
        "lon_deg": 120.0,
        "open_incidents": 0,
        "out_of_range": 0,
        "age_s": 90,
        "zone_1_celsius": 4.0,
        "zone_1_low_celsius": 0.0,
        "zone_1_high_celsius": 8.0,
        "zone_1_age_s": 61,
    }


def test_a_field_keeps_its_type_whatever_its_value() -> None:
    whole, broken = (
        state_of(view()),
        state_of(view("cab-0001", MapState.OK, ZoneView(1, 4.5, 0, 0, 8))),
    )
    for name in whole.fields.keys() & broken.fields.keys():
        assert type(whole.fields[name]) is type(broken.fields[name]), name
    assert b"zone_1_celsius=4.0" in line(whole)
    assert b"online=1i" in line(whole)


def test_a_device_never_heard_of_is_offline_and_has_no_age() -> None:
    (row,) = device_state([view()], {}, now_ms=NOW_MS)
    assert row.fields["online"] == 0
    silent = AssetView(**{**vars(view()), "heard_ms": None, "zones": ()})
    assert "age_s" not in state_of(silent).fields


def test_a_device_whose_clock_runs_ahead_has_no_negative_age() -> None:
    ahead = ZoneView(1, 4.0, NOW_MS + 60_000, None, 8.0)
    assert state_of(view("cab-0001", MapState.OK, ahead)).fields["zone_1_age_s"] == 0


def test_levels_grow_with_urgency() -> None:
    urgency = [MapState.OK, MapState.OFFLINE, MapState.UNKNOWN, MapState.ALARM]
    levels = [state_of(view("cab-0001", state)).fields["level"] for state in urgency]
    assert levels == [0, 1, 2, 3]


def test_zones_beyond_a_limit_are_counted_zero_and_negative_limits_too() -> None:
    zones = (
        ZoneView(1, 0.0, 0, 0.0, 8.0),  # on the limit is inside
        ZoneView(2, -0.1, 0, 0.0, 8.0),
        ZoneView(3, -14.9, 0, None, -15.0),
        ZoneView(4, None, None, 0.0, 8.0),
        ZoneView(5, 99.0, 0, None, None),
    )
    assert state_of(view("cab-0001", MapState.OK, *zones)).fields["out_of_range"] == 2


def test_an_old_reading_beyond_the_limit_still_counts_for_silence_never_clears() -> None:
    old = ZoneView(1, 12.0, NOW_MS - 48 * HOUR, None, 8.0)
    assert (
        state_of(view("cab-0001", MapState.OFFLINE, old), online=False).fields["out_of_range"] == 1
    )


def alarms(*opened: object) -> dict[tuple[str, str, str], StateRow]:
    rows = alarm_state([view()], list(opened), now_ms=NOW_MS)  # type: ignore[arg-type] # incidents
    return {(r.tags["dev"], r.tags["zone"], r.tags["hazard"]): r for r in rows}


def test_every_zone_has_an_alarm_row_so_that_the_newest_one_is_the_truth() -> None:
    rows = alarms()
    assert set(rows) >= {
        ("cab-0001", "1", "temperature_high"),
        ("cab-0001", "1", "temperature_low"),
        ("cab-0001", "1", "no_cooling"),
    }
    assert all(row.fields == {"open": 0, "unacked": 0, "condition": 0} for row in rows.values())


def test_of_several_open_incidents_the_most_urgent_is_described_and_all_are_counted() -> None:
    over = incident("cab-0001", 1, condition="normal", end_ms=START_MS + 3 * HOUR)
    runs = incident("cab-0001", 2, workflow="acked", begin_ms=START_MS + 4 * HOUR)
    row = alarms(over, runs)["cab-0001", "1", "temperature_high"]
    assert (row.fields["open"], row.fields["unacked"]) == (2, 1)
    assert (row.fields["id"], row.fields["condition"], row.fields["age_s"]) == ("0195-2", 3, 7200)


def test_an_incident_of_an_asset_that_left_the_registry_is_not_forgotten() -> None:
    row = alarms(incident("veh-0099", 1))["veh-0099", "1", "temperature_high"]
    assert (row.fields["open"], row.tags["site"]) == (1, "quzhou")


def test_a_mark_stands_at_the_begin_and_ends_now_while_the_incident_runs() -> None:
    (running,) = incident_marks([incident("cab-0001", 1)], now_ms=NOW_MS)
    assert (running.ts_ms, running.fields["end_ms"]) == (START_MS + 2 * HOUR, NOW_MS)
    assert (running.fields["running"], running.fields["shown"]) == (1, 1)
    ended = incident("cab-0001", 1, end_ms=START_MS + 3 * HOUR)
    (mark,) = incident_marks([ended], now_ms=NOW_MS)
    assert (mark.fields["end_ms"], mark.fields["running"]) == (START_MS + 3 * HOUR, 0)
    assert (mark.tags, mark.ts_ms) == (running.tags, running.ts_ms)  # the same point, replaced


def test_a_merged_incident_is_hidden_and_the_text_says_what_happened() -> None:
    (mark,) = incident_marks([incident("cab-0001", 1, workflow="closed")], now_ms=NOW_MS)
    assert mark.fields["shown"] == 0
    assert mark.fields["text"] == "名称 cab-0001 1 区温度过高，峰值 12.5 °C，限值 8.0 °C"


def test_a_snapshot_of_an_empty_house_is_empty() -> None:
    class Nothing:
        def revision(self) -> int:
            return 1

        def assets(self, scope: Scope = EVERYTHING) -> dict[str, object]:
            del scope
            return {}

    viewer = FleetViewer(
        Nothing(),  # type: ignore[arg-type] # no asset, so no more of the registry is asked for
        MemoryReadings(),
        MemoryConnections(),
        MemoryIncidents(),
    )
    assert snapshot(viewer, NOW_MS) == []


def test_no_row_carries_a_number_that_line_protocol_cannot() -> None:
    rows = [state_of(view()), *incident_marks([incident("cab-0001", 1)], now_ms=NOW_MS)]
    numbers = [v for row in rows for v in row.fields.values() if isinstance(v, float)]
    assert numbers
    assert all(math.isfinite(number) for number in numbers)
