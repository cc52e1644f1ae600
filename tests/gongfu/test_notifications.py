"""Notifications as the settings wire them: channels, their secrets, the demonstration, duty."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from gongfu.cli.main import app
from gongfu.errors import SettingsError
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.notify_side import DEMO_FILE, KEY_FILE, NOBODY, acknowledge_links, notifications
from gongfu.settings import ChannelSettings, DemoSettings, NotifySettings, Settings
from gongfu_broker.clock import RealClock
from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.alarms.incident import Workflow
from gongfu_fleet.domain.alarms.reconcile import Draft
from tests.fleet.notify.examples import incident_id, raised

RUNNER = CliRunner()
QUIET = DemoSettings(simulate=False)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetSide]:
    side = open_fleet(Settings(state=tmp_path_factory.mktemp("house")))
    yield side
    side.close()


def settings(state: Path, *channels: ChannelSettings, demo: DemoSettings = QUIET) -> Settings:
    notify = NotifySettings(channels=list(channels), public_url="https://gongfu.example/")
    return Settings(state=state, notify=notify, demo=demo)


def test_a_house_without_channels_says_that_nobody_is_told(
    fleet: FleetSide, tmp_path: Path
) -> None:
    telling = notifications(settings(tmp_path), clock=RealClock(), fleet=fleet)
    assert telling.troubles() == [NOBODY]


def test_the_demonstration_tells_a_file_and_its_link_acknowledges(
    fleet: FleetSide, tmp_path: Path
) -> None:
    ours, clock = settings(tmp_path, demo=DemoSettings()), RealClock()
    ledger = SqlIncidentStore(fleet.engine)
    telling = notifications(ours, clock=clock, fleet=fleet)
    recorder, (sender,) = telling.loops[0], telling.senders
    recorder._consumer.turn()  # noqa: SLF001 - the loop itself needs a thread and a second
    body = raised("cab-0001", Severity.CRITICAL)
    ledger.append([Draft(incident_id(1), body)], at_ms=clock.now_ms())
    recorder._consumer.turn()  # noqa: SLF001 - as above
    assert sender.turn() == 1
    file = tmp_path / DEMO_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (line,) = file.read_text().splitlines()
    told = json.loads(line)
    assert told["notices"][0]["asset"] == "cab-0001"
    base, _, token = told["link"].rpartition("/")
    assert base == "https://gongfu.example/api/acknowledge"
    links = acknowledge_links(ours, clock=clock, fleet=fleet)
    links.acknowledge(token, "wang", "")
    assert ledger.find(incident_id(1)).workflow is Workflow.ACKED


def test_the_key_of_links_is_made_once_and_is_private(fleet: FleetSide, tmp_path: Path) -> None:
    for _ in range(2):
        notifications(settings(tmp_path), clock=RealClock(), fleet=fleet)
    key = tmp_path / KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    notifications(settings(tmp_path), clock=RealClock(), fleet=fleet)
    assert key.read_bytes() == before


def test_secrets_come_from_files_and_show_nowhere(fleet: FleetSide, tmp_path: Path) -> None:
    for name in ("url", "secret"):
        (tmp_path / name).write_text(f"https://bots.example/send?key=THE-{name}\n")
    files = {"url_file": tmp_path / "url", "secret_file": tmp_path / "secret"}
    chosen = [
        ChannelSettings(name=kind, kind=kind, **files)  # type: ignore[arg-type] # as TOML gives it
        for kind in ("wecom", "dingtalk", "feishu", "webhook")
    ]
    mail = ChannelSettings(
        name="mail", kind="smtp", host="mail.example", sender="a@x.example", to=["b@x.example"]
    )
    ours = settings(tmp_path, *chosen, mail)
    telling = notifications(ours, clock=RealClock(), fleet=fleet)
    assert [one.channel.name for one in telling.senders] == [
        "wecom", "dingtalk", "feishu", "webhook", "mail",
    ]  # fmt: skip
    assert "THE-" not in f"{telling!r} {ours!r}"


@pytest.mark.parametrize(
    ("channel", "fault"),
    [
        ({"kind": "wecom"}, "has no address"),
        ({"kind": "wecom", "url_file": Path("gone")}, "cannot be read"),
        ({"kind": "webhook", "url": "https://x.example/"}, "has no secret"),
        ({"kind": "smtp", "host": "mail.example"}, "needs host, sender and to"),
    ],
)
def test_a_channel_that_cannot_work_is_told_at_start(
    fleet: FleetSide, tmp_path: Path, channel: dict[str, object], fault: str
) -> None:
    wrong = ChannelSettings(name="bot", **channel)  # type: ignore[arg-type] # as TOML gives it
    with pytest.raises(SettingsError, match=fault):
        notifications(settings(tmp_path, wrong), clock=RealClock(), fleet=fleet)


def test_two_channels_of_one_name_are_refused(fleet: FleetSide, tmp_path: Path) -> None:
    twin = ChannelSettings(name="bot", kind="file")
    with pytest.raises(SettingsError, match="two notification channels"):
        notifications(settings(tmp_path, twin, twin), clock=RealClock(), fleet=fleet)


def test_a_typing_error_in_a_channel_does_not_pass() -> None:
    with pytest.raises(ValidationError, match="urlfile"):
        NotifySettings.model_validate({"channels": [{"name": "a", "kind": "wecom", "urlfile": 1}]})


def duty(state: Path, *words: str) -> tuple[int, str]:
    done = RUNNER.invoke(app, ["duty", *words, "--state", str(state)])
    return done.exit_code, done.output


def test_the_roster_is_kept_by_the_command_line_and_every_change_is_a_deed(
    fleet: FleetSide,
) -> None:
    state = Path(str(fleet.engine.url.database)).parent
    words = ["wang", "manager", "--days", "1-5", "--hours", "08:00-17:30", "--json"]
    code, output = duty(state, "add", *words, "--scope", "county:330803")
    (added,) = json.loads(output)["shifts"]
    assert (code, added["hours"], added["scope"]) == (0, "1,2,3,4,5 08:00-17:30", ["county:330803"])
    table = state / "duty.csv"
    table.write_text("person,role,days,hours\nli,dispatcher,1-7,00:00-24:00\n", encoding="utf-8")
    assert duty(state, "import", str(table))[0] == 0
    now = json.loads(duty(state, "now", "--json")[1])["shifts"]
    assert "li" in [one["person"] for one in now]
    assert duty(state, "remove", added["id"])[0] == 0
    assert duty(state, "remove", added["id"])[0] == 2
    listed = duty(state, "list")[1]
    assert "li" in listed
    assert "wang" not in listed
    actions = [entry.action for entry in SqlAuditLog(fleet.engine).page(3)]
    assert actions == ["duty.remove", "duty.add", "duty.add"]


def test_a_wrong_line_of_a_roster_is_told_by_its_number_and_nothing_is_added(
    fleet: FleetSide,
) -> None:
    state = Path(str(fleet.engine.url.database)).parent
    table = state / "wrong.csv"
    table.write_text("person,role,days,hours\nsun,manager,1,00:00-24:00\nx,cook,1,00:00-24:00\n")
    code, output = duty(state, "import", str(table))
    assert (code, "Line 3: There is no role" in output) == (2, True)
    assert "sun" not in duty(state, "list")[1]
    assert duty(state, "add", "x", "viewer")[0] == 2
    assert duty(state, "add", "x", "manager", "--channel", "nowhere")[0] == 2


def test_a_channel_is_tried_from_the_command_line(
    fleet: FleetSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Path(str(fleet.engine.url.database)).parent
    lines, key = tmp_path / "lines", "THE-KEY"
    channels = [
        {"name": "file", "kind": "file", "path": str(lines)},
        {"name": "dead", "kind": "wecom", "url": f"http://127.0.0.1:9/?key={key}"},
    ]
    monkeypatch.setenv("GONGFU_NOTIFY__CHANNELS", json.dumps(channels))

    def notify(*words: str) -> tuple[int, str]:
        done = RUNNER.invoke(app, ["notify", *words, "--state", str(state)])
        return done.exit_code, done.output

    assert notify("try", "file") == (0, "file: sent; see that it arrived\n")
    assert json.loads(lines.read_text())["form"] == "trial"
    code, output = notify("try", "dead")
    assert (code, "the network failed" in output) == (1, True)
    assert notify("try", "nowhere")[0] == 2
    listed = notify("list")[1]
    assert "【试发】" in listed
    assert key not in output + listed
    states = {one["name"]: one for one in json.loads(notify("list", "--json")[1])["channels"]}
    assert (states["file"]["sent"], states["dead"]["failed"], states["dead"]["waiting"]) == (
        1,
        1,
        0,
    )
