"""What the group bots have in common: a JSON text posted to an address, a code in the answer."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from gongfu_fleet.adapters.notify.http_post import (
    Answer,
    PostFailedError,
    check_address,
    outcome_of_status,
    post,
)
from gongfu_fleet.domain.notify.rate import Limits
from gongfu_fleet.domain.notify.retry import Busy, Later, Outcome, Refused, Sent
from gongfu_fleet.domain.notify.text import fitted, text_of
from gongfu_fleet.services.notify_ports import Message

JSON_TYPE = "application/json; charset=utf-8"
Body = Mapping[str, Any]  # each service has its own fields


@dataclass(frozen=True)
class Codes:
    """What a service's answer means: the field of its code, and the codes that say more."""

    field: str
    busy: Collection[int]
    hold_ms: int
    unfit: Collection[int] = ()


@dataclass(frozen=True)
class Dialect:
    """How a service is spoken to.

    ``body_of`` makes the request of a text and the contacts it mentions; ``address_of`` the
    address of this moment from the one in the settings.
    """

    limits: Limits
    codes: Codes
    body_of: Callable[[str, tuple[str, ...]], Body]
    address_of: Callable[[str], str] = field(default=lambda url: url)


@dataclass(frozen=True)
class ChatBot:
    """Fits the port Channel. The address holds the bot's key and never shows in a repr."""

    name: str
    url: str = field(repr=False)
    dialect: Dialect

    def __post_init__(self) -> None:
        check_address(self.url, self.name)

    @property
    def limits(self) -> Limits:
        """What the service allows."""
        return self.dialect.limits

    def send(self, message: Message, link: str | None) -> Outcome:
        """Post the message as text."""
        content = self.content(message, link)
        body = self.dialect.body_of(content, message.bundle.mentions)
        raw = json.dumps(body, ensure_ascii=False).encode()
        try:
            answer = post(self.dialect.address_of(self.url), raw, {"Content-Type": JSON_TYPE})
        except PostFailedError as fault:
            return Later(f"the network failed ({fault})")
        return outcome_of_status(answer) or self._outcome(answer)

    def content(self, message: Message, link: str | None) -> str:
        """The text within the service's limit; its end says the key, for it may come twice."""
        tail = "\n".join([*([f"确认：{link}"] if link else []), f"编号 {message.id}"])
        return fitted(text_of(message.bundle), tail, self.limits.most_bytes)

    def _outcome(self, answer: Answer) -> Outcome:
        codes = self.dialect.codes
        try:
            code = json.loads(answer.body)[codes.field]
        except (ValueError, TypeError, KeyError):
            return Later("the service's answer cannot be read")
        if code == 0:
            return Sent()
        why = f"the service answered {codes.field} {code}"
        if code in codes.busy:
            return Busy(why, codes.hold_ms)
        return Refused(why) if code in codes.unfit else Later(why)
