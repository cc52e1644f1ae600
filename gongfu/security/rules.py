"""What every route must answer to whom, written down apart from the routes themselves.

A route of the OpenAPI document without a line here, and a line without a route, fail the matrix.
Add a line: who may (by name of the role, not by permission), which objects stand in the path, a
body that is accepted.
"""

from collections.abc import Mapping
from functools import partial

from gongfu.new_id import new_id
from gongfu.security.credentials import (
    DAY_MS,
    FAR,
    FAR_OPERATOR,
    NEAR_OPERATOR,
    SCOPES,
    Part,
    Shown,
)
from gongfu.security.incident_rules import INCIDENT_RULES
from gongfu.security.rule import (
    ADMINS,
    ANYONE,
    AUDITING,
    COMMANDING,
    DISPOSING,
    DOOR,
    MEASURING,
    UNLOCKING,
    Kind,
    Place,
    Rule,
    asset_of,
)
from gongfu.security.stand import PASSWORD, Stand
from gongfu_broker.clock import real_ms
from gongfu_fleet.domain.commands import Name, overdue
from gongfu_fleet.domain.devices import living
from gongfu_fleet.domain.people import Account, Role
from gongfu_fleet.domain.policies import parse_target
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.commands import Order, new_nonce
from gongfu_fleet.services.people import By
from gongfu_fleet.services.tokens import Wish

CLAIMED = "cab-0002"


def _asset(_stand: Stand, _shown: Shown, place: Place) -> str:
    return asset_of(place)


def _person(stand: Stand, _shown: Shown, place: Place) -> str:
    if place is Place.MISSING:
        return new_id()
    near = place is Place.OWN
    name, scope = ("near-target", SCOPES[Part.NEAR]) if near else ("far-target", FAR)
    return stand.person(name, Role.VIEWER, scope).id


def _owner(stand: Stand, shown: Shown, place: Place) -> Account:
    if place is Place.OWN and shown.account is not None:
        return shown.account
    # New each time: nobody holds more than fifty tokens.
    return stand.person(new_id(), Role.ADMIN)


def _session(stand: Stand, shown: Shown, place: Place) -> str:
    if place is Place.MISSING:
        return new_id()
    return stand.session(_owner(stand, shown, place)).session_id


def _token(stand: Stand, shown: Shown, place: Place) -> str:
    if place is Place.MISSING:
        return new_id()
    by, wish = By("stand", real_ms()), Wish("to revoke", Role.VIEWER, 1)
    return stand.fleet.tokens.add(_owner(stand, shown, place), wish, by=by)[0].id


def _idle_asset(stand: Stand, _shown: Shown, place: Place) -> str:
    """No command of it is under way."""
    now_ms = real_ms() + DAY_MS
    stand.fleet.commands.store.advance(lambda one: overdue(one, now_ms, grace_ms=0), now_ms)
    return asset_of(place)


def _command(stand: Stand, shown: Shown, place: Place) -> str:
    if place is Place.MISSING:
        return new_nonce(real_ms())
    order = Order(_idle_asset(stand, shown, place), Name.VOICE, {"text": "…"})
    by = Actor("stand", real_ms(), real_ms=real_ms())
    return stand.fleet.commands.request(order, by=by).id


def _spare(place: Place, near: str, far: str) -> str:
    return {Place.OWN: near, Place.FOREIGN: far}.get(place, "cab-9999")


def _bare_device(stand: Stand, _shown: Shown, place: Place) -> str:
    """It has no secret yet."""
    device, by = _spare(place, "cab-0003", "cab-0070"), By("stand", real_ms())
    if place is not Place.MISSING and _living(stand, device):
        stand.fleet.devices.revoke(device, by=by)
    return device


def _armed_device(stand: Stand, _shown: Shown, place: Place) -> str:
    """It has a secret; hashing one takes a while, so it keeps it."""
    device = _spare(place, "cab-0004", "cab-0071")
    if place is not Place.MISSING and not _living(stand, device):
        stand.fleet.devices.add(device, by=By("stand", real_ms()))
    return device


def _credential(stand: Stand, shown: Shown, place: Place) -> str:
    if place is Place.MISSING:
        return new_id()
    return _living(stand, _armed_device(stand, shown, place))[0]


