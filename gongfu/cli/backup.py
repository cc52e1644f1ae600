"""``gongfu backup`` and ``gongfu restore``."""

from datetime import datetime
from pathlib import Path

import msgspec

from gongfu.backup.archive import Manifest
from gongfu.backup.examine import check_backup
from gongfu.backup.make import make_backup
from gongfu.backup.restore import restore_backup
from gongfu.cli.output import emit, fail, say
from gongfu.demo_clock import SHANGHAI, utc_now
from gongfu.errors import GongfuError
from gongfu.settings import Settings


def back_up(settings: Settings, out: Path, *, as_json: bool) -> None:
    """Make a backup and tell what is in it."""
    try:
        manifest = make_backup(settings, out)
    except GongfuError as error:
        fail(str(error))
    _tell(manifest, as_json=as_json, also={"file": str(out)})
    if not as_json:
        say(f"{out} holds passwords in plain text: keep it like one")


def put_back(settings: Settings, archive: Path, *, force: bool, as_json: bool) -> None:
    """Restore a backup and tell what became of what was there."""
    try:
        restored = restore_backup(
            settings, archive, force=force, now=utc_now().astimezone(SHANGHAI)
        )
    except GongfuError as error:
        fail(str(error))
    aside = str(restored.aside) if restored.aside else None
    _tell(restored.manifest, as_json=as_json, also={"replaced": aside})
    if not as_json:
        say(f"restored into {settings.state}")
        if aside:
            say(f"what was there is in {aside}; delete it when all is well")


def examine(archive: Path, *, as_json: bool) -> None:
    """Examine a backup."""
    try:
        manifest = check_backup(archive)
    except GongfuError as error:
        fail(str(error))
    _tell(manifest, as_json=as_json, also={})
    if not as_json:
        say(f"{archive} is whole")


def _tell(manifest: Manifest, *, as_json: bool, also: dict[str, str | None]) -> None:
    if as_json:
        emit({**also, **msgspec.to_builtins(manifest)})
        return
    made = datetime.fromtimestamp(manifest.made_ms / 1000, SHANGHAI)
    say(f"backup of {made:%Y-%m-%d %H:%M:%S}, Gongfu {manifest.gongfu}")
    for entry in manifest.files:
        say(f"{entry.bytes:14,}  {entry.name:20} sha256 {entry.sha256[:16]}…")
    say(f"the log up to record {manifest.facts.log.head:,}")
    for name, cursor in manifest.facts.fleet.cursors.items():
        say(f"{name} has read up to {cursor.seq:,}")
