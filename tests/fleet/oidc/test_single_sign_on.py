"""Signing in at a provider, against a stub of one over HTTP: who gets in, and all who do not."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from jwt.algorithms import RSAAlgorithm
from sqlalchemy import Engine

from gongfu.oidc_side import HttpWeb
from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.identities import SqlIdentities
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.oidc import Client, OidcProvider
from gongfu_fleet.adapters.passwords import Argon2Passwords
from gongfu_fleet.domain.attempts import LIMITS, Counts
from gongfu_fleet.domain.audit import Deed, Entry
from gongfu_fleet.domain.oidc import FLOW_MS, Flow, parse_rules
from gongfu_fleet.domain.people import Change, Role
from gongfu_fleet.errors import (
    ConflictError,
    ProviderError,
    SignInError,
    TooManyAttemptsError,
)
from gongfu_fleet.services import oidc
from gongfu_fleet.services.oidc import Return, SingleSignOn
from gongfu_fleet.services.people import By, add_account
from gongfu_fleet.services.sign_in import SignedIn, SignIn, Visit
from tests.servers import sign_in_provider as signed
from tests.servers.sign_in_provider import CLIENT, SECRET, Claims, Provider, sign_in_provider

NOW = 1_790_000_000_000
WEB = HttpWeb()
HASHER = Argon2Passwords(memory_kib=64, passes=1)
REDIRECT = "https://gongfu.example/api/oidc/callback"
RULES = "ops-admin=admin; hz=manager@operator:hangzhou; staff=viewer"
Twist = Callable[[Claims], Claims]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with sign_in_provider() as running:
        yield running


@dataclass
class Stand:
    """A door beside the provider; ``come`` is a browser that goes there and back."""

    provider: Provider
    engine: Engine
    sso: SingleSignOn
    visits: int = 0

    def there(self, now_ms: int = NOW) -> tuple[str, Return]:
        secret, address = self.sso.begin(now_ms=now_ms)
        back = WEB.client.get(address).headers["location"]
        assert back.startswith(REDIRECT)
        query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        return secret, Return(query.get("code"), query.get("state"), query.get("iss"))

    def back(self, answer: Return, secret: str, now_ms: int = NOW) -> SignedIn:
        self.visits += 1
        visit = Visit(f"198.51.100.{self.visits % 250}", agent="test")
        return self.sso.finish(answer, secret, visit=visit, now_ms=now_ms)

    def come(self, *roles: str, name: str = "lin", sub: str = "u-1") -> SignedIn:
        self.provider.person = {"sub": sub, "preferred_username": name, "roles": list(roles)}
        secret, answer = self.there()
        return self.back(answer, secret)

    def entries(self) -> list[Entry]:
        return list(reversed(SqlAuditLog(self.engine).page(100)))


@pytest.fixture
def stand(provider: Provider, tmp_path: Path, migrated: Path) -> Iterator[Stand]:
    file = tmp_path / "fleet.db"
    file.write_bytes(migrated.read_bytes())
    engine = open_database(f"sqlite:///{file}")
    provider.__dict__.update({**vars(Provider()), "url": provider.url})
    yield Stand(provider, engine, single_sign_on(engine, provider.url))
    engine.dispose()


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / "fleet.db"
    engine = open_database(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


def single_sign_on(engine: Engine, issuer: str, secret: str | None = SECRET) -> SingleSignOn:
    client = Client(issuer, CLIENT, REDIRECT, secret)
    return SingleSignOn(
        provider=OidcProvider(client, WEB, ask_again_s=0.0),
        identities=SqlIdentities(engine),
        door=SignIn(SqlPeople(engine), HASHER),
        mapping=oidc.Mapping("roles", "preferred_username", parse_rules(RULES)),
    )


def test_who_has_a_role_there_gets_in_with_role_and_scope(stand: Stand) -> None:
    signed_in = stand.come("hz", "something else")
    principal = signed_in.principal
    assert (principal.user, principal.role) == ("lin", Role.MANAGER)
    assert [str(grant) for limit in principal.scope.limits for grant in limit] == [
        "operator:hangzhou"
    ]
    assert stand.sso.door.resume(signed_in.token, now_ms=NOW).principal == principal


@pytest.mark.parametrize("sign", [signed.by_rsa, signed.by_ec])
def test_both_kinds_of_signature_are_taken(stand: Stand, sign: Callable[[Claims], str]) -> None:
    stand.provider.sign = sign
    assert stand.come("staff").principal.role is Role.VIEWER


def test_a_second_sign_in_finds_the_same_account_whatever_its_name_is_now(stand: Stand) -> None:
    first = stand.come("staff", name="lin")
    second = stand.come("staff", name="lin wei")
    assert second.account_id == first.account_id
    assert second.principal.user == "lin"
    assert stand.come("staff", name="lin", sub="u-2").account_id != first.account_id


def test_what_changed_at_the_provider_changes_here(stand: Stand) -> None:
    stand.come("staff")
    assert stand.come("hz").principal.role is Role.MANAGER
    (entry,) = [e for e in stand.entries() if e.action == "user.role"]
    told = json.loads(entry.data)
    assert (entry.actor, entry.object) == ("oidc", "user:lin")
    assert (told["from"], told["to"]) == ("viewer everything", "manager operator:hangzhou")


def test_the_first_rule_that_fits_counts(stand: Stand) -> None:
    assert stand.come("staff", "ops-admin").principal.role is Role.ADMIN


def test_an_account_of_ours_is_never_taken_over_by_its_name(stand: Stand) -> None:
    people = stand.sso.door.people
    add_account(people, HASHER, ("admin", Role.ADMIN, "a long password"), by=By("x", NOW))
    taken = stand.come("staff", name="ＡＤＭＩＮ").principal
    assert taken.user == f"ＡＤＭＩＮ@{urlsplit(stand.provider.url).netloc}"
    assert taken.role is Role.VIEWER
    assert "@" in stand.come("staff", name="gongfu", sub="u-2").principal.user


def test_an_account_from_there_has_no_password(stand: Stand) -> None:
    stand.come("staff")
    with pytest.raises(SignInError):
        stand.sso.door.sign_in("lin", "", visit=Visit("198.51.100.1"), now_ms=NOW)


def test_everything_stands_in_the_audit_log(stand: Stand) -> None:
    stand.come("staff")
    with pytest.raises(SignInError):
        stand.come("nobody here", sub="u-2")
    told = [(e.action, e.actor, e.outcome) for e in stand.entries()]
    assert told == [
        ("user.add", "oidc", "done"),
        ("session.open", "lin", "done"),
        ("session.open", "unknown", "refused"),
    ]
    added, opened, refused = (json.loads(e.data) for e in stand.entries())
    assert (added["subject"], added["role"]) == ("u-1", "viewer")
    assert opened["via"] == added["via"] == stand.provider.url
    assert refused["why"] == "no rule gives a role"
    assert SqlAuditLog(stand.engine).verify().fault is None


def test_who_is_shut_out_here_stays_outside(stand: Stand) -> None:
    account = stand.come("staff").account_id
    people = stand.sso.door.people
    shut = Deed(NOW, "x", "user.deactivate", "user:lin")
    people.change(account, Change(active=False), deed=shut)
    assert_refused(stand, "the account is shut out", "staff")


def assert_refused(stand: Stand, why: str, *roles: str) -> None:
    """It is refused for this reason, and the log says so."""
    with pytest.raises(SignInError, match=why):
        stand.come(*(roles or ("ops-admin",)))
    refused = stand.entries()[-1]
    assert (refused.action, refused.outcome) == ("session.open", "refused")
    assert why.replace("\\", "") in json.loads(refused.data)["why"]


def now_s() -> int:
    return int(time.time())


@pytest.mark.parametrize(
    ("why", "twist"),
    [
        ("the nonce is another one", lambda c: {**c, "nonce": "of another sign-in"}),
        ("the nonce is another one", lambda c: {**c, "nonce": ["x"]}),
        ("MissingRequiredClaim", lambda c: {k: v for k, v in c.items() if k != "nonce"}),
        ("MissingRequiredClaim", lambda c: {k: v for k, v in c.items() if k != "sub"}),
        ("MissingRequiredClaim", lambda c: {k: v for k, v in c.items() if k != "exp"}),
        ("InvalidAudience", lambda c: {**c, "aud": "another client"}),
        ("InvalidAudience", lambda c: {**c, "aud": ["one", "two"]}),
        ("another party", lambda c: {**c, "aud": [CLIENT, "two"]}),
        ("another party", lambda c: {**c, "aud": [CLIENT, "two"], "azp": "two"}),
        ("another party", lambda c: {**c, "azp": "another client"}),
        ("InvalidIssuer", lambda c: {**c, "iss": "https://evil.example"}),
        ("InvalidIssuer", lambda c: {**c, "iss": c["iss"] + "/"}),
        ("ExpiredSignature", lambda c: {**c, "exp": now_s() - 120}),
        ("ImmatureSignature", lambda c: {**c, "iat": now_s() + 600, "exp": now_s() + 900}),
        ("ImmatureSignature", lambda c: {**c, "nbf": now_s() + 600}),
        ("the subject is empty", lambda c: {**c, "sub": ""}),
        ("the subject is empty", lambda c: {**c, "sub": "x" * 256}),
        ("the subject is empty", lambda c: {**c, "sub": "u\x00"}),
        ("InvalidSubject", lambda c: {**c, "sub": 7}),
    ],
)
def test_a_token_with_a_wrong_claim_opens_nothing(stand: Stand, why: str, twist: Twist) -> None:
    stand.provider.twist = twist
    assert_refused(stand, why)


@pytest.mark.parametrize(
    "twist",
    [
        lambda c: {**c, "exp": now_s() - 30},
        lambda c: {**c, "iat": now_s() + 30},
        lambda c: {**c, "aud": [CLIENT]},
        lambda c: {**c, "aud": [CLIENT, "two"], "azp": CLIENT},
    ],
)
def test_clocks_may_differ_by_a_minute_and_audiences_may_be_lists(
    stand: Stand, twist: Twist
) -> None:
    stand.provider.twist = twist
    assert stand.come("staff").principal.user == "lin"


@pytest.mark.parametrize(
    "sign",
    [
        signed.by_nobody,
        signed.by_our_own_key,
        signed.by_the_client_secret,
        signed.by_another_way,
        signed.by_a_foreign_key,
        signed.by_an_unknown_key,
        signed.by_a_short_key,
        signed.by_the_wrong_kind_of_key,
        lambda _: "no token at all",
    ],
)
def test_a_token_that_is_not_signed_as_it_should_be_opens_nothing(
    stand: Stand, sign: Callable[[Claims], str]
) -> None:
    stand.provider.sign = sign
    assert_refused(stand, "the ID token is")
    assert stand.sso.door.people.all() == []


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("the state is another one", {"state": "of another browser"}),
        ("the state is another one", {"state": None}),
        ("another issuer answered", {"issuer": "https://evil.example"}),
        ("the provider refused", {"code": None, "error": "access_denied"}),
        ("the provider refused", {"error": "server_error"}),
        ("the code was refused", {"code": "made up"}),
    ],
)
def test_an_answer_that_was_tampered_with_opens_nothing(
    stand: Stand, why: str, change: dict[str, str | None]
) -> None:
    secret, answer = stand.there()
    with pytest.raises(SignInError, match=why):
        stand.back(replace(answer, **change), secret)
    assert json.loads(stand.entries()[-1].data)["why"].startswith(why)


def test_a_code_opens_one_session_and_no_more(stand: Stand) -> None:
    stand.provider.person["roles"] = ["staff"]
    secret, answer = stand.there()
    stand.back(answer, secret)
    with pytest.raises(SignInError, match="the code was refused"):
        stand.back(answer, secret)


def test_a_stolen_code_is_worth_nothing_in_another_browser(stand: Stand) -> None:
    stand.provider.person["roles"] = ["ops-admin"]
    _, stolen = stand.there()
    secret, own = stand.there()
    with pytest.raises(SignInError, match="the code was refused"):
        stand.back(replace(own, code=stolen.code), secret)
    assert stand.provider.redeemed == []


@pytest.mark.parametrize("later_ms", [FLOW_MS, -1])
def test_a_sign_in_must_end_within_ten_minutes(stand: Stand, later_ms: int) -> None:
    secret, answer = stand.there()
    with pytest.raises(SignInError, match="no sign-in is under way"):
        stand.back(answer, secret, NOW + later_ms)


@pytest.mark.parametrize("cookie", ["", "x", "9" * 5000, f"{NOW}", "²³.x", "\ud800.x"])
def test_an_odd_cookie_opens_nothing(stand: Stand, cookie: str) -> None:
    _, answer = stand.there()
    with pytest.raises(SignInError):
        stand.back(answer, cookie)


def test_new_keys_of_the_provider_are_fetched(stand: Stand) -> None:
    stand.come("staff")
    key = RSAAlgorithm.to_jwk(signed.OTHER_RSA_KEY.public_key(), as_dict=True)
    stand.provider.keys = [{**key, "kid": "new"}]
    stand.provider.sign = signed.by_an_unknown_key
    assert stand.come("staff").principal.user == "lin"


def test_a_secret_goes_into_the_form_where_the_provider_asks_for_it(stand: Stand) -> None:
    stand.provider.configuration = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert stand.come("staff").principal.user == "lin"


def test_without_the_secret_the_provider_refuses_us(stand: Stand) -> None:
    stand.sso = single_sign_on(stand.engine, stand.provider.url, "wrong")
    assert_refused(stand, "the code was refused")


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_a_provider_that_is_not_as_it_should_be_is_not_followed(
    stand: Stand, lie: dict[str, str | None]
) -> None:
    stand.provider.configuration = lie
    with pytest.raises(ProviderError):
        stand.come("staff")


def test_a_provider_that_fails_or_is_away_says_so_and_opens_nothing(stand: Stand) -> None:
    stand.provider.token_status = 503
    with pytest.raises(ProviderError, match="503"):
        stand.come("staff")
    stand.sso = single_sign_on(stand.engine, "http://127.0.0.1:9")
    with pytest.raises(ProviderError, match="does not answer"):
        stand.sso.begin(now_ms=NOW)


def test_guessed_codes_from_one_address_have_to_wait_like_wrong_passwords(stand: Stand) -> None:
    visit, free = Visit("203.0.113.9"), LIMITS[Counts.ADDRESS].free
    secret = f"{NOW}.of the guesser"
    guess = Return("guessed", Flow(secret).state)
    for _ in range(free):
        with pytest.raises(SignInError, match="the code was refused"):
            stand.sso.finish(guess, secret, visit=visit, now_ms=NOW)
    with pytest.raises(TooManyAttemptsError):
        stand.sso.finish(guess, secret, visit=visit, now_ms=NOW)


def test_a_page_that_sends_browsers_here_does_not_make_their_office_wait(stand: Stand) -> None:
    visit = Visit("203.0.113.9")
    for _ in range(LIMITS[Counts.ADDRESS].free + 1):
        with pytest.raises(SignInError):
            stand.sso.finish(Return("x", "y"), "", visit=visit, now_ms=NOW)
    stand.provider.person["roles"] = ["staff"]
    secret, answer = stand.there()
    assert stand.sso.finish(answer, secret, visit=visit, now_ms=NOW).principal.user == "lin"


def test_nobody_is_left_without_an_administrator(stand: Stand) -> None:
    stand.come("ops-admin")
    with pytest.raises(ConflictError, match="Nobody would be left"):
        stand.come("staff")
