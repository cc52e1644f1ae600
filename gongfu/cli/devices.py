"""``gongfu devices``: what devices sign in with, for whoever can read the state folder."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import emit, fail, say
from gongfu.errors import GongfuError
from gongfu.secrets_file import write_private
from gongfu.settings import Settings
from gongfu_broker.clock import real_ms
from gongfu_broker.errors import BrokerError
from gongfu_fleet.errors import FleetError
from gongfu_fleet.services.people import COMMAND_LINE, By

if TYPE_CHECKING:
    from gongfu.fleet_side import FleetSide
    from gongfu_fleet.services.devices import DeviceView, Issued

app = typer.Typer(help="What devices sign in with.", no_args_is_help=True)
Device = Annotated[str, typer.Argument(help="The device's id, such as cab-0081.")]
HOUR_S = 3600
DAY_S = 24 * HOUR_S


@app.command("list")
def show(state: State = None, as_json: Json = False) -> None:
    """Print every device with its living credentials, by id."""
    with _fleet(state) as (fleet, _, by):
        found = fleet.devices.all(by)
    if as_json:
        emit({"devices": [_view(view) for view in found]})
        return
    for view in found:
        ways = ", ".join(_way(one) for one in _view(view)["credentials"]) or "no way in"
        say(f"{view.asset.id:12} {view.asset.site:10} {view.asset.operator:12} {ways}")


@app.command("add")
def add(device: Device, state: State = None, as_json: Json = False) -> None:
    """Give a registered device its secret; it is printed this once."""
    with _fleet(state) as (fleet, _, by):
        issued = fleet.devices.add(device, by=by)
    _tell([issued], as_json=as_json)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV: device, secret (or empty).")
    ],
    out: Annotated[Path, typer.Option(help="Where the secrets are written, for you alone.")],
    state: State = None,
    as_json: Json = False,
) -> None:
    """Give many registered devices their secrets, all or none: their own, or generated ones."""
    wanted = _rows(file)
    if out.exists():
        fail(f"{out} is there already: name another file")
    if not out.parent.is_dir():
        fail(f"{out.parent} is no folder: make it first, for secrets are told only once")
    with _fleet(state) as (fleet, _, by):
        issued = fleet.devices.add_all(wanted, by=by)
    lines = [f"{one.credential.device},{one.credential.login},{one.secret}" for one in issued]
    write_private(out, "\n".join(["device,login,secret", *lines, ""]).encode())
    if as_json:
        emit({"devices": len(issued), "secrets": str(out)})
    else:
        say(f"{len(issued)} devices have a secret; they stand in {out} and nowhere else")


@app.command("simulate")
def simulate(state: State = None, as_json: Json = False) -> None:
    """Give every reporting device that never had one a secret, kept for 'gongfu simulate'."""
    from gongfu.device_accounts import equip_all

    with _told_faults():
        secrets = equip_all(settings_of(state))
    if as_json:
        emit({"devices": len(secrets)})
    else:
        say(f"{len(secrets)} devices can be simulated")


@app.command("rotate")
def rotate(
    device: Device,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=720, help="How long the old secret is good yet.")
    ] = 24,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Print a new secret; the old one is good for a while more."""
    with _fleet(state) as (fleet, _, by):
        issued = fleet.devices.rotate(device, overlap_s=round(overlap_hours * HOUR_S), by=by)
    _tell([issued], as_json=as_json)


