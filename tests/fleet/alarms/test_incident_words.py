"""What the rule of an incident says when somebody looks."""

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Event, Subject, fold
from gongfu_fleet.domain.alarms.liveness import raised
from gongfu_fleet.domain.alarms.silence_words import silence_words
from gongfu_fleet.domain.alarms.zone_book import ZoneBook
from gongfu_fleet.services.cold_policies import cold_policy
from gongfu_fleet.services.incident_words import words_of
from tests.fleet.alarms.stand import METRIC, Stand
from tests.fleet.alarms.test_watch_rules import cycling, rows, span, stand_of, tell

BOOK = ZoneBook(METRIC, cold_policy("frozen", {"learn_h": 12, "tau_min": 400}))
LEARNED = 840


def warming(minutes: int) -> Stand:
    """A unit that was learned stops cooling."""
    stand = stand_of(BOOK)
    told = cycling(range(LEARNED), -19.4) + rows(lambda n: -18 + 0.1 * n, span(0, minutes))
    for at in range(0, len(told), 60):
        tell(stand, told[at : at + 60], at + 1)
    stand.drain()
    return stand


def test_rising_air_is_told_with_the_minutes_until_the_goods_pass_their_limit() -> None:
    stand = warming(55)
    incident = next(one for one in stand.incidents() if one.subject.hazard is Hazard.NO_COOLING)
    words = words_of(incident, stand.ledger, stand.zones)
    assert words.zh
    assert "compressor" in (words.en or "")
    assert words.breach_min
    early, middle, late = words.breach_min
    assert early
    assert middle
    assert 0 < early <= middle
    assert late is None or late >= middle


def test_what_is_over_or_was_found_by_a_rule_of_old_has_no_forecast() -> None:
    stand = warming(55)
    incident = next(one for one in stand.incidents() if one.subject.hazard is Hazard.NO_COOLING)
    tell(stand, cycling(span(55, 80), -19.4), 99)
    stand.drain()
    over = stand.ledger.find(incident.id)
    assert not over.running
    assert words_of(over, stand.ledger, stand.zones).breach_min is None
    stand.zones.book = None  # a rulebook that does not know the hazard
    told = words_of(over, stand.ledger, stand.zones)
    assert (told.zh, told.en, told.breach_min) == (None, None, None)


def test_a_silent_device_and_a_silent_probe_say_different_things() -> None:
    device, probe = (Subject("cab-0001", zone, Hazard.CHANNEL_SILENT) for zone in (0, 1))
    assert silence_words(device) != silence_words(probe)
    told = [fold("i", [Event(900, None, raised(one, 500, 900))]) for one in (device, probe)]
    stand = stand_of(BOOK)
    first, second = (words_of(one, stand.ledger, stand.zones).en or "" for one in told)
    assert "power and network" in first
    assert "cable" in second
