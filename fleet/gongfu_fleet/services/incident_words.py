"""What the rule of an incident says to people, made anew from the rule whenever somebody looks."""

from gongfu_fleet.domain.alarms.incident import Incident
from gongfu_fleet.domain.alarms.rulebook import Found, Rulebook
from gongfu_fleet.domain.alarms.silence_words import silence_words
from gongfu_fleet.domain.alarms.zone import rules_of
from gongfu_fleet.domain.alarms.zone_book import WARMING, ZoneBook
from gongfu_fleet.domain.coldchain.breach import Forecast
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS
from gongfu_fleet.errors import InvalidError
from gongfu_fleet.ports import IncidentWords
from gongfu_fleet.services.watch_ports import IncidentLedger, WatchedZones, ZoneKey


def words_of(incident: Incident, ledger: IncidentLedger, watched: WatchedZones) -> IncidentWords:
    """By the zone's rulebook of today; the limits in the incident itself are those of its time."""
    plain = silence_words(incident.subject)
    if plain:
        return IncidentWords(plain.zh, plain.en)
    book = _book(incident, watched)
    hazard, episode = incident.subject.hazard, incident.finding.episode
    if book is None or hazard not in book.hazards:
        return IncidentWords()
    breach = None
    if hazard in WARMING and incident.running and isinstance(book, ZoneBook):
        breach = _breach(book, incident, ledger)
    message = book.message(Found(hazard, episode))
    return IncidentWords(message.zh, message.en, breach and tuple(map(_minutes, breach)))


def _minutes(ms: float | None) -> int | None:
    return None if ms is None else round(ms / MINUTE_MS)


def _book(incident: Incident, watched: WatchedZones) -> Rulebook | None:
    subject = incident.subject
    zones = watched.zones().get(subject.asset, ())
    return next((zone.book for zone in zones if zone.zone == subject.zone), None)


def _breach(book: ZoneBook, incident: Incident, ledger: IncidentLedger) -> Forecast | None:
    state = ledger.zone_state(ZoneKey(incident.subject.asset, incident.subject.zone))
    if state is None or state.key != book.key:
        return None
    try:
        return book.breach(rules_of(book, state))
    except InvalidError:
        return None  # an older program saved it; the watch judges the zone anew
