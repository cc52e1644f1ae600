"""S7 in messages: what a name does to a chat message, to a letter, to who reads them."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import SMTP
from unicodedata import category

from gongfu.security.payloads import CHAT, HEADER, HTML, TERMINAL
from gongfu_fleet.adapters.notify.chat_bot import ChatBot
from gongfu_fleet.adapters.notify.dingtalk import dingtalk
from gongfu_fleet.adapters.notify.feishu import feishu
from gongfu_fleet.adapters.notify.smtp import Letters, Mailbox
from gongfu_fleet.adapters.notify.wecom import wecom
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify.notice import Bundle, Facts, Form, Notice, Transition
from gongfu_fleet.services.notify_ports import Message

AT_MS = 1_795_395_600_000
ADDRESS = "https://bot.example/hook"
PLAIN = "cabinet of the canteen"
PARTS = 4  # of a chat message about two incidents: title, two lines, the key


def notice_injections() -> Iterator[tuple[str, str, str]]:
    """Sink, payload, and what it did beyond being text, or nothing."""
    bots = [
        wecom("wecom", ADDRESS),
        dingtalk("dingtalk", ADDRESS, "", lambda: AT_MS),
        feishu("feishu", ADDRESS, "", lambda: AT_MS),
    ]
    letters = Letters("mail", Mailbox("mail.example", 25), "gongfu@example.org", ("a@example.org",))
    for payload in (*CHAT, *HEADER, *HTML, *TERMINAL):
        for bot in bots:
            yield bot.name, payload, _chat_effect(bot, payload)
        yield "mail", payload, _letter_effect(letters, payload)


def _message(name: str) -> Message:
    """Two incidents of one cause: the site stands in the title, the names in the lines."""
    facts = Facts("cab-0001", name, name, 1, "temperature_high", AT_MS, 11.5, 8.0)
    ids = [f"01900000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3)]
    notices = tuple(
        Notice(one, Transition.RAISED, "bot", Severity.HIGH, facts, AT_MS) for one in ids[:2]
    )
    return Message(ids[2], "bot", Bundle(Form.PARENT, notices), AT_MS, 0)


def _chat_effect(bot: ChatBot, payload: str) -> str:
    content = bot.content(_message(payload), None)
    if content.count("\n") != PARTS - 1:
        return "makes lines of its own"
    if "<" in content or "@" in content:
        return "may mention somebody"
    return _steering(content)


def _letter_effect(letters: Letters, payload: str) -> str:
    read, plain = (
        message_from_bytes(letters.letter(_message(name), None).as_bytes(), policy=SMTP)
        for name in (payload, PLAIN)
    )
    if sorted(read.keys()) != sorted(plain.keys()) or read["To"] != plain["To"]:
        return f"the letter's head is {read.items()}"
    body, usual = (letter.get_content() for letter in (read, plain))
    if read.is_multipart() or len(body.splitlines()) != len(usual.splitlines()):
        return "makes lines of its own"
    return _steering(f"{read['Subject']}{body}")


def _steering(text: str) -> str:
    found = [mark for mark in text if mark not in "\r\n" and category(mark) in ("Cc", "Cf", "Cs")]
    return f"carries {found}" if found else ""
