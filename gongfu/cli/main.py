"""The command line: one function per command, options by name, ``--help`` everywhere."""

import sqlite3
from pathlib import Path
from typing import Annotated

import typer

from gongfu.cli import audit, ca, devices, duty, notify, policies, rules, tokens, users
from gongfu.cli.options import Json, State, complete, settings_of
from gongfu.cli.output import NOT_WELL, emit, fail, say
from gongfu.cli.store import store_app
from gongfu.errors import GongfuError
from gongfu.replay.series import Unit
from gongfu_broker.errors import BrokerError
from gongfu_fleet.errors import FleetError
from gongfu_ingest.errors import IngestError

app = typer.Typer(
    help="供富 Gongfu: cold-chain trucks and smart cabinets, from the reading to the manager.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(audit.app, name="audit")
app.add_typer(duty.app, name="duty")
app.add_typer(notify.app, name="notify")
app.add_typer(policies.app, name="policies")
app.add_typer(rules.app, name="rules")
app.add_typer(ca.app, name="ca")
app.add_typer(devices.app, name="devices")
app.add_typer(tokens.app, name="tokens")
app.add_typer(users.app, name="users")
app.add_typer(store_app, name="store")


@app.command()
def run(state: State = None, quiet: bool = False) -> None:
    """Run the whole platform on this machine, with the simulated county."""
    from gongfu.run import run as run_house

    complete(run_house(settings_of(state), quiet=quiet))


@app.command()
def worker(state: State = None) -> None:
    """Run ingest and its consumers without HTTP (and the embedded broker, unless one is set)."""
    from gongfu.working import run_worker

    complete(run_worker(settings_of(state)))


@app.command()
def api(state: State = None) -> None:
    """Serve pages and HTTP API beside a worker on the same host."""
    from gongfu.run import run_api

    complete(run_api(settings_of(state)))


@app.command()
def health(state: State = None, as_json: Json = False) -> None:
    """Say whether the worker of a state folder lives and is well; exit code 1 if not."""
    from gongfu.heartbeat import FILE_NAME, WorkerWatch

    watch = WorkerWatch(settings_of(state).state / FILE_NAME)
    connected, troubles = watch.connected(), watch.troubles()
    if as_json:
        emit({"connected": connected, "troubles": troubles})
    else:
        say("; ".join(troubles) or ("well" if connected else "not connected to the broker yet"))
    if not connected:
        raise typer.Exit(NOT_WELL)


@app.command()
def simulate(state: State = None, until_stdin_closes: bool = False) -> None:
    """Run the simulated devices of a state folder against its broker."""
    from gongfu.simulate import simulate_county

    complete(simulate_county(settings_of(state), until_stdin_closes=until_stdin_closes))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    device: Annotated[str, typer.Option(help="Registered device to play as.")],
    metric: Annotated[str, typer.Option(help="Column of the bus to fill.")] = "zone_1_celsius",
    unit: Annotated[Unit, typer.Option(help="Unit of the recorded values.")] = Unit.CELSIUS,
    speed: Annotated[str, typer.Option(help="max, or a factor of recorded time.")] = "max",
    time_column: Annotated[str, typer.Option(help="Default: the first column.")] = "",
    value_column: Annotated[str, typer.Option(help="Default: the second column.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone of times without one.")] = "UTC",
    keep_times: Annotated[bool, typer.Option(help="Do not shift times to end now.")] = False,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Play a recorded series through the broker and show the incidents it gives."""
    from gongfu.cli.replay import Request, replay_file
    from gongfu.replay.series import Mapping

    mapping = Mapping(time_column, value_column, unit, zone)
    request = Request(file, device, metric, mapping, speed=speed, keep_times=keep_times)
    complete(replay_file(settings_of(state), request, as_json=as_json))


@app.command("dead-letters")
def dead_letters(
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    state: State = None,
    as_json: Json = False,
) -> None:
    """List what was refused, newest first, with reason and payload."""
    from gongfu.cli.dead_letters import show_dead_letters

    try:
        show_dead_letters(settings_of(state), reason, limit, as_json=as_json)
    except (IngestError, sqlite3.Error) as error:
        fail(str(error))


@app.command()
def consumers(
    drop: Annotated[str, typer.Option(help="Forget this one; the log waits for it no more.")] = "",
    state: State = None,
    as_json: Json = False,
) -> None:
    """Show who reads the log and how far behind, or drop one that will never come back."""
    from gongfu.cli.consumers import drop_consumer, show_consumers

    settings = settings_of(state)
    try:
        if drop:
            drop_consumer(settings, drop)
        else:
            show_consumers(settings, as_json=as_json)
    except (GongfuError, IngestError) as error:
        fail(str(error))


@app.command("import")
def import_(
    assets: Annotated[Path | None, typer.Option(exists=True, help="CSV")] = None,
    zones: Annotated[Path | None, typer.Option(exists=True, help="CSV")] = None,
    counties: Annotated[Path | None, typer.Option(exists=True, help="GeoJSON")] = None,
    towns: Annotated[Path | None, typer.Option(exists=True, help="GeoJSON")] = None,
    villages: Annotated[Path | None, typer.Option(exists=True, help="GeoJSON")] = None,
    timetable: Annotated[Path | None, typer.Option(exists=True, help="CSV")] = None,
    encoding: Annotated[str, typer.Option(help="utf-8 or gb18030, of all files.")] = "utf-8",
    dry_run: Annotated[bool, typer.Option(help="Check everything, write nothing.")] = False,
    partial: Annotated[bool, typer.Option(help="Write the right lines despite faults.")] = False,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Bring places, assets, zones and timetables into the registry; faults are told by line."""
    from gongfu.cli.import_files import import_files

    paths = {
        "counties": counties, "towns": towns, "villages": villages,
        "assets": assets, "zones": zones, "timetable": timetable,
    }  # fmt: skip
    chosen = {name: path for name, path in paths.items() if path}
    how = {"dry_run": dry_run, "partial": partial}
    try:
        import_files(settings_of(state), chosen, encoding=encoding, how=how, as_json=as_json)
    except FleetError as error:
        fail(str(error))


@app.command("broker-files")
def broker_files(
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder to write into.")],
    at: Annotated[Path | None, typer.Option(help="That folder as mosquitto sees it.")] = None,
    data: Annotated[Path | None, typer.Option(help="Where mosquitto keeps its queue.")] = None,
    host: Annotated[str, typer.Option(help="Address of the plain listener.")] = "127.0.0.1",
    certificate: Annotated[Path | None, typer.Option(help="PEM; opens the TLS listener.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM, of the certificate.")] = None,
    tls_port: Annotated[int, typer.Option(min=1, max=65_535)] = 8883,
    certificates_port: Annotated[
        int, typer.Option(min=1, max=65_535, help="For devices' certificates, after 'ca init'.")
    ] = 8884,
    pid_file: Annotated[Path | None, typer.Option(help="Where mosquitto notes its id.")] = None,
    reload: Annotated[bool, typer.Option(help="Let a running mosquitto read the files.")] = False,
    watch: Annotated[bool, typer.Option(help="Stay, and do it again at every change.")] = False,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Write mosquitto's configuration, passwords and access list from the registry."""
    from gongfu.cli.broker_files import Request, write_broker_files
    from gongfu_broker.mosquitto_config import MosquittoSettings, TlsFiles

    if (certificate is None) != (key is None):
        fail("--certificate and --key belong together: name both, or neither")
    settings, files = settings_of(state), at or out.resolve()
    mosquitto = MosquittoSettings(
        files,
        data or files / "data",
        host=host,
        port=settings.broker.port,
        tls=TlsFiles(certificate, key) if certificate and key else None,
        tls_port=tls_port,
        certificates_port=certificates_port,
        pid_file=pid_file,
    )
    try:
        request = Request(out, mosquitto, reload=reload, watch=watch)
        write_broker_files(settings, request, as_json=as_json)
    except (FleetError, BrokerError, GongfuError, OSError) as error:
        fail(str(error))


@app.command()
def backup(
    out: Annotated[Path, typer.Option(dir_okay=False, help="The tar to write.")],
    state: State = None,
    as_json: Json = False,
) -> None:
    """Copy databases, secrets and registry into one file, while everything runs."""
    from gongfu.cli.backup import back_up

    back_up(settings_of(state), out, as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    state: State = None,
    force: Annotated[bool, typer.Option(help="Move what is there aside.")] = False,
    check: Annotated[bool, typer.Option(help="Examine the file only, write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Put a backup into an empty state folder, and an empty database where a URL names one."""
    from gongfu.cli.backup import examine, put_back

    if check:
        examine(file, as_json=as_json)
    else:
        put_back(settings_of(state), file, force=force, as_json=as_json)


@app.command()
def password(user: Annotated[str, typer.Argument()] = "admin", state: State = None) -> None:
    """Give an account a new generated password, for whoever can read the state folder."""
    from gongfu.fleet_side import new_password

    try:
        say(new_password(settings_of(state), user))
    except FleetError as error:
        fail(str(error))


@app.command()
def contract(
    write: Annotated[bool, typer.Option(help="Write the files anew.")] = False,
    as_json: Json = False,
) -> None:
    """Check (or write) the generated documents of the bus; --json prints the AsyncAPI one."""
    from gongfu.cli.contract import contract as check_contract

    check_contract(write=write, as_json=as_json)


@app.command()
def doctor(state: State = None, as_json: Json = False) -> None:
    """Look for what may be wrong with this machine or installation; exit code 1 if anything is."""
    from gongfu.doctor import examine

    findings = examine(settings_of(state))
    if as_json:
        emit({"ok": all(f.ok for f in findings), "findings": [f.__dict__ for f in findings]})
    for finding in [] if as_json else findings:
        mark = "ok  " if finding.ok else "FAIL"
        remedy = f" → {finding.remedy}" if finding.remedy else ""
        say(f"{mark} {finding.name:12} {finding.seen}{remedy}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(NOT_WELL)


@app.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(help="alarms faults ingest mqtt security spine store watch"),
    ],
    quick: Annotated[bool, typer.Option(help="At most three minutes.")] = False,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    series: Annotated[Path | None, typer.Option(exists=True, help="alarms: a CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Measure; the last line is one JSON object with --json."""
    from gongfu.bench import run_bench

    run_bench(name, quick=quick, seed=seed, as_json=as_json, series=series)
