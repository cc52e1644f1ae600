"""Notifications from settings: channels, the recorder, a sender per channel, acknowledge links."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from gongfu.consumers import ConsumerLoop
from gongfu.errors import SettingsError
from gongfu.fleet_side import FleetSide
from gongfu.new_id import new_id
from gongfu.secrets_file import write_private
from gongfu.settings import ChannelSettings, NotifySettings, Settings, secret_text
from gongfu_broker.clock import Clock, real_ms
from gongfu_fleet.adapters.db.duty import SqlRoster
from gongfu_fleet.adapters.db.link_uses import SqlLinkUses
from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.adapters.db.outbox_sending import SqlSendingDesk
from gongfu_fleet.adapters.notify.dingtalk import dingtalk
from gongfu_fleet.adapters.notify.feishu import feishu
from gongfu_fleet.adapters.notify.json_lines import JsonLines
from gongfu_fleet.adapters.notify.smtp import Letters, Mailbox
from gongfu_fleet.adapters.notify.webhook import Webhook
from gongfu_fleet.adapters.notify.wecom import wecom
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify.escalation import Ladders, parse_ladder
from gongfu_fleet.domain.notify.link import KEY_BYTES, token
from gongfu_fleet.domain.notify.retry import Outcome
from gongfu_fleet.domain.notify.routing import Route
from gongfu_fleet.domain.scope import parse_grant, scope_of
from gongfu_fleet.services.notify_links import AcknowledgeLinks
from gongfu_fleet.services.notify_ports import Channel, Message
from gongfu_fleet.services.notify_recorder import CONSUMER, KnownAssets, NoticeRecorder
from gongfu_fleet.services.notify_sender import ChannelSender
from gongfu_fleet.services.notify_trial import send_trial

KEY_FILE = "acknowledge-link.key"
DEMO_CHANNEL, DEMO_FILE = "demo", "notifications.jsonl"
KEPT_MS = 90 * 86_400_000
NOBODY = (
    "Nobody is told of incidents: no notification channel is configured. "
    "Name one under [notify] in gongfu.toml."
)


class SteadyClock:
    """Wall time as of now, then by the monotonic clock: limits hold though somebody sets it."""

    speed = 1.0

    def __init__(self) -> None:
        self._ahead_ms = real_ms() - time.monotonic_ns() // 1_000_000

    def now_ms(self) -> int:
        """Wall time, UTC milliseconds."""
        return time.monotonic_ns() // 1_000_000 + self._ahead_ms


@dataclass(frozen=True)
class Notifications:
    """The running parts: ``loops`` to run, ``outbox`` to look at and to trim."""

    loops: Sequence[ConsumerLoop]
    senders: Sequence[ChannelSender]
    outbox: SqlOutbox

    def troubles(self) -> list[str]:
        """Sentences for /health; empty while all is well."""
        if not self.senders:
            return [NOBODY]
        stuck = [loop.failure for loop in self.loops if loop.failure]
        return [*stuck, *(trouble for sender in self.senders for trouble in sender.troubles())]

    def trim(self) -> None:
        """Forget what was sent more than 90 days ago."""
        self.outbox.trim(real_ms() - KEPT_MS)


def notifications(settings: Settings, *, clock: Clock, fleet: FleetSide) -> Notifications:
    """The consumer of the ledger and a sender per channel. Raises SettingsError, InvalidError."""
    chosen, steady, outbox = _chosen(settings), SteadyClock(), SqlOutbox(fleet.engine)
    outbox.retire([one.name for one in chosen])
    recorder = NoticeRecorder(
        outbox=outbox,
        roster=SqlRoster(fleet.engine),
        routes=[_route(one) for one in chosen],
        assets=KnownAssets(fleet.registry),
        clock=clock,
        real_clock=steady,
        ladders=_ladders(settings.notify),
    )
    link_of = _links(settings)
    senders = [
        ChannelSender(
            channel=_channel(one, settings.state),
            desk=SqlSendingDesk(fleet.engine),
            real_clock=steady,
            new_id=new_id,
            link_of=link_of,
        )
        for one in chosen
    ]
    loops = [ConsumerLoop(CONSUMER, recorder, clock)]
    loops += [ConsumerLoop(f"{CONSUMER}-{one.channel.name}", one, clock) for one in senders]
    return Notifications(loops, senders, outbox)


def try_out(settings: Settings, name: str, *, fleet: FleetSide) -> Outcome:
    """Send one trial message by a channel. Raises SettingsError, InvalidError, ConflictError."""
    known = {one.name: one for one in _chosen(settings)}
    if name not in known:
        raise SettingsError(
            f"there is no channel {name!r}: configured are {', '.join(known) or 'none'}"
        )
    channel = _channel(known[name], settings.state)
    return send_trial(channel, SqlSendingDesk(fleet.engine), new_id(), SteadyClock())


def acknowledge_links(settings: Settings, *, clock: Clock, fleet: FleetSide) -> AcknowledgeLinks:
    """What answers the links; the key is made by the worker, and read when a link comes."""
    return AcknowledgeLinks(
        uses=SqlLinkUses(fleet.engine),
        ledger=fleet.ledger,
        names=fleet.zones,
        key=lambda: _key(settings.state),
        clock=clock,
        real_ms=real_ms,
    )


def channel_names(settings: Settings) -> list[str]:
    """The channels of these settings by name."""
    return [one.name for one in _chosen(settings)]


def _chosen(settings: Settings) -> list[ChannelSettings]:
    chosen = list(settings.notify.channels)
    names = [one.name for one in chosen]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"two notification channels are called {name}: rename one")
    if not chosen and settings.simulates:
        # The demonstration tells a file, so that everything can be seen without any account.
        path = settings.state / DEMO_FILE
        chosen.append(ChannelSettings(name=DEMO_CHANNEL, kind="file", path=path))
    return chosen


def _ladders(notify: NotifySettings) -> Ladders:
    texts = {
        Severity.CRITICAL: notify.ladder_critical,
        Severity.HIGH: notify.ladder_high,
        Severity.LOW: notify.ladder_low,
    }
    return {severity: parse_ladder(rungs, notify.remind_min) for severity, rungs in texts.items()}


def _route(one: ChannelSettings) -> Route:
    scope = scope_of([parse_grant(text) for text in one.scope] if one.scope else None)
    return Route(one.name, scope, Severity(one.least))


def _channel(one: ChannelSettings, state: Path) -> Channel:
    secret = _secret(one, one.secret, one.secret_file)
    match one.kind:
        case "file":
            return JsonLines(one.name, one.path or state / DEMO_FILE)
        case "smtp":
            return _letters(one)
        case "wecom":
            return wecom(one.name, _address(one))
        case "dingtalk":
            return dingtalk(one.name, _address(one), secret, real_ms)
        case "feishu":
            return feishu(one.name, _address(one), secret, real_ms)
        case "webhook":
            if not secret:
                raise SettingsError(f"the webhook {one.name} has no secret: name its secret_file")
            return Webhook(one.name, _address(one), secret, real_ms)


def _letters(one: ChannelSettings) -> Letters:
    if not (one.host and one.sender and one.to):
        raise SettingsError(f"the mailbox {one.name} needs host, sender and to")
    password = _secret(one, one.password, one.password_file)
    mailbox = Mailbox(one.host, one.port, one.security, one.user, password)
    return Letters(one.name, mailbox, one.sender, tuple(one.to))


def _address(one: ChannelSettings) -> str:
    address = _secret(one, one.url, one.url_file)
    if not address:
        raise SettingsError(f"the channel {one.name} has no address: name its url_file")
    return address


def _secret(one: ChannelSettings, value: SecretStr | None, file: Path | None) -> str:
    try:
        return secret_text(value, file) or ""
    except (OSError, UnicodeDecodeError) as fault:
        why = type(fault).__name__
        raise SettingsError(f"a file of the channel {one.name} cannot be read ({why})") from fault


def _links(settings: Settings) -> Callable[[Message], str | None]:
    base = settings.notify.public_url.rstrip("/")
    if not base and settings.simulates:
        base = f"http://{settings.api.host}:{settings.api.port}"
    path = settings.state / KEY_FILE
    if not path.exists():
        write_private(path, secrets.token_bytes(KEY_BYTES))
    key = _key(settings.state)

    def link_of(message: Message) -> str | None:
        if not base:
            return None
        return f"{base}/api/acknowledge/{token(key, message.id, message.made_real_ms)}"

    return link_of


def _key(state: Path) -> bytes:
    try:
        return (state / KEY_FILE).read_bytes()
    except FileNotFoundError:
        return b""
