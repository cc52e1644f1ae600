"""The only reader of the environment and of ``gongfu.toml``.

Order: command line > ``GONGFU_BROKER__PORT=…`` > ``gongfu.toml`` > the defaults below.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "GONGFU_"
OWN_USER, OWN_BACKFILL_USER = "ingest-p0", "ingest-bf-p0"
OWN_DOWNLINK_USER = "downlink"
DAY_MS = 86_400_000
MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
Port = Annotated[int, Field(ge=1, le=65_535)]


class _Section(BaseModel):
    # A typo in gongfu.toml must not pass as an unused key.
    model_config = ConfigDict(extra="forbid")


class BrokerSettings(_Section):
    """Which MQTT broker. Without a host of its own, Gongfu starts one as a child process."""

    url: str = Field(default="", description="mqtt://user:password@host:1883, or mqtts://")
    host: str = Field(default="", description="an existing broker's host; empty starts our own")
    port: Port = 1883
    user: str = OWN_USER
    password: SecretStr | None = None
    password_file: Path | None = Field(default=None, description="a file that holds the password")
    backfill_user: str = Field(default="", description="a second account, for what comes late")
    backfill_password: SecretStr | None = None
    backfill_password_file: Path | None = Field(default=None, description="a file that holds it")
    downlink_user: str = Field(default="", description="a third account, for commands to devices")
    downlink_password: SecretStr | None = None
    downlink_password_file: Path | None = Field(default=None, description="a file that holds it")
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    tls: bool = False

    @model_validator(mode="after")
    def _take_apart(self) -> Self:
        """What stands in the URL wins over the single settings."""
        if not self.url:
            return self
        parts = urlsplit(self.url)
        if parts.scheme not in MQTT_PORTS or not parts.hostname:
            raise ValueError(f"{parts.scheme}://… is no broker: write mqtt://user:password@host")
        self.host = parts.hostname
        self.port = parts.port or MQTT_PORTS[parts.scheme]
        self.tls = parts.scheme == "mqtts"
        self.user = unquote(parts.username or self.user)
        self.password = SecretStr(unquote(parts.password)) if parts.password else self.password
        return self


class ApiSettings(_Section):
    """Where pages and the HTTP API are served."""

    host: str = "127.0.0.1"
    port: Port = 8080
    secure_cookies: bool = Field(default=False, description="true behind https")


class DatabaseSettings(_Section):
    """The relational store; empty is SQLite in the state folder."""

    url: str = ""
    url_file: Path | None = Field(default=None, description="a file that holds the URL")


class StoreSettings(_Section):
    """The embedded telemetry store."""

    retention_days: Annotated[int, Field(ge=1, le=36_500)] = 90
    max_bytes: Annotated[int, Field(ge=1_000_000)] | None = Field(
        default=None, description="what telemetry.db may need; beyond it ingest waits"
    )
    min_free_bytes: Annotated[int, Field(ge=0)] = Field(
        default=200_000_000, description="with less on its disk ingest waits"
    )

    @property
    def retention_ms(self) -> int:
        """How long rows are kept."""
        return self.retention_days * DAY_MS


class IngestSettings(_Section):
    """How much ingest takes at a time, and how much may wait in memory, in messages."""

    batch: Annotated[int, Field(ge=1, le=50_000)] = 2_000
    flush_ms: Annotated[int, Field(ge=1, le=10_000)] = 200
    window: Annotated[int, Field(ge=100, le=65_535)] = 10_000
    backfill_window: Annotated[int, Field(ge=100, le=65_535)] = 1_000
    device_per_s: Annotated[float, Field(ge=0.01, le=100_000)] = Field(
        default=1.0, description="messages a second a device says when well; beyond 4x it waits"
    )


class InfluxSettings(_Section):
    """InfluxDB beside the embedded store; without a URL nothing is forwarded."""

    url: str = Field(default="", description="like http://influxdb:8086")
    api: Literal["v1", "v2"] = "v2"
    org: str = "gongfu"
    bucket: str = Field(default="telemetry", description="the database, on v1")
    token: SecretStr | None = None
    token_file: Path | None = Field(default=None, description="a file that holds the token")


class OidcSettings(_Section):
    """A provider of OpenID Connect beside name and password; without an issuer there is none."""

    issuer: str = Field(default="", description="its https address, as its tokens say it")
    client_id: str = ""
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = Field(default=None, description="a file that holds it")
    redirect_url: str = Field(default="", description="https://our.address/api/oidc/callback")
    roles: str = Field(default="", description="VALUE=ROLE[@KIND:CODE+KIND:CODE]; …, first fits")
    roles_claim: str = Field(default="roles", description="dots go into claims inside of claims")
    name_claim: str = "preferred_username"
    scopes: str = "openid profile"
    label: str = Field(default="", description="what the button says, like 供销社统一认证")


class ChannelSettings(_Section):
    """One way to people: a group bot, a mailbox, a webhook. Addresses of bots hold their keys."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    kind: Literal["wecom", "dingtalk", "feishu", "smtp", "webhook", "file"]
    url: SecretStr | None = Field(default=None, description="the bot's address, key included")
    url_file: Path | None = Field(default=None, description="a file that holds the address")
    secret: SecretStr | None = Field(default=None, description="what messages are signed with")
    secret_file: Path | None = Field(default=None, description="a file that holds the secret")
    scope: list[str] = Field(default=[], description="KIND:CODE like county:330803; empty is all")
    least: Literal["low", "high", "critical"] = "low"
    host: str = Field(default="", description="smtp: the mail server")
    port: Port = 587
    security: Literal["none", "starttls", "tls"] = "starttls"
    user: str = ""
    password: SecretStr | None = None
    password_file: Path | None = Field(default=None, description="a file that holds the password")
    sender: str = Field(default="", description="smtp: the address letters come from")
    to: list[str] = Field(default=[], description="smtp: addresses that every letter goes to")
    path: Path | None = Field(default=None, description="file: where lines are appended")