def _living(stand: Stand, device: str) -> list[str]:
    known = stand.fleet.devices.store.credentials()
    return [one.id for one in living(known, real_ms()) if one.device == device]


def _code(stand: Stand, _shown: Shown, _place: Place) -> str:
    """Of a device that nothing else asks for; who claims it decides whose it is."""
    by = By("stand", real_ms())
    return stand.fleet.devices.print_code(CLAIMED, days=1, by=by)[1]


def _policy(_stand: Stand, _shown: Shown, place: Place) -> str:
    return f"asset:{asset_of(place)}"


def _policy_version(stand: Stand, shown: Shown, place: Place) -> str:
    standing = None
    if place is not Place.MISSING:
        target = parse_target(_policy(stand, shown, place))
        standing = stand.fleet.policies.show(target, SCOPES[Part.WIDE]).standing
    # So long that the matrix finds it nowhere else in an answer.
    return f"{standing.version if standing else 0:010d}"


POLICY, POLICY_VERSION = Kind(_policy), Kind(_policy_version)
BARE, ARMED = Kind(_bare_device), Kind(_armed_device)
CREDENTIAL, CODE = Kind(_credential), Kind(_code)


COMMANDED, COMMAND = Kind(_idle_asset), Kind(_command)
ASSET, PERSON = Kind(_asset), Kind(_person)
OWN_SESSION, OWN_TOKEN = Kind(_session, personal=True), Kind(_token, personal=True)


def _new_person(place: Place) -> dict[str, object]:
    operator = FAR_OPERATOR if place is Place.FOREIGN else NEAR_OPERATOR
    return {"name": new_id(), "role": "viewer", "scope": [f"operator:{operator}"]}


def _span() -> str:
    now_ms = real_ms()
    return f"metric=zone_1_celsius&start_ms={now_ms - DAY_MS}&end_ms={now_ms}"


def _commands() -> tuple[Rule, ...]:
    wishes: dict[str, dict[str, object]] = {
        "unlock": {"reason": "the lock of the matrix is stuck"},
        "price": {"tray": 1, "fen_per_kg": 500},
        "setpoint": {"zone": 1, "celsius": 4.0},
        "voice": {"text": "…"},
        "sale_lock": {"locked": True},
    }
    return tuple(
        Rule(
            UNLOCKING if name == "unlock" else COMMANDING,
            objects={"asset_id": COMMANDED},
            body=partial(_wish, name, wish),
        )
        for name, wish in wishes.items()
    )


def _wish(name: str, wish: Mapping[str, object], _place: Place) -> dict[str, object]:
    return {"name": name, **wish}


def _claim(place: Place) -> dict[str, object]:
    operator = FAR_OPERATOR if place is Place.FOREIGN else NEAR_OPERATOR
    return {"code": "{code}", "operator": operator}


OWN_ACCOUNT = Rule(ANYONE, tokens=False)
READ = Rule(ANYONE)

