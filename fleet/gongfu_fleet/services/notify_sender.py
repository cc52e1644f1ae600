"""The sender of one channel: plans, waits for the limit, tries, notes; fits ``Consumer``.

An attempt is noted before it is made, so that even a kill between sending and noting keeps the
limit. What was sealed is sent again with the same id and the same content.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gongfu_broker.clock import Clock
from gongfu_fleet.domain.notify.plan import plan
from gongfu_fleet.domain.notify.rate import wait_ms
from gongfu_fleet.domain.notify.retry import Busy, Later, Outcome, Refused, Sent, next_try_ms
from gongfu_fleet.services.notify_ports import Channel, Desk, Ended, Message, SendingDesk

_log = logging.getLogger(__name__)
LinkOf = Callable[[Message], str | None]


@dataclass
class ChannelSender:
    """``new_id`` gives ids of messages, ``link_of`` the acknowledge link of one, or None."""

    channel: Channel
    desk: SendingDesk
    real_clock: Clock
    new_id: Callable[[], str]
    link_of: LinkOf
    failure: str | None = field(default=None, init=False)

    def turn(self) -> int:
        """Send at most one message; returns how many were tried."""
        now = self.real_clock.now_ms()
        desk = self.desk.look(self.channel.name, now, self.channel.limits.memory_ms)
        message = self._next(desk, now)
        if message is None or desk.held_until_real_ms > now:
            return 0
        critical = message.bundle.critical
        if wait_ms(desk.attempts, self.channel.limits, now, critical=critical):
            return 0
        again = next_try_ms(message.attempts + 1, message.made_real_ms, now)
        self.desk.begin(message, now, now if again is None else again)
        outcome = self.channel.send(message, self.link_of(message))
        self._note(message, outcome)
        return 1

    def rest(self) -> None:
        """Nothing waits in memory."""

    def tick(self, now_ms: int) -> None:
        """The sender looks at the time in every turn."""

    def troubles(self) -> list[str]:
        """A sentence while the channel fails."""
        if self.failure is None:
            return []
        fault = f"Notifications cannot be sent by {self.channel.name}: {self.failure}."
        return [f"{fault} They wait; see that the service is reached and its key is right."]

    def _next(self, desk: Desk, now_real_ms: int) -> Message | None:
        planned = plan(desk.waiting, desk.pace, now_real_ms)
        if planned.flood != desk.pace.flood:
            self.desk.keep_flood(self.channel.name, flood=planned.flood)
            words = "floods: digests only" if planned.flood else "floods no more"
            _log.warning("channel %s %s", self.channel.name, words)
        found = list(desk.retries)
        if planned.bundles:
            first = planned.bundles[0]
            found.append(Message(self.new_id(), self.channel.name, first, now_real_ms, 0))
        return min(found, key=_order, default=None)

    def _note(self, message: Message, outcome: Outcome) -> None:
        now = self.real_clock.now_ms()
        tried = replace(message, attempts=message.attempts + 1)
        self.desk.end(tried, Ended(now, outcome, self._next_try(tried, outcome, now)))
        before, self.failure = self.failure, None if isinstance(outcome, Sent) else outcome.why
        if self.failure and before is None:
            _log.error("channel %s fails: %s", self.channel.name, self.failure)
        elif before and self.failure is None:
            _log.warning("channel %s works again", self.channel.name)

    @staticmethod
    def _next_try(message: Message, outcome: Outcome, now_real_ms: int) -> int | None:
        match outcome:
            case Sent() | Refused():
                return None
            case Busy() | Later():
                due = next_try_ms(message.attempts, message.made_real_ms, now_real_ms)
        if due is not None and isinstance(outcome, Busy):
            return now_real_ms + outcome.hold_ms
        return due


def _order(message: Message) -> tuple[int, int]:
    return -message.bundle.rank, message.bundle.made_real_ms
