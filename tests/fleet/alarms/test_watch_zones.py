"""Which samples are whose: kinds, metrics, forms, and changes of the rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gongfu_broker.columns import DeviceKind
from gongfu_broker.topics import Leaf
from gongfu_fleet.adapters.memory_log import batch_record
from gongfu_fleet.services.watch_ports import WatchedZone
from tests.fleet.alarms.plain_rule import PlainBook
from tests.fleet.alarms.stand import DEV, HOUR, METRIC, MINUTE, POLICY, START_MS, Stand


@dataclass(frozen=True)
class FixedZones:
    """Zones that never change."""

    known: Mapping[str, Sequence[WatchedZone]]

    def zones(self) -> Mapping[str, Sequence[WatchedZone]]:
        """All of them."""
        return self.known

    def refresh(self) -> None:
        """Nothing to read."""


def test_strangers_events_and_rows_without_a_temperature_are_passed_over() -> None:
    stand = Stand()
    stand.commit((START_MS, 9.0), dev="cab-0999")
    door = [(START_MS, {"door_open": 1.0})]
    stand.log.append(batch_record(DEV, DeviceKind.CABINET, door, mseq=50, received_ms=0))
    event = batch_record(DEV, DeviceKind.CABINET, door, mseq=51, received_ms=0)
    stand.log.append(event._replace(leaf=Leaf.EVT, payload=b"{}"))
    stand.log.append(event._replace(kind=DeviceKind.TRUCK, leaf=Leaf.STATE, payload=b"{}"))
    assert stand.turn() == 4
    assert stand.ledger.states() == {}


def test_a_value_no_instrument_can_report_is_no_sample_even_where_no_limit_forbids_it() -> None:
    stand = Stand()
    stand.zones.policy = replace(POLICY, low_celsius=None)
    stand.hear(4.0, -20.0, -127.0)
    stand.drain(limit=1)
    (followed,) = stand.ledger.states().values()
    assert followed.state.last == (START_MS + MINUTE, (-20.0,))


def test_every_zone_of_a_truck_is_followed_by_itself() -> None:
    stand = Stand()
    truck, zones = "veh-0001", ("zone_1_celsius", "zone_2_celsius")
    known = {
        truck: tuple(WatchedZone(n, PlainBook(metric, POLICY)) for n, metric in enumerate(zones, 1))
    }
    stand.watch.policies = FixedZones(known)
    for minute in range(40):
        values = {"zone_1_celsius": 4.0, "zone_2_celsius": 9.0 if minute else None}
        row = [(START_MS + minute * MINUTE, values)]
        stand.log.append(batch_record(truck, DeviceKind.TRUCK, row, mseq=minute + 1, received_ms=0))
        stand.turn()
    (incident,) = stand.incidents()
    assert incident.subject.zone == 2
    assert incident.finding.episode.begin_ms == START_MS + MINUTE
    assert len(stand.ledger.states()) == 2


def test_a_device_of_a_kind_without_the_metric_says_nothing_of_the_zone() -> None:
    stand = Stand()
    stand.zones.metric = "tray_1_kg"
    row = [(START_MS, {"zone_1_celsius": 9.0})]
    stand.log.append(batch_record(DEV, DeviceKind.TRUCK, row, mseq=1, received_ms=0))
    assert stand.turn() == 1
    assert stand.ledger.states() == {}


def test_the_single_object_form_is_followed_like_a_batch() -> None:
    stand = Stand()
    stand.hear(4.0)
    record = stand.log.read(0, 1)[0]
    payload = b'{"ts":%d,"tc":9.5}' % (START_MS + MINUTE)
    stand.log.append(record._replace(boot=None, mseq=None, payload=payload))
    stand.drain()
    (followed,) = stand.ledger.states().values()
    assert followed.state.last == (START_MS + MINUTE, (9.5,))


def test_the_offset_of_the_device_clock_counts() -> None:
    stand = Stand()
    rows = [(START_MS + minute * MINUTE, {METRIC: 9.0}) for minute in range(31)]
    record = batch_record(DEV, DeviceKind.CABINET, rows, mseq=1, received_ms=START_MS)
    stand.log.append(record._replace(offset_ms=-HOUR))
    stand.drain()
    assert stand.incidents()[0].finding.episode.begin_ms == START_MS - HOUR


def test_a_new_policy_that_comes_with_an_old_backlog_judges_that_too() -> None:
    stand = Stand()
    stand.hear(4.0)
    stand.drain()
    stand.zones.policy = replace(POLICY, version=2)
    old = -6 * 24 * 60
    stand.hear(*[9.0] * 40, *[4.0] * 20, minute=old)
    stand.drain()
    (incident,) = stand.incidents()
    assert incident.finding.episode.begin_ms == START_MS + old * MINUTE


def test_a_new_policy_version_judges_the_recent_past_anew() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 40)
    stand.drain()
    stand.zones.policy = replace(POLICY, version=2, high_celsius=10.0)
    stand.hear(9.0, minute=40)
    stand.drain()
    (retracted,) = stand.incidents()
    assert retracted.retracted
    stand.zones.policy = replace(POLICY, version=3)
    stand.hear(9.0, minute=41)
    stand.drain()
    again = stand.incidents()[-1]
    assert again.running
    assert again.finding.policy_version == 3


def test_a_limit_taken_away_ends_what_it_raised() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 40)
    stand.drain()
    stand.zones.policy = replace(POLICY, version=2, high_celsius=None)
    stand.hear(9.0, minute=40)
    stand.drain()
    assert [incident.retracted for incident in stand.incidents()] == [True]


def test_a_zone_measured_by_another_metric_starts_afresh() -> None:
    stand = Stand()
    for day in range(6):
        stand.hear(*[9.0] * 40, minute=day * 24 * 60)
    stand.drain()
    stand.zones.metric = "humidity_percent"
    later_ms = START_MS + 5 * 24 * HOUR + HOUR
    row = [(later_ms, {"humidity_percent": 5.0})]
    stand.log.append(batch_record(DEV, DeviceKind.CABINET, row, mseq=999, received_ms=0))
    stand.drain()
    (state,) = (followed.state for followed in stand.ledger.states().values())
    assert (state.kind, state.last) == ("plain:humidity_percent", (later_ms, (5.0,)))
    assert state.rules.high is None
    assert not any(incident.running for incident in stand.incidents())
