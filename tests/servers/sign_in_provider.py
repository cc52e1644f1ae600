"""A stub of an OpenID Connect provider on loopback, as strict as a real one where it matters.

It is no product and asks nobody for a password: whoever comes is the person in ``person``. It
conforms to what we rely on: discovery, the authorization code flow with PKCE S256 (RFC 7636), a
code that is good once and for its client, address and verifier only, keys as a JWK set, ``iss`` in
the answer (RFC 9207). ``twist`` and ``sign`` let it lie.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Claims = dict[str, Any]
CLIENT, SECRET = "gongfu", "a secret of the client"
RSA_KEY = rsa.generate_private_key(65_537, 2_048)
OTHER_RSA_KEY = rsa.generate_private_key(65_537, 2_048)
WEAK_RSA_KEY = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - weak on purpose
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def by_rsa(claims: Claims) -> str:
    """As most providers sign."""
    return jwt.encode(claims, RSA_KEY, "RS256", {"kid": "rsa"})


def by_ec(claims: Claims) -> str:
    """As some do."""
    return jwt.encode(claims, EC_KEY, "ES256", {"kid": "ec"})


def by_nobody(claims: Claims) -> str:
    """The algorithm ``none``."""
    return jwt.encode(claims, "", "none", {"kid": "rsa"})


def by_our_own_key(claims: Claims) -> str:
    """The public key of the set taken for a shared secret."""
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = {"alg": "HS256", "typ": "JWT", "kid": "rsa"}
    text = ".".join(_text(json.dumps(part).encode()) for part in (head, claims))
    return f"{text}.{_text(hmac.digest(pem, text.encode(), 'sha256'))}"


def by_the_client_secret(claims: Claims) -> str:
    """What OpenID Connect allows and we do not."""
    return jwt.encode(claims, SECRET * 2, "HS256", {"kid": "rsa"})


def by_another_way(claims: Claims) -> str:
    """The right key, an algorithm that is not on our list."""
    return jwt.encode(claims, RSA_KEY, "RS512", {"kid": "rsa"})


def by_a_foreign_key(claims: Claims) -> str:
    """Somebody else's key under the name of the right one."""
    return jwt.encode(claims, OTHER_RSA_KEY, "RS256", {"kid": "rsa"})


def by_an_unknown_key(claims: Claims) -> str:
    """A key that is not in the set."""
    return jwt.encode(claims, OTHER_RSA_KEY, "RS256", {"kid": "new"})


def by_a_short_key(claims: Claims) -> str:
    """A key of the set that is too short to be worth anything."""
    head = {"alg": "RS256", "typ": "JWT", "kid": "weak"}
    text = ".".join(_text(json.dumps(part).encode()) for part in (head, claims))
    return f"{text}.{_text(WEAK_RSA_KEY.sign(text.encode(), PKCS1v15(), SHA256()))}"


def by_the_wrong_kind_of_key(claims: Claims) -> str:
    """Signed by the elliptic key, in the name of the other."""
    return jwt.encode(claims, EC_KEY, "ES256", {"kid": "rsa"})


def key_set() -> list[dict[str, Any]]:
    """The keys of a provider, a useless one and one that must never be used among them."""
    shared = _text(b"never to be used as a key for signing")
    return [
        {"kty": "oct", "kid": "rsa", "k": shared},
        {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
        {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec"},
        {**RSAAlgorithm.to_jwk(WEAK_RSA_KEY.public_key(), as_dict=True), "kid": "weak"},
    ]


@dataclass
class Provider:
    """What it says of whom; everything may be changed between two sign-ins."""

    url: str = ""
    person: Claims = field(default_factory=lambda: {"sub": "u-1", "preferred_username": "lin"})
    twist: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[[Claims], str] = by_rsa
    keys: list[dict[str, Any]] = field(default_factory=key_set)
    configuration: dict[str, Any] = field(default_factory=dict)
    token_status: int = 200
    redeemed: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def configured(self) -> dict[str, Any]:
        """The discovery document."""
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return told | self.configuration

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes on: back to the client with a code."""
        right = (
            query.get("client_id") == CLIENT
            and query.get("response_type") == "code"
            and query.get("code_challenge_method") == "S256"
            and "openid" in query.get("scope", "").split()
        )
        if not right:
            return query["redirect_uri"] + "?" + urlencode({"error": "invalid_request"})
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.url}
        return query["redirect_uri"] + "?" + urlencode(answer)

    def redeem(self, form: dict[str, str], basic: str) -> tuple[int, Claims]:
        """A code against an ID token."""
        if self.token_status != 200:
            return self.token_status, {"error": "server_error"}
        pair = base64.b64decode(basic).decode() if basic else ":" + form.get("client_secret", "")
        if pair.partition(":")[2] != SECRET:
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        if asked["code_challenge"] != _text(digest):
            return 400, {"error": "invalid_grant"}
        self.redeemed.append(form["code"])
        now_s = int(time.time())
        told = {"iss": self.url, "aud": CLIENT, "iat": now_s, "exp": now_s + 300}
        claims = self.twist({**told, "nonce": asked["nonce"], **self.person})
        return 200, {"id_token": self.sign(claims), "token_type": "Bearer", "access_token": "x"}


@contextmanager
def sign_in_provider() -> Iterator[Provider]:
    """A provider for the length of the block."""
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.send_response(302)
            self.send_header("Location", self.provider.authorize(query))
            self.end_headers()
        elif parts.path == "/keys":
            self._answer(200, {"keys": self.provider.keys})
        else:
            self._answer(200, self.provider.configured())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        self._answer(*self.provider.redeem(form, basic))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, document: Claims) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
