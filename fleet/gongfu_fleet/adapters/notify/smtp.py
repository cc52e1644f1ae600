"""E-mail: one letter per message. The Message-ID is the message's id, to know a repeat by."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Literal

from gongfu_fleet.domain.notify.rate import Limits, Window
from gongfu_fleet.domain.notify.retry import Later, Outcome, Refused, Sent
from gongfu_fleet.domain.notify.text import text_of
from gongfu_fleet.services.notify_ports import Message

TIMEOUT_S = 7.0
PERMANENT = 500
# Ours to choose: many mailboxes take a hundred an hour and then look away.
LIMITS = Limits((Window(60, 3_600_000), Window(10, 60_000)), most_bytes=100_000)
Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True)
class Mailbox:
    """Where letters are handed in, and as whom; an empty user does not sign in."""

    host: str
    port: int
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Letters:
    """Fits the port Channel. Contacts that are addresses are written to beside ``to``."""

    name: str
    mailbox: Mailbox
    sender: str
    to: tuple[str, ...]
    limits: Limits = LIMITS

    def send(self, message: Message, link: str | None) -> Outcome:
        """Hand one letter in."""
        letter = self.letter(message, link)
        try:
            with _session(self.mailbox) as session:
                session.send_message(letter)
        except smtplib.SMTPResponseException as fault:
            why = f"the mail server answered {fault.smtp_code}"
            # Who may sign in is put right by people: until then the letter waits.
            lasting = fault.smtp_code >= PERMANENT
            credentials = isinstance(fault, smtplib.SMTPAuthenticationError)
            return Refused(why) if lasting and not credentials else Later(why)
        except smtplib.SMTPRecipientsRefused:
            return Refused("the mail server takes letters for none of the addresses")
        except (smtplib.SMTPException, OSError) as fault:
            return Later(f"the mail server is not reached ({type(fault).__name__})")
        return Sent()

    def letter(self, message: Message, link: str | None) -> EmailMessage:
        """The letter of a message."""
        text, letter = text_of(message.bundle), EmailMessage()
        people = [one for one in message.bundle.mentions if "@" in one]
        letter["From"] = self.sender
        letter["To"] = ", ".join(dict.fromkeys([*self.to, *people]))
        letter["Subject"] = text.title
        letter["Message-ID"] = f"<{message.id}@gongfu.invalid>"
        tail = [*([f"确认 / Acknowledge: {link}"] if link else []), f"编号 {message.id}"]
        letter.set_content("\n".join([text.title, *text.lines, "", *tail]))
        return letter


@contextmanager
def _session(mailbox: Mailbox) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if mailbox.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            mailbox.host, mailbox.port, timeout=TIMEOUT_S, context=context
        )
    else:
        session = smtplib.SMTP(mailbox.host, mailbox.port, timeout=TIMEOUT_S)
    with session:
        if mailbox.security == "starttls":
            session.starttls(context=context)
        if mailbox.user:
            session.login(mailbox.user, mailbox.password)
        yield session
