"""Half a provider in the settings is refused when the program starts, with what is missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gongfu.errors import SettingsError
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.oidc_side import single_sign_on
from gongfu.settings import OidcSettings, Settings

WHOLE = {
    "issuer": "https://id.example/realm",
    "client_id": "gongfu",
    "redirect_url": "https://gongfu.example/api/oidc/callback",
    "roles": "staff=viewer",
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetSide]:
    opened = open_fleet(Settings(state=tmp_path_factory.mktemp("state")))
    yield opened
    opened.close()


def settings(**changes: str) -> Settings:
    return Settings(oidc=OidcSettings.model_validate({**WHOLE, **changes}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"issuer": "http://id.example"}, "ISSUER"),
        ({"redirect_url": ""}, "REDIRECT_URL"),
        ({"redirect_url": "http://gongfu.example/api/oidc/callback"}, "REDIRECT_URL"),
        ({"client_id": ""}, "CLIENT_ID"),
        ({"roles": ""}, "ROLES"),
        ({"roles": "staff"}, "VALUE=ROLE"),
    ],
)
def test_what_is_missing_or_open_to_listeners_is_named(
    fleet: FleetSide, changes: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        single_sign_on(settings(**changes), fleet)


def test_the_secret_comes_from_a_file_and_is_not_printed(fleet: FleetSide, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("very secret\n")
    sso = single_sign_on(settings(client_secret_file=str(file)), fleet)
    assert sso is not None
    assert sso.provider.issuer == WHOLE["issuer"]
    assert "very secret" not in repr(sso)


def test_without_an_issuer_there_is_no_provider(fleet: FleetSide) -> None:
    assert single_sign_on(Settings(), fleet) is None