class NotifySettings(_Section):
    """Who is told of incidents; without channels nobody is."""

    channels: list[ChannelSettings] = []
    public_url: str = Field(
        default="", description="like https://gongfu.example: acknowledge links lead there"
    )
    ladder_critical: list[str] = ["0 manager", "15 dispatcher", "30 admin"]
    ladder_high: list[str] = ["0 manager", "60 dispatcher"]
    ladder_low: list[str] = ["0 manager"]
    remind_min: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=240, description="minutes between reminders after the last rung"
    )


class DemoSettings(_Section):
    """The simulated county that ``gongfu run`` brings along."""

    simulate: bool = True
    speed: Annotated[float, Field(gt=0, le=1_000)] = 30.0
    seed: Annotated[int, Field(ge=0)] = 1
    start: str = Field(
        default="", description="ISO time, default: this week's Tuesday 08:00 in Shanghai"
    )
    ledger: bool = Field(default=False, description="keep every acknowledged message, for tests")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        toml_file="gongfu.toml",
        extra="forbid",
    )

    state: Path = Field(
        default=Path("state"), description="folder of databases, secrets, broker files"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    broker: BrokerSettings = BrokerSettings()
    api: ApiSettings = ApiSettings()
    database: DatabaseSettings = DatabaseSettings()
    store: StoreSettings = StoreSettings()
    ingest: IngestSettings = IngestSettings()
    influx: InfluxSettings = InfluxSettings()
    oidc: OidcSettings = OidcSettings()
    notify: NotifySettings = NotifySettings()
    demo: DemoSettings = DemoSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, file; nothing else."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def simulates(self) -> bool:
        """Whether the simulated county runs; it knows the secrets of the embedded broker only."""
        return self.demo.simulate and not self.broker.host

    @property
    def database_url(self) -> str:
        """The relational store's URL."""
        if self.database.url_file:
            return self.database.url_file.read_text().strip()
        return self.database.url or f"sqlite:///{self.state.resolve() / 'fleet.db'}"

    @property
    def telemetry_path(self) -> Path:
        """The log and embedded store."""
        return self.state / "telemetry.db"

    @property
    def clock_path(self) -> Path:
        """The demonstration's clock; absent in production."""
        return self.state / "clock.json"


def known_names() -> set[str]:
    """Every environment name that means something."""
    names: set[str] = set()
    for name, info in Settings.model_fields.items():
        names.add(PREFIX + name.upper())
        section = info.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            names |= {f"{PREFIX}{name}__{key}".upper() for key in section.model_fields}
    return names


def unknown_names(environment: Mapping[str, str] | None = None) -> list[str]:
    """Environment names that look like ours and mean nothing: most likely typing errors."""
    names = os.environ if environment is None else environment
    ours = {name for name in names if name.upper().startswith(PREFIX)}
    return sorted(name for name in ours if name.upper() not in known_names())


def further_user(broker: BrokerSettings, named: str, own: str) -> str:
    """The account of one more session of the platform; empty where the broker has none for it.

    Two sessions of one account would throw each other out where the name is the account.
    """
    secret = secret_text(broker.password, broker.password_file)
    generated = not broker.host or (broker.user == OWN_USER and secret is None)
    return named or (own if generated else "")


def secret_text(value: SecretStr | None, file: Path | None) -> str | None:
    """A secret from its file, else from its value; None when neither is set."""
    if file is not None:
        return file.read_text().strip()
    return value.get_secret_value() if value else None
