"""Settings, secrets, the demonstration's clock and the state lock."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from gongfu.demo_clock import platform_clock
from gongfu.errors import SettingsError, StateInUseError
from gongfu.secrets_file import load_secrets
from gongfu.settings import BrokerSettings, DemoSettings, Settings, unknown_names
from gongfu.state_lock import hold_state, holder_of
from gongfu_broker.clock import RealClock, ScaledClock, read_clock, write_anchor

SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gongfu.toml").write_text("[broker]\nport = 1999\n[api]\nport = 8999\n")
    monkeypatch.setenv("GONGFU_API__PORT", "9001")
    settings = Settings()
    assert (settings.broker.port, settings.api.port) == (1999, 9001)
    assert Settings(log_level="error").log_level == "error"


@pytest.mark.parametrize(
    "text", ["[broker]\nprot = 1\n", "[brokr]\nport = 1\n", "[broker]\nport = 0\n", "log_level = 3"]
)
def test_a_mistake_in_the_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gongfu.toml").write_text(text)
    with pytest.raises(ValidationError):
        Settings()


def test_a_broker_url_is_taken_apart() -> None:
    broker = BrokerSettings(url="mqtts://ingest:p%40ss@mq.example:9883")
    assert (broker.host, broker.port, broker.user, broker.tls) == (
        "mq.example",
        9883,
        "ingest",
        True,
    )
    assert broker.password is not None
    assert broker.password.get_secret_value() == "p@ss"
    assert BrokerSettings(url="mqtt://mq.example").port == 1883


@pytest.mark.parametrize("url", ["http://mq.example", "mq.example:1883", "mqtt://"])
def test_a_broker_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="mqtt://user"):
        BrokerSettings(url=url)


def test_on_an_outside_broker_platform_time_is_real(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path, broker=BrokerSettings(url="mqtt://mq.example"))
    assert not settings.simulates
    assert isinstance(platform_clock(settings, now=SATURDAY), RealClock)


def test_names_that_mean_nothing_are_listed_and_the_known_ones_are_not() -> None:
    names = {"GONGFU_BROKER__PORT": "1", "GONGFU_BROKR__PORT": "1", "GONGFU_STATE": "x", "HOME": ""}
    assert unknown_names(names) == ["GONGFU_BROKR__PORT"]


def test_secrets_are_long_private_and_stay_the_same(tmp_path: Path) -> None:
    first = load_secrets(tmp_path)
    again = load_secrets(tmp_path)
    assert again == first
    every = [again.ingest, again.backfill, again.replay, again.downlink, again.ingest_client_id]
    assert len(set(every)) == 5
    assert min(len(secret) for secret in every) >= 22  # 128 bits in base64
    mode = stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode)
    assert mode == 0o600


def test_secrets_do_not_show_in_a_user_s_representation(tmp_path: Path) -> None:
    from gongfu_broker.access import ingest_user  # noqa: PLC0415 - only here

    secret = load_secrets(tmp_path).ingest
    assert secret not in repr(ingest_user("ingest-p0", secret))


def test_the_demonstration_starts_on_a_tuesday_at_eight_in_shanghai(tmp_path: Path) -> None:
    clock = platform_clock(Settings(state=tmp_path), now=SATURDAY)
    start = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    assert (start.isoweekday(), start.hour, start.minute) == (2, 0, 0)
    assert clock.speed == 30


def test_the_demonstration_never_goes_back_in_time_after_a_restart(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    before = platform_clock(settings, now=SATURDAY).now_ms()
    after = platform_clock(settings, now=SATURDAY)
    assert after.now_ms() > before
    other_process = read_clock(settings.clock_path)
    assert abs(other_process.now_ms() - after.now_ms()) < 30 * 1000


def test_without_the_simulator_platform_time_is_real(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path, demo=DemoSettings(simulate=False))
    write_anchor(settings.clock_path, ScaledClock(0, 0, 30.0))
    assert isinstance(platform_clock(settings, now=SATURDAY), RealClock)
    assert isinstance(read_clock(settings.clock_path), RealClock)


def test_a_start_that_is_no_time_is_refused(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path, demo=DemoSettings(start="Tuesday"))
    with pytest.raises(SettingsError, match="GONGFU_DEMO__START"):
        platform_clock(settings, now=SATURDAY)


def test_one_state_folder_has_one_holder(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    with hold_state(tmp_path):
        assert holder_of(tmp_path) is not None
        with pytest.raises(StateInUseError, match="pid"), hold_state(tmp_path):
            pass
    assert holder_of(tmp_path) is None
    with hold_state(tmp_path):
        pass


def test_a_half_written_secrets_file_is_never_left(tmp_path: Path) -> None:
    load_secrets(tmp_path)
    assert json.loads((tmp_path / "secrets.json").read_text())["ingest"]
    assert list(tmp_path.glob("*.part")) == []
