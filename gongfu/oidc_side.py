"""Single sign-on from settings: the provider over HTTP, and the rules for roles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from gongfu.errors import SettingsError
from gongfu.fleet_side import FleetSide
from gongfu.settings import OidcSettings, Settings, secret_text
from gongfu_fleet.adapters.db.identities import SqlIdentities
from gongfu_fleet.adapters.oidc import Client, OidcProvider, is_safe
from gongfu_fleet.domain.oidc import parse_rules
from gongfu_fleet.errors import InvalidError, ProviderError
from gongfu_fleet.services import oidc
from gongfu_fleet.services.oidc import SingleSignOn

TIMEOUT_S = 5.0
MOST_BYTES = 1_000_000


def single_sign_on(settings: Settings, fleet: FleetSide) -> SingleSignOn | None:
    """The use case, or None when no provider is named. Raises SettingsError."""
    told = settings.oidc
    if not told.issuer:
        return None
    _refuse_half_settings(told)
    client = Client(
        issuer=told.issuer,
        client_id=told.client_id,
        redirect_uri=told.redirect_url,
        secret=secret_text(told.client_secret, told.client_secret_file),
        scopes=told.scopes,
    )
    return SingleSignOn(
        provider=OidcProvider(client, HttpWeb()),
        identities=SqlIdentities(fleet.engine),
        door=fleet.sign_in,
        mapping=_mapping(told),
        label=told.label,
    )


def _refuse_half_settings(told: OidcSettings) -> None:
    for name, value in (("ISSUER", told.issuer), ("REDIRECT_URL", told.redirect_url)):
        if not is_safe(value):
            raise SettingsError(f"GONGFU_OIDC__{name} {value!r} is no https address: write one.")
    if not told.client_id or not told.roles:
        raise SettingsError(
            "GONGFU_OIDC__ISSUER is set, but not GONGFU_OIDC__CLIENT_ID or GONGFU_OIDC__ROLES: "
            "nobody could sign in there. Set both; docs/single-sign-on.md has an example."
        )


def _mapping(told: OidcSettings) -> oidc.Mapping:
    try:
        rules = parse_rules(told.roles)
    except InvalidError as fault:
        raise SettingsError(f"GONGFU_OIDC__ROLES: {fault}") from fault
    return oidc.Mapping(told.roles_claim, told.name_claim, rules)


def _client() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT_S, follow_redirects=False)


@dataclass(frozen=True)
class HttpWeb:
    """Fits the port Web; follows no redirects, reads a megabyte at most."""

    client: httpx.Client = field(default_factory=_client)

    def get(self, url: str) -> Mapping[str, Any]:  # Any: a JSON object
        """A document. Raises ProviderError."""
        status, document = self._ask("GET", url)
        if status != httpx.codes.OK:
            raise _away(url, f"it answered {status}")
        return document

    def post(
        self, url: str, form: Mapping[str, str], account: tuple[str, str] | None
    ) -> tuple[int, Mapping[str, Any]]:  # Any: a JSON object
        """Status and answer. Raises ProviderError."""
        auth = httpx.BasicAuth(*account) if account else None
        return self._ask("POST", url, data=form, auth=auth)

    def _ask(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        auth: httpx.BasicAuth | None = None,
    ) -> tuple[int, Mapping[str, Any]]:
        headers = {"Accept": "application/json"}
        try:
            with self.client.stream(method, url, data=data, auth=auth, headers=headers) as answer:
                body = _limited(answer)
            document = httpx.Response(answer.status_code, content=body).json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
            # Not the fault's own text: it may hold the address with what was sent.
            raise _away(url, type(fault).__name__) from fault
        if not isinstance(document, dict):
            raise _away(url, "it sent no JSON object")
        return answer.status_code, document


def _limited(answer: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ValueError("too long")
    return bytes(body)


def _away(url: str, why: str) -> ProviderError:
    host = httpx.URL(url).host if "://" in url else url
    return ProviderError(f"The sign-in provider at {host} does not answer: {why}.", "Try later.")
