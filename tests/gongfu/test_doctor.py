"""The doctor finds what is wrong and names the remedy."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gongfu.cli.main import app
from gongfu.doctor import Finding, examine
from gongfu.settings import ApiSettings, BrokerSettings, Settings
from gongfu_broker.listening import free_port
from gongfu_ingest.database import Database


def settings(state: Path) -> Settings:
    return Settings(
        state=state,
        broker=BrokerSettings(port=free_port()),
        api=ApiSettings(port=free_port()),
    )


def finding(found: list[Finding], name: str) -> Finding:
    return next(item for item in found if item.name == name)


def test_a_fresh_machine_is_well(tmp_path: Path) -> None:
    assert [item.name for item in examine(settings(tmp_path)) if not item.ok] == []


def test_a_taken_broker_port_is_told_with_the_setting_that_changes_it(tmp_path: Path) -> None:
    mine = settings(tmp_path)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", mine.broker.port))
        holder.listen()
        broker = finding(examine(mine), "broker")
    assert not broker.ok
    assert "GONGFU_BROKER__PORT" in broker.seen


def test_an_unreachable_broker_is_told(tmp_path: Path) -> None:
    mine = Settings(state=tmp_path, broker=BrokerSettings(host="127.0.0.1", port=free_port()))
    assert not finding(examine(mine), "broker").ok


def test_a_damaged_store_is_told_with_its_remedy(tmp_path: Path) -> None:
    mine = settings(tmp_path)
    Database(mine.telemetry_path).close()
    body = bytearray(mine.telemetry_path.read_bytes())
    body[100:2_000] = b"\xff" * 1_900
    mine.telemetry_path.write_bytes(bytes(body))
    assert not finding(examine(mine), "store").ok


def test_an_unknown_name_in_the_environment_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGFU_BROKR__PORT", "1")
    names = finding(examine(settings(tmp_path)), "environment")
    assert not names.ok
    assert "GONGFU_BROKR__PORT" in names.seen


def test_a_setting_that_makes_no_sense_ends_a_command_with_code_2(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GONGFU_BROKER__PORT", "many")
    done = CliRunner().invoke(app, ["dead-letters"])
    assert done.exit_code == 2
    assert "port" in done.output


def test_every_command_explains_itself() -> None:
    listed = CliRunner().invoke(app, ["--help"])
    assert listed.exit_code == 0
    names = [
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    ]
    for name in names:
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0, name