RULES: Mapping[tuple[str, str], Rule | tuple[Rule, ...]] = {
    ("GET", "/health"): Rule(None),
    ("GET", "/metrics"): Rule(MEASURING, whole=True, scraper=True),
    ("POST", "/api/session"): Rule(
        None, body=lambda _: {"user": DOOR, "password": PASSWORD}, spends=True
    ),
    ("GET", "/api/session"): OWN_ACCOUNT,
    ("DELETE", "/api/session"): Rule(ANYONE, tokens=False, spends=True),
    ("POST", "/api/session/password"): Rule(
        ANYONE,
        tokens=False,
        body=lambda _: {"old": PASSWORD, "new": f"{PASSWORD}, and another"},
        spends=True,
    ),
    ("GET", "/api/sessions"): OWN_ACCOUNT,
    ("DELETE", "/api/sessions/{session_id}"): Rule(
        ANYONE, tokens=False, objects={"session_id": OWN_SESSION}
    ),
    ("GET", "/api/tokens"): OWN_ACCOUNT,
    ("POST", "/api/tokens"): Rule(
        ANYONE, tokens=False, body=lambda _: {"name": "matrix"}, spends=True
    ),
    ("DELETE", "/api/tokens/{token_id}"): Rule(
        ANYONE, tokens=False, objects={"token_id": OWN_TOKEN}
    ),
    ("GET", "/api/people"): Rule(ADMINS, tokens=False),
    ("POST", "/api/people"): Rule(
        ADMINS,
        tokens=False,
        places=(Place.OWN, Place.FOREIGN),
        body=_new_person,
        foreign=403,
    ),
    ("PATCH", "/api/people/{person_id}"): Rule(
        ADMINS, tokens=False, objects={"person_id": PERSON}, body=lambda _: {"role": "viewer"}
    ),
    ("POST", "/api/people/{person_id}/reset"): Rule(
        ADMINS, tokens=False, objects={"person_id": PERSON}
    ),
    ("GET", "/api/map"): READ,
    ("GET", "/api/geo/villages"): READ,
    ("GET", "/api/geo/counties"): READ,
    ("GET", "/api/assets"): Rule(ANYONE, query=lambda: "limit=500"),
    ("GET", "/api/assets/{asset_id}"): Rule(ANYONE, objects={"asset_id": ASSET}),
    ("GET", "/api/assets/{asset_id}/readings"): Rule(
        ANYONE, objects={"asset_id": ASSET}, query=_span
    ),
    **INCIDENT_RULES,
    ("POST", "/api/assets/{asset_id}/commands"): _commands(),
    ("GET", "/api/assets/{asset_id}/commands"): Rule(
        UNLOCKING, COMMANDING, objects={"asset_id": ASSET}
    ),
    ("GET", "/api/assets/{asset_id}/commands/{command_id}"): Rule(
        UNLOCKING, COMMANDING, objects={"asset_id": ASSET, "command_id": COMMAND}
    ),
    ("GET", "/api/devices"): Rule(ADMINS),
    ("POST", "/api/devices/{asset_id}/secret"): Rule(ADMINS, objects={"asset_id": BARE}),
    ("POST", "/api/devices/{asset_id}/rotation"): Rule(
        ADMINS, objects={"asset_id": ARMED}, body=lambda _: {"overlap_s": 0}
    ),
    ("DELETE", "/api/devices/{asset_id}/credentials"): Rule(ADMINS, objects={"asset_id": ARMED}),
    ("DELETE", "/api/devices/{asset_id}/credentials/{credential_id}"): Rule(
        ADMINS, objects={"asset_id": ARMED, "credential_id": CREDENTIAL}
    ),
    ("POST", "/api/devices/{asset_id}/code"): Rule(
        ADMINS, objects={"asset_id": ARMED}, body=lambda _: {"days": 1}
    ),
    ("POST", "/api/claims"): Rule(
        ADMINS,
        objects={"code": CODE},
        places=(Place.OWN, Place.FOREIGN),
        body=_claim,
        foreign=403,
    ),
    ("GET", "/api/policies"): READ,
    ("GET", "/api/policies/{target}"): Rule(ANYONE, objects={"target": POLICY}),
    ("GET", "/api/policies/{target}/history"): Rule(ANYONE, objects={"target": POLICY}),
    ("POST", "/api/policies/{target}"): Rule(
        DISPOSING,
        objects={"target": POLICY, "expected": POLICY_VERSION},
        body=lambda _: {"fields": {}, "expected": "{expected}", "source": "matrix"},
    ),
    ("POST", "/api/policies/{target}/trial"): Rule(
        DISPOSING, objects={"target": POLICY}, body=lambda _: {"fields": {}}
    ),
    ("POST", "/api/policies/{target}/revert"): Rule(
        DISPOSING,
        objects={"target": POLICY, "expected": POLICY_VERSION},
        body=lambda _: {"to": 0, "expected": "{expected}"},
    ),
    ("GET", "/api/live"): READ,
    ("GET", "/api/oidc"): Rule(None),
    ("GET", "/api/oidc/start"): Rule(None, good=404),
    ("GET", "/api/oidc/callback"): Rule(None, good=404),
    ("GET", "/api/audit"): Rule(AUDITING, whole=True),
    ("GET", "/api/audit/chain"): Rule(AUDITING, whole=True),
}


def rules_of(route: tuple[str, str]) -> tuple[Rule, ...]:
    """What a route must answer; more than one where its body decides who may."""
    found = RULES.get(route, ())
    return found if isinstance(found, tuple) else (found,)
