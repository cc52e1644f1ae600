"""What a site's files say after a fault test, when nothing runs any more."""

from contextlib import closing

from gongfu.directory import RegisteredDevices
from gongfu.faults.effort import Figures
from gongfu.faults.incident_check import IncidentVerdict, check_incidents
from gongfu.faults.site import RING
from gongfu.fleet_side import open_fleet
from gongfu.ledger_check import Verdict, check_ledger
from gongfu.settings import Settings
from gongfu_ingest.database import Database
from gongfu_ingest.stores.embedded import EmbeddedStore


def judged_ledger(settings: Settings) -> Verdict:
    """The devices' ledger against the store."""
    fleet = open_fleet(settings)
    try:
        devices = RegisteredDevices(fleet.registry).devices()
    finally:
        fleet.close()
    return check_ledger(settings.state / RING, settings.telemetry_path, devices)


def judged_incidents(settings: Settings) -> IncidentVerdict:
    """The incidents against the stored readings."""
    fleet = open_fleet(settings)
    try:
        with closing(Database(settings.telemetry_path, read_only=True)) as database:
            store = EmbeddedStore(database)
            return check_incidents(fleet.ledger, fleet.zones.zones(), store)
    finally:
        fleet.close()


def ledger_figures(*verdicts: Verdict) -> Figures:
    """What the frame asks for, and the rest of the set test; several verdicts are added up."""
    told: Figures = {
        "acknowledged": sum(verdict.messages for verdict in verdicts),
        "samples": sum(verdict.samples for verdict in verdicts),
        "lost": sum(verdict.lost for verdict in verdicts),
        "duplicated": sum(verdict.duplicated for verdict in verdicts),
        "phantom": sum(verdict.phantom for verdict in verdicts),
        "reordered": sum(verdict.reordered for verdict in verdicts),
    }
    examples = [example for verdict in verdicts for example in verdict.examples]
    return {**told, "examples": examples} if examples else told


def incident_figures(verdict: IncidentVerdict) -> Figures:
    """Incidents by the ledger, and how it differs from the readings."""
    told: Figures = {
        "incidents": verdict.incidents,
        "incidents_lost": verdict.lost,
        "incidents_doubled": verdict.doubled,
    }
    return {**told, "incident_examples": list(verdict.examples)} if verdict.examples else told
