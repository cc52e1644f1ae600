"""A webhook of one's own: JSON, signed, with a key by which a repeat is known.

``Idempotency-Key`` is the message's id; ``X-Gongfu-Signature: t=SECONDS,v1=HEX`` holds the
HMAC-SHA256 of ``SECONDS.BODY``. The body is the same at every attempt; only its signature is new.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from gongfu_fleet.adapters.notify.http_post import (
    PostFailedError,
    check_address,
    outcome_of_status,
    post,
)
from gongfu_fleet.domain.notify.notice import Notice
from gongfu_fleet.domain.notify.rate import Limits, Window
from gongfu_fleet.domain.notify.retry import Later, Outcome, Sent
from gongfu_fleet.domain.notify.text import text_of
from gongfu_fleet.services.notify_ports import Message

# Ours to choose: what a small receiver can take.
LIMITS = Limits((Window(300, 60_000),), most_bytes=1_000_000)


@dataclass(frozen=True)
class Webhook:
    """Fits the port Channel."""

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    real_ms: Callable[[], int] = field(repr=False)
    limits: Limits = LIMITS

    def __post_init__(self) -> None:
        check_address(self.url, self.name)

    def send(self, message: Message, link: str | None) -> Outcome:
        """Post the message with its key and signature."""
        body = json.dumps(fields(message, link), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": message.id,
            "X-Gongfu-Signature": self._signature(body),
        }
        try:
            answer = post(self.url, body, headers)
        except PostFailedError as fault:
            return Later(f"the network failed ({fault})")
        return outcome_of_status(answer) or Sent()

    def _signature(self, body: bytes) -> str:
        now_s = str(self.real_ms() // 1000)
        signed = hmac.new(self.secret.encode(), f"{now_s}.".encode() + body, hashlib.sha256)
        return f"t={now_s},v1={signed.hexdigest()}"


def fields(message: Message, link: str | None) -> dict[str, Any]:  # JSON of many kinds
    """A message as JSON; celsius, UTC ms."""
    text = text_of(message.bundle)
    return {
        "id": message.id,
        "channel": message.channel,
        "form": message.bundle.form.value,
        "made_ms": message.made_real_ms,
        "title": text.title,
        "lines": list(text.lines),
        "link": link,
        "mentions": list(message.bundle.mentions),
        "notices": [_notice(notice) for notice in message.bundle.notices],
    }


def _notice(notice: Notice) -> dict[str, Any]:  # JSON of many kinds
    return {
        "key": notice.key,
        "incident": notice.incident_id,
        "transition": notice.transition.value,
        "step": notice.step,
        "role": notice.role,
        "severity": notice.severity.value,
        **asdict(notice.facts),
    }
