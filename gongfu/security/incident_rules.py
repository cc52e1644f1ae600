"""The lines of the matrix on incidents, the inbox, notices and acknowledge links.

Every step is asked for on an incident whose state allows it, so a good answer has to move the
ledger; a refused one must leave it.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from gongfu.new_id import new_id
from gongfu.security.credentials import DAY_MS, FAR_ASSET, Shown
from gongfu.security.rule import (
    ACTING,
    ANYONE,
    ASSIGNING,
    DISPOSING,
    MEASURING,
    Kind,
    Place,
    Rule,
    asset_of,
)
from gongfu.security.stand import LINK_KEY, Stand
from gongfu_broker.clock import real_ms
from gongfu_fleet.adapters.db.link_uses import SqlLinkUses
from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.adapters.db.outbox_sending import SqlSendingDesk
from gongfu_fleet.domain.alarms.handling import (
    ALL_LOTS,
    Decision,
    Disposed,
    OutOfService,
    Shelved,
    Step,
)
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.alarms.incident import Acknowledged
from gongfu_fleet.domain.alarms.modifiers import SaleLocked
from gongfu_fleet.domain.notify.link import KEY_BYTES, token
from gongfu_fleet.domain.notify.notice import Bundle, Facts, Form, Notice, Transition
from gongfu_fleet.domain.people import Role
from gongfu_fleet.services.notify_ports import Message, Recording

HOUR_MS = 3_600_000
HELPER = "matrix-helper"
LINK_BYTES = 36
Steps = Callable[[], tuple[Step | Acknowledged, ...]]


def events(stand: Stand) -> int:
    """How many events the ledger of the incidents holds."""
    return stand.fleet.ledger.version()


def incident_kind(steps: Steps = tuple, *, over: bool = False, exposed: bool = False) -> Kind:
    """Incidents that have taken these steps."""

    def make(stand: Stand, _shown: Shown, place: Place) -> str:
        if place is Place.MISSING:
            return new_id()
        return stand.incident(asset_of(place), *steps(), over=over, exposed=exposed)

    return Kind(make)


def _assignable(stand: Stand, shown: Shown, place: Place) -> str:
    stand.person(HELPER, Role.CREW)
    return RUNNING.make(stand, shown, place)


RUNNING = incident_kind()
ASSIGNABLE = Kind(_assignable)
SHELVED = incident_kind(lambda: (Shelved(real_ms() + HOUR_MS, "it may wait"),))
IN_REPAIR = incident_kind(lambda: (OutOfService("WO-1", ""),))
EXPOSED = incident_kind(over=True, exposed=True)
DONE = incident_kind(
    lambda: (Acknowledged("seen"), Disposed(ALL_LOTS, Decision.WITHDRAW, "")),
    over=True,
    exposed=True,
)
LOCKED = incident_kind(
    lambda: (SaleLocked(new_id()), Disposed(ALL_LOTS, Decision.WITHDRAW, "")),
    over=True,
    exposed=True,
)


def message(stand: Stand, asset: str, *, made_real_ms: int) -> str:
    """A message that was sent of a new incident; returns its id."""
    incident, found = stand.incident(asset), new_id()
    facts = Facts(asset, asset, "quzhou", 1, "temperature_high", made_real_ms, 11.5, 8.0)
    raised, severity = Transition.RAISED, Severity.HIGH
    notice = Notice(incident, raised, "matrix", severity, facts, made_real_ms)
    outbox = SqlOutbox(stand.fleet.engine)
    outbox.save(Recording(outbox.cursor(), outbox.newest(), [notice]))
    sent = Message(found, "matrix", Bundle(Form.SINGLE, (notice,)), made_real_ms, 0)
    SqlSendingDesk(stand.fleet.engine).begin(sent, made_real_ms, made_real_ms)
    return found


def _link(stand: Stand, _shown: Shown, place: Place) -> str:
    """A good link, one that somebody else signed, one that is made up."""
    if place is Place.MISSING:
        return urlsafe_b64encode(secrets.token_bytes(LINK_BYTES)).decode()
    now_ms = real_ms()
    key = LINK_KEY if place is Place.OWN else b"x" * KEY_BYTES
    return token(key, message(stand, FAR_ASSET, made_real_ms=now_ms), now_ms)


def _old_link(stand: Stand, *, used: bool) -> str:
    made_ms = real_ms() - (0 if used else 2 * DAY_MS)
    found = message(stand, FAR_ASSET, made_real_ms=made_ms)
    if used:
        SqlLinkUses(stand.fleet.engine).use(found, made_ms)
    return token(LINK_KEY, found, made_ms)


LINK = Kind(_link)
USED_LINK = Kind(lambda stand, _shown, _place: _old_link(stand, used=True))
OVERDUE_LINK = Kind(lambda stand, _shown, _place: _old_link(stand, used=False))
FORM = urlencode({"name": "王师傅", "note": "马上到"}).encode()


def _links(*, posting: bool) -> tuple[Rule, ...]:
    """Whoever has a link; looking at a used one shows how things stand, and nothing happens."""

    def rule(kind: Kind, good: int | None, *places: Place) -> Rule:
        body = (lambda _: FORM) if posting else None
        return Rule(
            None,
            bearer=True,
            objects={"token": kind},
            places=places,
            good=good,
            body=body,
            trace=events,
        )

    return (
        rule(LINK, None),
        rule(USED_LINK, 409 if posting else None, Place.OWN),
        rule(OVERDUE_LINK, 409, Place.OWN),
    )


def _step(who: frozenset[Role], kind: Kind, body: object) -> Rule:
    return Rule(who, objects={"incident_id": kind}, body=lambda _: body, trace=events)


def _many(who: frozenset[Role], body: Mapping[str, object]) -> Rule:
    return Rule(
        who,
        objects={"incident_id": RUNNING},
        naming=lambda asked: {**body, "ids": list(asked.values())},
        trace=events,
    )


RELEASE = {"items": [{"lot": ALL_LOTS, "decision": "release"}], "note": "measured at the core"}
SHELVE = {"for_s": 3_600, "reason": "it may wait"}

INCIDENT_RULES: Mapping[tuple[str, str], Rule | tuple[Rule, ...]] = {
    ("GET", "/api/incidents"): Rule(ANYONE, query=lambda: "state=all"),
    ("GET", "/api/inbox"): Rule(ANYONE, query=lambda: "limit=500"),
    ("GET", "/api/alarm-quality"): Rule(ANYONE),
    ("GET", "/api/notices"): Rule(MEASURING, whole=True),
    ("GET", "/api/acknowledge/{token}"): _links(posting=False),
    ("POST", "/api/acknowledge/{token}"): _links(posting=True),
    ("GET", "/api/incidents/{incident_id}"): Rule(
        ANYONE, objects={"incident_id": RUNNING}, trace=events
    ),
    ("GET", "/api/incidents/{incident_id}/assignees"): Rule(
        ASSIGNING, objects={"incident_id": RUNNING}, trace=events
    ),
    ("POST", "/api/incidents/acknowledge"): _many(ACTING, {"note": "seen"}),
    ("POST", "/api/incidents/shelve"): _many(ASSIGNING, SHELVE),
    **{
        ("POST", f"/api/incidents/{{incident_id}}/{name}"): rule
        for name, rule in {
            "acknowledge": _step(ACTING, RUNNING, {"note": "seen"}),
            "comment": _step(ACTING, RUNNING, {"text": "on the way"}),
            "assign": _step(ASSIGNING, ASSIGNABLE, {"to": HELPER}),
            "shelve": _step(ASSIGNING, RUNNING, SHELVE),
            "unshelve": _step(ASSIGNING, SHELVED, {}),
            "out-of-service": _step(ASSIGNING, RUNNING, {"work_order": "WO-1"}),
            "return": _step(ASSIGNING, IN_REPAIR, {}),
            "disposition": _step(DISPOSING, EXPOSED, RELEASE),
            "sale-unlock": _step(DISPOSING, LOCKED, {"note": "repaired and restocked"}),
            "close": _step(ACTING, DONE, {"note": "done"}),
        }.items()
    },
}
