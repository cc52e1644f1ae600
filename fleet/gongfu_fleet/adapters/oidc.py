"""A provider of OpenID Connect: discovery, keys, redeeming a code, checking the ID token.

The network is behind a port. What is accepted is narrow: RS256 and ES256 by the issuer's own keys,
for our client, in time; the algorithm that a token names for itself is never followed.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import jwt
from jwt.api_jwk import PyJWK

from gongfu_fleet.domain.oidc import Claims, Flow
from gongfu_fleet.errors import ProviderError, SignInError

ALGORITHMS = ("RS256", "ES256")
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "nonce")
KEEP_S = 3_600.0
# An unknown key is asked for at most so often.
ASK_AGAIN_S = 10.0
LEAST_RSA_BITS = 2_048
LOOPBACK = ("127.0.0.1", "localhost", "::1")
Document = Mapping[str, Any]  # any JSON object


class Web(Protocol):
    """The way to the provider; raises ProviderError when it does not answer in JSON."""

    def get(self, url: str) -> Document:
        """A document."""
        ...

    def post(
        self, url: str, form: Mapping[str, str], account: tuple[str, str] | None
    ) -> tuple[int, Document]:
        """Status and answer to a form; ``account`` goes out as HTTP basic authentication."""
        ...


@dataclass(frozen=True)
class Client:
    """What we are to the provider; without a secret, a public client."""

    issuer: str
    client_id: str
    redirect_uri: str
    secret: str | None = field(default=None, repr=False)
    scopes: str = "openid profile"
    leeway_s: int = 60


@dataclass
class _Kept:
    document: Document
    at_s: float


@dataclass
class OidcProvider:
    """Fits the port Provider; safe to call from several threads."""

    client: Client
    web: Web
    ask_again_s: float = ASK_AGAIN_S
    _found: _Kept | None = None
    _keys: _Kept | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def issuer(self) -> str:
        """Its name."""
        return self.client.issuer

    def authorize_url(self, flow: Flow) -> str:
        """Where to send the browser. Raises ProviderError."""
        query = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scopes,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        address = self._endpoint("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    def claims(self, code: str, flow: Flow) -> Claims:
        """Redeem the code. Raises SignInError, ProviderError."""
        client, form = self.client, {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "client_id": self.client.client_id,
            "code_verifier": flow.verifier,
        }  # fmt: skip
        account = None
        if client.secret is not None:
            if self._takes_basic():
                account = (client.client_id, client.secret)
            else:
                form["client_secret"] = client.secret
        status, answer = self.web.post(self._endpoint("token_endpoint"), form, account)
        token = answer.get("id_token")
        if status in (400, 401, 403):
            raise _refused(f"the code was refused ({str(answer.get('error'))[:40]})")
        if status != 200 or not isinstance(token, str):  # noqa: PLR2004 - the one good answer
            raise _broken(f"its token endpoint answered {status} without an ID token")
        return self._checked(token)

    def _checked(self, token: str) -> Claims:
        client = self.client
        try:
            key = self._key(jwt.get_unverified_header(token))
            claims: Claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=client.client_id,
                issuer=client.issuer,
                leeway=client.leeway_s,
                options={"require": list(REQUIRED)},
            )
        except jwt.PyJWTError as fault:
            raise _refused(f"the ID token is not good ({type(fault).__name__})") from fault
        # A token for several parties says for which of them it was made.
        party, audience = claims.get("azp"), claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or party is not None) and party != client.client_id:
            raise _refused("the ID token was made for another party")
        return claims

    def _key(self, header: Mapping[str, Any]) -> PyJWK:
        """The issuer's key of that name; fetched anew, now and then, when it is not known."""
        name, algorithm = header.get("kid"), header.get("alg")
        if algorithm not in ALGORITHMS:
            raise _refused("the ID token is signed in a way we do not take")
        key = self._known_key(name, algorithm, again=False)
        key = key or self._known_key(name, algorithm, again=True)
        if key is None:
            raise _refused("the ID token is signed with an unknown key")
        return key

    def _known_key(self, name: object, algorithm: str, *, again: bool) -> PyJWK | None:
        listed = self._key_set(again=again).get("keys")
        entries = (
            [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        )
        fitting = [one for one in entries if _fits(one, algorithm)]
        named = [one for one in fitting if one.get("kid") == name]
        chosen = named or (fitting if name is None else [])
        return _public_key(chosen[0], algorithm) if len(chosen) == 1 else None

    def _key_set(self, *, again: bool) -> Document:
        address = self._endpoint("jwks_uri")
        with self._lock:
            age_s = time.monotonic() - self._keys.at_s if self._keys else KEEP_S
            if self._keys is None or age_s >= (self.ask_again_s if again else KEEP_S):
                self._keys = _Kept(self.web.get(address), time.monotonic())
            return self._keys.document

    def _takes_basic(self) -> bool:
        ways = self._configuration().get("token_endpoint_auth_methods_supported")
        return not isinstance(ways, list) or "client_secret_basic" in ways

    def _endpoint(self, name: str) -> str:
        address = self._configuration().get(name)
        if not isinstance(address, str) or not is_safe(address):
            raise _broken(f"its {name} is missing or not https")
        return address

    def _configuration(self) -> Document:
        with self._lock:
            if self._found is None or time.monotonic() - self._found.at_s >= KEEP_S:
                address = self.client.issuer.rstrip("/") + "/.well-known/openid-configuration"
                document = self.web.get(address)
                if document.get("issuer") != self.client.issuer:
                    raise _broken("its configuration names another issuer")
                self._found = _Kept(document, time.monotonic())
            return self._found.document


def is_safe(address: str) -> bool:
    """Whether nobody on the way can read along: https, or this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _fits(entry: Mapping[str, Any], algorithm: str) -> bool:
    kind = "RSA" if algorithm == "RS256" else "EC"
    return (
        entry.get("kty") == kind
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
    )


def _public_key(entry: dict[str, Any], algorithm: str) -> PyJWK | None:
    try:
        key = PyJWK(entry, algorithm)
    except jwt.PyJWTError:
        return None
    too_short = algorithm == "RS256" and key.key.key_size < LEAST_RSA_BITS
    return None if too_short else key


def _refused(why: str) -> SignInError:
    return SignInError(why, "Begin the sign-in once more, or ask an administrator.")


def _broken(why: str) -> ProviderError:
    return ProviderError(f"The sign-in provider is not as it should be: {why}.", "Try later.")
