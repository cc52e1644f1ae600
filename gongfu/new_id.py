"""Ids that grow with time and that nobody can guess."""

import secrets

from gongfu_broker.clock import real_ms
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7


def new_id() -> str:
    """A UUIDv7 of now."""
    return uuid7(real_ms(), secrets.token_bytes(RANDOM_BYTES))
