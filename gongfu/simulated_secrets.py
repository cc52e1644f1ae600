"""The secrets of the devices that are simulated here; real ones keep theirs themselves.

The platform does not need this file: its own store has hashes only.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from gongfu.secrets_file import write_private

FILE_NAME = "simulator-secrets.json"


def simulated_secrets(state: Path) -> dict[str, str]:
    """What simulated devices sign in with, by id; empty when nothing is simulated."""
    try:
        return msgspec.json.decode((state / FILE_NAME).read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}


def keep_simulated(state: Path, secrets: Mapping[str, str]) -> None:
    """Add these to the file, readable by its owner only."""
    known = simulated_secrets(state) | dict(secrets)
    write_private(state / FILE_NAME, msgspec.json.format(msgspec.json.encode(known), indent=1))
