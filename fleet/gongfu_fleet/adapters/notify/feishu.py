r"""Feishu (飞书) group bot: 100 messages a minute and 5 a second, a body of at most 20 KB.

With a secret the body holds timestamp and signature: HMAC-SHA256 with ``timestamp\nsecret`` as the
key over nothing. Contacts are open ids or user ids.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from html import escape

from gongfu_fleet.adapters.notify.chat_bot import Body, ChatBot, Codes, Dialect
from gongfu_fleet.domain.notify.rate import Limits, Window

MINUTE_MS = 60_000
# 20,480 bytes of body; escapes may double a text, mentions stand beside it.
LIMITS = Limits((Window(100, MINUTE_MS), Window(5, 1_000)), most_bytes=8_000)
CODES = Codes("code", busy={9499, 11232, 11233}, hold_ms=MINUTE_MS, unfit={10208, 19002})


def feishu(name: str, url: str, secret: str, real_ms: Callable[[], int]) -> ChatBot:
    """A bot by its address; an empty secret signs nothing."""

    def body(content: str, mentions: tuple[str, ...]) -> Body:
        named = "".join(f'<at user_id="{escape(one)}"></at>' for one in mentions)
        text = {
            "msg_type": "text",
            "content": {"text": f"{content}\n{named}" if named else content},
        }
        if not secret:
            return text
        now_s = str(real_ms() // 1000)
        sign = hmac.new(f"{now_s}\n{secret}".encode(), b"", hashlib.sha256).digest()
        return {"timestamp": now_s, "sign": base64.b64encode(sign).decode(), **text}

    return ChatBot(name, url, Dialect(LIMITS, CODES, body))