@app.command("certificate")
def certificate(
    device: Device,
    csr: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The device's own request, PEM."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=1825)] = 365,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Print a certificate for a device, and its key this once unless the device has its own."""
    from gongfu.ca import key_pem, new_key, requested_key, required_authority

    with _fleet(state) as (fleet, settings, by):
        authority = required_authority(settings.state)
        key = None if csr else new_key()
        public = key.public_key() if key else requested_key(csr.read_bytes() if csr else b"")
        signed = authority.issue(device, public, days=days, now_ms=by.at_ms)
        credential = fleet.devices.certify(device, signed.facts, by=by)
    private = key_pem(key) if key else ""
    if as_json:
        told = {"device": device, "login": credential.login, "certificate": signed.pem}
        emit(told | signed.facts._asdict() | ({"key": private} if private else {}))
    else:
        say((signed.pem + private).strip())


@app.command("revoke")
def revoke(
    device: Device,
    credential: Annotated[str, typer.Option(help="Only this one, by its id.")] = "",
    state: State = None,
    as_json: Json = False,
) -> None:
    """End a device's credentials; a running broker puts it out within seconds."""
    with _fleet(state) as (fleet, _, by):
        ended = fleet.devices.revoke(device, by=by, credential_id=credential or None)
    if as_json:
        emit({"device": device, "revoked": ended})
    else:
        say(f"{device}: {ended} revoked")


@app.command("code")
def code(
    device: Device,
    days: Annotated[int, typer.Option(min=1, max=366)] = 90,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Print a one-time code for the device's sticker: who types it in takes the device over."""
    with _fleet(state) as (fleet, _, by):
        claim, told = fleet.devices.print_code(device, days=days, by=by)
    if as_json:
        emit({"device": device, "code": told, "expires_ms": claim.expires_ms})
    else:
        say(told)


@app.command("claim")
def claim(
    code: Annotated[str, typer.Argument(help="The code on the device.")],
    operator: Annotated[str, typer.Option(help="Who runs it from now on.")],
    site: Annotated[str, typer.Option(help="Where it stands now; default: as before.")] = "",
    state: State = None,
    as_json: Json = False,
) -> None:
    """Take a device over by its code; its new secret is printed this once."""
    from gongfu_fleet.services.devices import Wanted

    with _fleet(state) as (fleet, _, by):
        issued = fleet.devices.claim(Wanted(code, operator, site or None), by=by)
    _tell([issued], as_json=as_json)


@contextmanager
def _fleet(state: State) -> "Iterator[tuple[FleetSide, Settings, By]]":
    from gongfu.fleet_side import open_fleet

    settings = settings_of(state)
    with _told_faults():
        fleet = open_fleet(settings)
        try:
            yield fleet, settings, By(COMMAND_LINE, real_ms())
        finally:
            fleet.close()


@contextmanager
def _told_faults() -> Iterator[None]:
    try:
        yield
    except (FleetError, BrokerError, GongfuError, OSError) as error:
        fail(str(error))


def _rows(file: Path) -> dict[str, str]:
    reader = csv.DictReader(io.StringIO(_text(file), newline=""), skipinitialspace=True)
    found: dict[str, str] = {}
    try:
        if "device" not in (reader.fieldnames or ()):
            fail(f"{file} has no column 'device': its first line must be device,secret")
        for row in reader:
            device = (row["device"] or "").strip()
            if not device or device in found:
                fail(f"{file}, line {reader.line_num}: no device, or one that came before")
            found[device] = (row.get("secret") or "").strip()
    except csv.Error as error:
        fail(f"{file}, line {reader.line_num}: {error}: save it as CSV")
    return found or fail(f"{file} names no device: write one in each line below device,secret")


def _text(file: Path) -> str:
    """UTF-8, or what Excel writes in Chinese: ids and secrets are the same in both."""
    told = file.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return told.decode(encoding)
    return fail(f"{file} is neither UTF-8 nor GB18030: save it as one of them")


def _tell(issued: "list[Issued]", *, as_json: bool) -> None:
    for credential, secret in issued:
        if as_json:
            emit({"device": credential.device, "login": credential.login, "secret": secret})
        else:
            say(f"user name {credential.login}\npassword  {secret}")


def _view(view: "DeviceView") -> dict[str, Any]:  # Any: JSON
    return {
        "id": view.asset.id,
        "site": view.asset.site,
        "operator": view.asset.operator,
        "reports": view.asset.reports,
        "credentials": [
            {
                "id": one.id,
                "kind": one.kind.value,
                "login": one.login,
                "serial": one.serial,
                "created_ms": one.created_ms,
                "expires_ms": one.expires_ms,
            }
            for one in view.credentials
        ],
        "code_expires_ms": view.claim.expires_ms if view.claim else None,
    }


def _way(one: dict[str, Any]) -> str:  # Any: JSON
    until = f" until {_day(one['expires_ms'])}" if one["expires_ms"] else ""
    return f"{one['kind']} {one['login']}{until} ({one['id']})"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
