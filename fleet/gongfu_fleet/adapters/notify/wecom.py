"""WeCom (企业微信) group bot: 20 messages a minute, text of at most 2,048 bytes.

Over the limit it answers errcode 45009. Contacts are user ids, or mobile numbers of 11 digits.
"""

from gongfu_fleet.adapters.notify.chat_bot import Body, ChatBot, Codes, Dialect
from gongfu_fleet.domain.notify.rate import Limits, Window

MINUTE_MS = 60_000
MOBILE_DIGITS = 11
LIMITS = Limits((Window(20, MINUTE_MS),), most_bytes=2_048)
# 40008 message type, 40058 parameter, 45002 too long: the same body will never do.
CODES = Codes("errcode", busy={45009, 45033}, hold_ms=MINUTE_MS, unfit={40008, 40058, 45002})


def wecom(name: str, url: str) -> ChatBot:
    """A bot by its webhook address, key included."""
    return ChatBot(name, url, Dialect(LIMITS, CODES, _body))


def _body(content: str, mentions: tuple[str, ...]) -> Body:
    mobiles = [one for one in mentions if one.isdigit() and len(one) == MOBILE_DIGITS]
    people = [one for one in mentions if one not in mobiles]
    text = {"content": content, "mentioned_list": people, "mentioned_mobile_list": mobiles}
    return {"msgtype": "text", "text": text}
