"""Everything one may show at the door: sessions and tokens of every role, good, narrow, bad."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gongfu.secrets_file import metrics_token
from gongfu.security.stand import HERE, Stand
from gongfu_broker.clock import real_ms
from gongfu_fleet.api.permissions import CSRF_HEADER, SESSION_COOKIE
from gongfu_fleet.domain.people import Account, Change, Role
from gongfu_fleet.domain.scope import EVERYTHING, Grant, Scope, ScopeKind, scope_of
from gongfu_fleet.services.people import By, PeopleDesk
from gongfu_fleet.services.sign_in import SignedIn, Visit
from gongfu_fleet.services.tokens import Wish

PEOPLE_ROLES = tuple(role for role in Role if role is not Role.DEVICE)
NEAR_OPERATOR, FAR_OPERATOR = "hangzhou", "quzhou"
NEAR_ASSET, FAR_ASSET = "cab-0001", "cab-0069"
DAY_MS = 86_400_000
LONG_AGO_MS = 400 * DAY_MS


class Part(StrEnum):
    """Which part of the fleet a credential reaches: all of it, the near assets, none."""

    WIDE = "wide"
    NEAR = "near"
    NOTHING = "nothing"


SCOPES: Mapping[Part, Scope] = {
    Part.WIDE: EVERYTHING,
    Part.NEAR: scope_of([Grant(ScopeKind.OPERATOR, NEAR_OPERATOR)]),
    Part.NOTHING: scope_of([]),
}
FAR = scope_of([Grant(ScopeKind.OPERATOR, FAR_OPERATOR)])


@dataclass(frozen=True)
class Shown:
    """What a request carries, and whose it is."""

    headers: Mapping[str, str]
    account: Account | None = None


@dataclass(frozen=True)
class Credential:
    """A way to call. ``roles`` must all be allowed; none of them is nobody.

    ``show`` takes the stand and a suffix of the person's name, so that what a call spends can be
    somebody's own.
    """

    name: str
    roles: frozenset[Role]
    show: Callable[[Stand, str], Shown]
    part: Part = Part.WIDE
    token: bool = False
    csrf: bool = True
    scraper: bool = False


def credentials() -> list[Credential]:
    """Every column of the matrix."""
    return [*_sessions(), *_tokens(), *_odd_tokens(), *_refused(), *_half(), _scraper()]


def _sessions() -> Iterator[Credential]:
    for part in Part:
        for role in PEOPLE_ROLES:
            yield Credential(
                f"{role} {part}", frozenset({role}), _with_session(role, part), part=part
            )


def _with_session(role: Role, part: Part) -> Callable[[Stand, str], Shown]:
    def show(stand: Stand, suffix: str) -> Shown:
        account = stand.person(f"{role}-{part}{suffix}", role, SCOPES[part])
        return by_session(account, stand.session(account))

    return show


def by_session(account: Account, signed_in: SignedIn, csrf: str | None = None) -> Shown:
    """The cookie of a session with its CSRF value, or another one."""
    sent = signed_in.csrf if csrf is None else csrf
    cookie = f"{SESSION_COOKIE}={signed_in.token}"
    return Shown({"Cookie": cookie, CSRF_HEADER: sent}, account)


def _tokens() -> Iterator[Credential]:
    for part in (Part.WIDE, Part.NEAR):
        for role in PEOPLE_ROLES:
            yield Credential(
                f"token {role} {part}",
                frozenset({role}),
                _with_token((role, Part.WIDE), Wish("matrix", role, 1, SCOPES[part])),
                part=part,
                token=True,
            )


def _with_token(
    owner: tuple[Role, Part],
    wish: Wish,
    *,
    afterwards: Callable[[Stand, Account], object] | None = None,
    ago_ms: int = 0,
) -> Callable[[Stand, str], Shown]:
    role, part = owner

    def show(stand: Stand, suffix: str) -> Shown:
        name = f"{role}-{part}-{wish.name}{suffix}"
        account = stand.person(name, role, SCOPES[part])
        if afterwards:
            account = _change(stand, account, Change(role=role, active=True))
        by = By("stand", real_ms() - ago_ms)
        _, secret = stand.fleet.tokens.add(account, wish, by=by)
        if afterwards:
            afterwards(stand, account)
        return Shown({"Authorization": f"Bearer {secret}"}, account)

    return show


def _odd_tokens() -> Iterator[Credential]:
    admin, near_admin = (Role.ADMIN, Part.WIDE), (Role.ADMIN, Part.NEAR)
    far = Wish("matrix", Role.ADMIN, 1, FAR)
    yield Credential(
        "token of an admin, lesser role",
        frozenset({Role.VIEWER}),
        _with_token(admin, Wish("matrix", Role.VIEWER, 1)),
        token=True,
    )
    yield Credential(
        "token of a narrow admin that asks for everything",
        frozenset({Role.ADMIN}),
        _with_token(near_admin, Wish("matrix", Role.ADMIN, 1)),
        part=Part.NEAR,
        token=True,
    )
    yield Credential(
        "token of a narrow admin for what is not theirs",
        frozenset({Role.ADMIN}),
        _with_token(near_admin, far),
        part=Part.NOTHING,
        token=True,
    )
    for role, later in ((Role.ADMIN, Role.VIEWER), (Role.CREW, Role.DISPATCHER)):
        yield Credential(
            f"token {role} of somebody who became {later}",
            frozenset({role, later}),
            _with_token(
                (role, Part.WIDE), Wish(f"before {later}", role, 1), afterwards=_role_change(later)
            ),
            token=True,
        )


def _role_change(role: Role) -> Callable[[Stand, Account], object]:
    return lambda stand, account: _change(stand, account, Change(role=role))


def _change(stand: Stand, account: Account, change: Change) -> Account:
    desk: PeopleDesk = stand.fleet.people
    by = By("stand", real_ms())
    now = desk.get(account.id, by)
    if change.role is not None and now.role is not change.role:
        now = desk.set_role(now, change.role, by=by)
    if change.active is not None and now.active is not change.active:
        now = desk.set_active(now, active=change.active, by=by)
    return now


def _refused() -> Iterator[Credential]:
    nobody: dict[str, Callable[[Stand, str], Shown]] = {
        "nobody": lambda _stand, _suffix: Shown({}),
        "a made-up session": lambda _stand, _suffix: Shown({"Cookie": f"{SESSION_COOKIE}=a.b"}),
        "a made-up token": lambda _stand, _suffix: Shown({"Authorization": "Bearer gongfu_x"}),
        "a device's name and secret": lambda _stand, _suffix: Shown(
            {"Authorization": f"Basic {base64.b64encode(b'cab-0001:x').decode()}"}
        ),
        "a session that was ended": _ended_session,
        "a session of last week": _old_session,
        "a session of somebody shut out": _shut_out,
        "a session and a token": _both,
        "an expired token": _with_token(
            (Role.ADMIN, Part.WIDE), Wish("matrix", Role.ADMIN, 1), ago_ms=LONG_AGO_MS
        ),
        "a revoked token": _revoked_token,
        "a token of somebody shut out": _with_token(
            (Role.ADMIN, Part.WIDE),
            Wish("before the end", Role.ADMIN, 1),
            afterwards=lambda stand, account: _change(stand, account, Change(active=False)),
        ),
    }
    for name, show in nobody.items():
        yield Credential(name, frozenset(), show)


def _ended_session(stand: Stand, suffix: str) -> Shown:
    account = stand.person(f"admin-wide{suffix}", Role.ADMIN)
    signed_in = stand.session(account)
    stand.fleet.sign_in.sign_out(signed_in, now_ms=real_ms())
    return by_session(account, signed_in)


def _old_session(stand: Stand, suffix: str) -> Shown:
    account = stand.person(f"admin-wide{suffix}", Role.ADMIN)
    then_ms = real_ms() - 8 * DAY_MS
    return by_session(account, stand.fleet.sign_in.enter(account, Visit(HERE), now_ms=then_ms))


def _shut_out(stand: Stand, suffix: str) -> Shown:
    account = stand.person(f"admin-shut-out{suffix}", Role.ADMIN)
    signed_in = stand.session(_change(stand, account, Change(active=True)))
    _change(stand, account, Change(active=False))
    return by_session(account, signed_in)


def _both(stand: Stand, suffix: str) -> Shown:
    account = stand.person(f"admin-wide{suffix}", Role.ADMIN)
    session = by_session(account, stand.session(account))
    by, wish = By("stand", real_ms()), Wish("matrix", Role.ADMIN, 1)
    secret = stand.fleet.tokens.add(account, wish, by=by)[1]
    return Shown({**session.headers, "Authorization": f"Bearer {secret}"}, account)


def _revoked_token(stand: Stand, suffix: str) -> Shown:
    account = stand.person(f"admin-wide{suffix}", Role.ADMIN)
    by, wish = By("stand", real_ms()), Wish("matrix", Role.ADMIN, 1)
    token, secret = stand.fleet.tokens.add(account, wish, by=by)
    stand.fleet.tokens.revoke(token.id, account.id, by=by)
    return Shown({"Authorization": f"Bearer {secret}"}, account)


def _half() -> Iterator[Credential]:
    def without(stand: Stand, suffix: str) -> Shown:
        account = stand.person(f"admin-wide{suffix}", Role.ADMIN)
        return by_session(account, stand.session(account), csrf="")

    def of_another(stand: Stand, suffix: str) -> Shown:
        account = stand.person(f"admin-wide{suffix}", Role.ADMIN)
        other = stand.session(stand.person("manager-wide", Role.MANAGER))
        return by_session(account, stand.session(account), csrf=other.csrf)

    admin = frozenset({Role.ADMIN})
    yield Credential("admin without the CSRF value", admin, without, csrf=False)
    yield Credential("admin with another's CSRF value", admin, of_another, csrf=False)


def _scraper() -> Credential:
    def show(stand: Stand, _suffix: str) -> Shown:
        token = metrics_token(stand.folder / "state")
        return Shown({"Authorization": f"Bearer {token}"})

    return Credential("the scraper's token", frozenset(), show, scraper=True)
