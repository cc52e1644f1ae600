r"""DingTalk (钉钉) group bot: 20 messages a minute, over it the bot is blocked for ten.

With a secret the address is signed: timestamp and HMAC-SHA256 of ``timestamp\nsecret``. Contacts
are mobile numbers or user ids; a mention shows only when the text names it too.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlencode

from gongfu_fleet.adapters.notify.chat_bot import Body, ChatBot, Codes, Dialect
from gongfu_fleet.domain.notify.rate import Limits, Window

MINUTE_MS = 60_000
BLOCK_MS = 10 * MINUTE_MS
MOBILE_DIGITS = 11
# The bot's limit is 20,000 bytes of body; escapes may double a text, mentions stand beside it.
LIMITS = Limits((Window(20, MINUTE_MS),), most_bytes=8_000)
CODES = Codes("errcode", busy={130101, 410100}, hold_ms=BLOCK_MS, unfit={400101, 460101})


def dingtalk(name: str, url: str, secret: str, real_ms: Callable[[], int]) -> ChatBot:
    """A bot by its address; an empty secret signs nothing."""

    def signed(address: str) -> str:
        if not secret:
            return address
        now_ms = str(real_ms())
        digest = hmac.new(secret.encode(), f"{now_ms}\n{secret}".encode(), hashlib.sha256).digest()
        sign = urlencode({"timestamp": now_ms, "sign": base64.b64encode(digest).decode()})
        return f"{address}{'&' if '?' in address else '?'}{sign}"

    return ChatBot(name, url, Dialect(LIMITS, CODES, _body, signed))


def _body(content: str, mentions: tuple[str, ...]) -> Body:
    mobiles = [one for one in mentions if one.isdigit() and len(one) == MOBILE_DIGITS]
    people = [one for one in mentions if one not in mobiles]
    named = " ".join(f"@{one}" for one in mentions)
    at = {"atMobiles": mobiles, "atUserIds": people, "isAtAll": False}
    text = f"{content}\n{named}" if named else content
    return {"msgtype": "text", "text": {"content": text}, "at": at}
