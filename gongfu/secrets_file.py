"""Secrets made at first start and kept in the state folder, readable by its owner only."""

import os
import secrets
from pathlib import Path

import msgspec

FILE_NAME = "secrets.json"
_BYTES = 24  # 192 bits, more than the 128 a device password needs


class Secrets(msgspec.Struct, frozen=True):
    """Broker passwords. Client ids of ingest are secret too: none can be taken over by name.

    ``metrics`` is the token of who scrapes. It, and what backfill and downlink use, are empty in a
    file made before there were such things. ``devices`` is what a former version kept here.
    """

    ingest: str
    ingest_client_id: str
    replay: str
    devices: dict[str, str] = {}
    backfill: str = ""
    backfill_client_id: str = ""
    metrics: str = ""
    downlink: str = ""
    downlink_client_id: str = ""


def load_secrets(state: Path) -> Secrets:
    """Read the file, making what is missing."""
    path = state / FILE_NAME
    try:
        known = msgspec.json.decode(path.read_bytes(), type=Secrets)
    except FileNotFoundError:
        known = Secrets(_new(), f"ingest-p0-{_new()}", _new())
    if known.backfill and known.metrics and known.downlink and path.exists():
        return known
    complete = msgspec.structs.replace(
        known,
        backfill=known.backfill or _new(),
        backfill_client_id=known.backfill_client_id or f"ingest-bf-p0-{_new()}",
        metrics=known.metrics or _new(),
        downlink=known.downlink or _new(),
        downlink_client_id=known.downlink_client_id or f"downlink-{_new()}",
    )
    _write(path, complete)
    return complete


def forget_devices(state: Path) -> Secrets:
    """Take the devices' secrets out of a file of a former version."""
    rest = msgspec.structs.replace(load_secrets(state), devices={})
    _write(state / FILE_NAME, rest)
    return rest


def metrics_token(state: Path) -> str:
    """What who scrapes must show; empty until a worker has made it."""
    try:
        return msgspec.json.decode((state / FILE_NAME).read_bytes(), type=Secrets).metrics
    except (OSError, msgspec.DecodeError):
        return ""


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole; never readable by others, never half written."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _write(path: Path, secrets: Secrets) -> None:
    write_private(path, msgspec.json.format(msgspec.json.encode(secrets), indent=1))


def _new() -> str:
    return secrets.token_urlsafe(_BYTES)
