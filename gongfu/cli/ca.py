"""``gongfu ca``: the authority that signs devices' certificates."""

from typing import TYPE_CHECKING

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import emit, fail, say
from gongfu.errors import GongfuError
from gongfu.settings import Settings
from gongfu_broker.clock import real_ms
from gongfu_fleet.errors import FleetError
from gongfu_fleet.services.people import COMMAND_LINE

if TYPE_CHECKING:
    from gongfu.ca import Authority

app = typer.Typer(help="The authority that signs devices' certificates.", no_args_is_help=True)


@app.command("init")
def init(state: State = None, as_json: Json = False) -> None:
    """Make it, once; its key stays in the state folder, readable by its owner only."""
    settings = settings_of(state)
    try:
        made = _make(settings)
    except (GongfuError, FleetError, OSError) as error:
        fail(str(error))
    _tell(settings, made, as_json=as_json)


@app.command("show")
def show(state: State = None, as_json: Json = False) -> None:
    """Print its certificate."""
    from gongfu.ca import required_authority

    settings = settings_of(state)
    try:
        found = required_authority(settings.state)
    except (GongfuError, OSError) as error:
        fail(str(error))
    _tell(settings, found, as_json=as_json)


def _make(settings: Settings) -> "Authority":
    from gongfu.ca import make_authority
    from gongfu.fleet_side import open_fleet
    from gongfu_fleet.domain.audit import Deed, Outcome

    fleet = open_fleet(settings)
    try:
        now_ms = real_ms()
        made = make_authority(settings.state, now_ms)
        told = {"fingerprint": made.fingerprint}
        fleet.devices.store.note(
            Deed(now_ms, COMMAND_LINE, "ca.init", "ca:devices", Outcome.DONE, told)
        )
        return made
    finally:
        fleet.close()


def _tell(settings: Settings, authority: "Authority", *, as_json: bool) -> None:
    from gongfu.ca import CERTIFICATE, KEY

    if as_json:
        emit(
            {
                "certificate": authority.pem,
                "fingerprint_sha256": authority.fingerprint,
                "expires_ms": int(authority.ends.timestamp()) * 1000,
            }
        )
        return
    say(f"certificate {settings.state / CERTIFICATE}, key {settings.state / KEY}")
    say(f"SHA-256 {authority.fingerprint}, until {authority.ends.date()}")
    say(authority.pem.strip())
