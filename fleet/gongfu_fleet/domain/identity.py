"""UUIDv7 (RFC 9562): ids that sort by the time they were made."""

from uuid import UUID

RANDOM_BYTES = 10


def uuid7(now_ms: int, randomness: bytes) -> str:
    """An id from UTC ms and 10 random bytes, in the usual text form."""
    number = (now_ms & ((1 << 48) - 1)) << 80 | int.from_bytes(randomness[:RANDOM_BYTES], "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    return str(UUID(int=number & ~(0x3 << 62) | 0x2 << 62))
