"""One message by a channel, to see that its address and key are right."""

from gongfu_broker.clock import Clock
from gongfu_fleet.domain.notify.notice import Bundle, Form
from gongfu_fleet.domain.notify.rate import wait_ms
from gongfu_fleet.domain.notify.retry import Outcome
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.notify_ports import Channel, Ended, Message, SendingDesk


def send_trial(channel: Channel, desk: SendingDesk, message_id: str, real_clock: Clock) -> Outcome:
    """Make one attempt, which counts against the limit like any other, and is not repeated.

    Raises ConflictError while the limit leaves no room.
    """
    now = real_clock.now_ms()
    seen = desk.look(channel.name, now, channel.limits.memory_ms)
    wait = wait_ms(seen.attempts, channel.limits, now, critical=False)
    wait = max(wait, seen.held_until_real_ms - now)
    if wait > 0:
        raise ConflictError(
            f"The limit of {channel.name} leaves no room.", f"Try again in {wait // 1000 + 1} s."
        )
    message = Message(message_id, channel.name, Bundle(Form.TRIAL, ()), now, 0)
    desk.begin(message, now, now)
    outcome = channel.send(message, None)
    tried = Message(message.id, message.channel, message.bundle, now, attempts=1)
    desk.end(tried, Ended(real_clock.now_ms(), outcome))
    return outcome
