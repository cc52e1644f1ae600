"""The token in an acknowledge link: which message, until when, signed by us.

16 bytes of the message's id, 4 of its end in real seconds, 16 of an HMAC-SHA256, as base64url.
Whoever has it may acknowledge the incidents of that message, once; it opens nothing else.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from gongfu_fleet.errors import ConflictError, NotFoundError

VALID_MS = 24 * 3_600_000
KEY_BYTES = 32
_MAC_BYTES = 16
_BODY_BYTES = 20
_TOKEN = re.compile(r"[A-Za-z0-9_-]{48}")


def token(key: bytes, message_id: str, made_real_ms: int) -> str:
    """The token of a message; the same each time it is sent."""
    until_s = (made_real_ms + VALID_MS) // 1000
    body = UUID(message_id).bytes + until_s.to_bytes(4, "big")
    return urlsafe_b64encode(body + _mac(key, body)).decode()


def message_of(key: bytes, sent: str, now_real_ms: int) -> str:
    """The message a token stands for. Raises NotFoundError when forged, ConflictError when over."""
    raw = _bytes(sent)
    body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    if len(mac) != _MAC_BYTES or not hmac.compare_digest(mac, _mac(key, body)):
        raise NotFoundError("The link is not one of ours.", "Open it from the message again.")
    if int.from_bytes(body[16:], "big") * 1000 <= now_real_ms:
        raise ConflictError("The link has expired.", "Sign in and acknowledge there.")
    return str(UUID(bytes=body[:16]))


def _bytes(sent: str) -> bytes:
    return urlsafe_b64decode(sent) if _TOKEN.fullmatch(sent) else b""


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"gongfu acknowledge link\n" + body, hashlib.sha256).digest()[:_MAC_BYTES]
