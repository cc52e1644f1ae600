"""The file a backup is: a tar with a manifest first, then the files it lists with their sha256.

The manifest is told apart from a damaged or foreign file before anything is written. It guards
against damage, not against somebody who rewrites it: who may read a backup holds every secret.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import msgspec

from gongfu.errors import BackupError
from gongfu_fleet.services.watch_ports import Cursor

FORMAT = 1
MANIFEST = "manifest.json"
MOST_MANIFEST_BYTES = 1_000_000
CHUNK_BYTES = 1 << 20
FleetKind = Literal["sqlite", "postgresql"]


class Entry(msgspec.Struct, frozen=True):
    """A file of the backup."""

    name: str
    bytes: int
    sha256: str


class LogFacts(msgspec.Struct, frozen=True):
    """What telemetry.db says of its log: records ``trimmed`` + 1 to ``head`` are in it."""

    telemetry_schema: str
    log_id: str
    head: int
    trimmed: int


class FleetFacts(msgspec.Struct, frozen=True):
    """What the relational store says of itself: its migration, and how far consumers have read."""

    kind: FleetKind
    revision: str
    cursors: dict[str, Cursor]


class Facts(msgspec.Struct, frozen=True):
    """What the copies say of themselves."""

    fleet: FleetFacts
    log: LogFacts


class Manifest(msgspec.Struct, frozen=True):
    """The first member of the tar. ``made_ms`` is real time, UTC ms."""

    gongfu: str
    made_ms: int
    facts: Facts
    files: tuple[Entry, ...]
    format: int = FORMAT


def entry_of(path: Path) -> Entry:
    """Measure a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry(path.name, path.stat().st_size, digest)


def pack(manifest: Manifest, folder: Path, out: Path) -> None:
    """Write the tar from the files in ``folder``: for its owner only, whole or not at all."""
    part = out.with_name(f"{out.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
            tar.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
            for entry in manifest.files:
                with (folder / entry.name).open("rb") as content:
                    tar.addfile(_member(entry.name, entry.bytes), content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(out)


def unpack(archive: Path, folder: Path) -> Manifest:
    """Write the files into ``folder``. Raises BackupError for a damaged or foreign archive."""
    try:
        with tarfile.open(archive, "r:") as tar:
            manifest = _manifest(archive, tar)
            for entry in manifest.files:
                _extract(tar, entry, folder / entry.name)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(
            f"{archive} is no whole backup ({error}): take another copy of it"
        ) from error
    return manifest


def _manifest(archive: Path, tar: tarfile.TarFile) -> Manifest:
    with _content(tar, MANIFEST, at_most=MOST_MANIFEST_BYTES) as content:
        text = content.read()
    try:
        version = msgspec.json.decode(text)["format"]
        if version != FORMAT:
            raise BackupError(
                f"{archive} has format {version}, this Gongfu reads {FORMAT}: "
                "restore it with the version that made it"
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise BackupError(f"{archive} has a damaged manifest: take another copy of it") from error
    _require_plain([entry.name for entry in manifest.files])
    return manifest


def _require_plain(names: Sequence[str]) -> None:
    for name in names:
        if name != Path(name).name or name.startswith(".") or names.count(name) > 1:
            raise BackupError(f"the backup names a file {name!r}: it was not made by Gongfu")


def _extract(tar: tarfile.TarFile, entry: Entry, path: Path) -> None:
    digest = hashlib.sha256()
    with _content(tar, entry.name, at_most=entry.bytes) as content, path.open("xb") as file:
        path.chmod(0o600)
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != entry.sha256 or path.stat().st_size != entry.bytes:
        raise BackupError(f"{entry.name} in the backup is damaged: take another copy of it")


@contextmanager
def _content(tar: tarfile.TarFile, name: str, *, at_most: int) -> Iterator[IO[bytes]]:
    try:
        member = tar.getmember(name)
    except KeyError:
        raise BackupError(f"{name} is missing: this is no whole backup of Gongfu") from None
    content = tar.extractfile(member) if member.isreg() and member.size <= at_most else None
    if content is None:
        raise BackupError(f"{name} is not what the manifest says: take another copy of the backup")
    with content:
        yield content


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member
