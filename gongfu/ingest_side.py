"""Ingest's ways to the broker, and when it stops for its disk, from settings."""

import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from gongfu.secrets_file import Secrets
from gongfu.settings import OWN_BACKFILL_USER, OWN_USER, Settings, further_user, secret_text
from gongfu.telemetry import Telemetry
from gongfu_broker.access import BACKFILL_LEAVES, LIVE_LEAVES
from gongfu_broker.mqtt.client import MqttConnector
from gongfu_broker.ports import Intake, Session
from gongfu_broker.topics import uplink_filters
from gongfu_ingest.disk import DiskGuard, used_bytes
from gongfu_ingest.lanes import BACKFILL_BATCH, BACKFILL_COMMIT_BYTES, Lane
from gongfu_ingest.rate import TIMES_NOMINAL, RateLimit


def intake_connector(settings: Settings) -> MqttConnector:
    """Our own client's way to the broker."""
    broker = settings.broker
    tls = ssl.create_default_context() if broker.tls else None
    host = broker.host or "127.0.0.1"
    return MqttConnector(host, broker.port, protocol=broker.protocol, tls=tls)


def ingest_lanes(settings: Settings, keys: Secrets) -> Sequence[Lane]:
    """What is live, and what comes late, each on a session of its own.

    On an outside broker with a single account of its own, one lane carries both.
    """
    told, link = settings.ingest, intake_connector(settings)
    flush_s = told.flush_ms / 1000

    def intake(session: Session) -> Callable[[], AbstractAsyncContextManager[Intake]]:
        return lambda: link.intake(session)

    live, late = live_session(settings, keys), backfill_session(settings, keys)
    if late is None:
        return [Lane("only", uplink_filters(), intake(live), batch=told.batch, flush_s=flush_s)]
    now_filters, late_filters = uplink_filters(LIVE_LEAVES), uplink_filters(BACKFILL_LEAVES)
    return [
        Lane(
            "live",
            now_filters,
            intake(live),
            former=late_filters,
            batch=told.batch,
            flush_s=flush_s,
        ),
        Lane(
            "backfill",
            late_filters,
            intake(late),
            urgent=False,
            batch=BACKFILL_BATCH,
            commit_bytes=BACKFILL_COMMIT_BYTES,
            flush_s=flush_s,
        ),
    ]


def live_session(settings: Settings, keys: Secrets) -> Session:
    """Ingest's persistent session; its client id is a secret, so nobody takes it over by name."""
    broker = settings.broker
    return Session(
        client_id=keys.ingest_client_id,
        user=broker.user if broker.host else OWN_USER,
        secret=secret_text(broker.password, broker.password_file) or keys.ingest,
        persistent=True,
        window=settings.ingest.window,
    )


def backfill_session(settings: Settings, keys: Secrets) -> Session | None:
    """The same for what comes late; None where the broker has no account for it."""
    broker = settings.broker
    user = further_user(broker, broker.backfill_user, OWN_BACKFILL_USER)
    if not user:
        return None
    return Session(
        client_id=keys.backfill_client_id,
        user=user,
        secret=secret_text(broker.backfill_password, broker.backfill_password_file)
        or keys.backfill,
        persistent=True,
        window=settings.ingest.backfill_window,
    )


def rate_limit(settings: Settings) -> RateLimit:
    """How much one device may say."""
    return RateLimit(TIMES_NOMINAL * settings.ingest.device_per_s)


def disk_guard(settings: Settings, telemetry: Telemetry) -> DiskGuard:
    """Where ingest stops before the disk does."""
    return DiskGuard(
        settings.telemetry_path.parent,
        lambda: used_bytes(telemetry.database.writer),
        settings.store.max_bytes,
        settings.store.min_free_bytes,
    )
