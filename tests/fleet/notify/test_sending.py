"""Senders against servers that enforce the real limits, with kills, refusals and outages."""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Sequence
from itertools import count

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.adapters.db.outbox_sending import SqlSendingDesk
from gongfu_fleet.adapters.notify.dingtalk import dingtalk
from gongfu_fleet.adapters.notify.feishu import feishu
from gongfu_fleet.adapters.notify.webhook import Webhook
from gongfu_fleet.adapters.notify.wecom import wecom
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify.notice import Notice, Transition
from gongfu_fleet.services.notify_ports import Channel, Ended, Message, Recording
from gongfu_fleet.services.notify_sender import ChannelSender
from tests.fleet.notify.bots import BLOCK_MS, KEY, SECRET, Bots
from tests.fleet.notify.examples import HOUR, MINUTE, MONDAY_9, incident_id, notice

MAKERS: dict[str, Callable[[Bots], Channel]] = {
    "wecom": lambda bots: wecom("bot", bots.address("wecom")),
    "dingtalk": lambda bots: dingtalk("bot", bots.address("dingtalk"), SECRET, bots.clock.now_ms),
    "feishu": lambda bots: feishu("bot", bots.address("feishu"), SECRET, bots.clock.now_ms),
    "hook": lambda bots: Webhook("bot", bots.address("hook"), SECRET, bots.clock.now_ms),
}
IDS = count(9_000)


class KilledDesk(SqlSendingDesk):
    """Dies between sending and noting that it was sent."""

    def end(self, message: Message, ended: Ended) -> None:
        raise InterruptedError(f"{message.id} {ended.real_ms}")


def sender(engine: Engine, bots: Bots, service: str = "wecom") -> ChannelSender:
    return ChannelSender(
        channel=MAKERS[service](bots),
        desk=SqlSendingDesk(engine),
        real_clock=bots.clock,
        new_id=lambda: incident_id(next(IDS)),
        link_of=lambda message: f"https://gongfu.example/api/acknowledge/{message.id}",
    )


def put(engine: Engine, notices: Sequence[Notice]) -> None:
    outbox = SqlOutbox(engine)
    before = outbox.cursor()
    outbox.save(Recording(before, (before or 0) + 1, notices))


def run_until(sender: ChannelSender, bots: Bots, end_ms: int, step_ms: int = 1_000) -> None:
    while bots.clock.now < end_ms:
        if not sender.turn():
            bots.clock.now += step_ms


def storm(size: int) -> list[Notice]:
    """Alarms of as many sites within a minute, every fourth critical."""
    return [
        notice(
            n,
            made=MONDAY_9 + n * 50,
            severity=Severity.CRITICAL if n % 4 == 0 else Severity.HIGH,
        )
        for n in range(1, size + 1)
    ]


@pytest.mark.parametrize(("service", "size"), [("wecom", 100), ("dingtalk", 100), ("feishu", 40)])
def test_a_storm_never_passes_the_limit_and_the_critical_comes_first(
    fleet_db: Engine, bots: Bots, service: str, size: int
) -> None:
    put(fleet_db, storm(size))
    run_until(sender(fleet_db, bots, service), bots, MONDAY_9 + 13 * MINUTE, step_ms=5_000)
    assert (bots.over_limit, bots.faults) == (0, [])
    texts = [str(one.body) for one in bots.taken]
    critical = [i for i, text in enumerate(texts) if "【严重】" in text]
    assert len(critical) == size // 4
    assert critical == list(range(size // 4)), "each critical one before anything else"
    assert sum("汇总" in text for text in texts) == len(texts) - size // 4, "the others in digests"
    state = SqlOutbox(fleet_db).channels()["bot"]
    assert (state.waiting, state.failed, state.sent) == (0, 0, len(bots.taken))


def test_a_slow_trickle_keeps_the_limit_too(fleet_db: Engine, bots: Bots) -> None:
    calm = [notice(n, made=MONDAY_9, transition=Transition.ESCALATED, step=n) for n in range(1, 9)]
    put(fleet_db, calm)
    run_until(sender(fleet_db, bots), bots, MONDAY_9 + MINUTE)
    assert len(bots.taken) == 8
    assert bots.over_limit == 0


def test_sixty_eight_cabinets_of_one_site_are_one_message(fleet_db: Engine, bots: Bots) -> None:
    critical = Severity.CRITICAL
    put(fleet_db, [notice(n, site="hangzhou", severity=critical) for n in range(1, 69)])
    run_until(sender(fleet_db, bots), bots, MONDAY_9 + 2 * MINUTE)
    (one,) = bots.taken
    content = one.body["text"]["content"]
    assert "同一原因共 68 条" in content
    assert content.splitlines()[-2].startswith("确认：https://gongfu.example/")


def test_a_kill_between_sending_and_noting_repeats_the_same_message(
    fleet_db: Engine, bots: Bots
) -> None:
    put(fleet_db, [notice(1, severity=Severity.CRITICAL)])
    dying = sender(fleet_db, bots, "hook")
    dying.desk = KilledDesk(fleet_db)
    with pytest.raises(InterruptedError):
        dying.turn()
    put(fleet_db, [notice(2, site="site-1", severity=Severity.CRITICAL)])
    run_until(sender(fleet_db, bots, "hook"), bots, MONDAY_9 + MINUTE)
    keys = [one.headers["idempotency-key"] for one in bots.taken]
    again = [one for one in bots.taken if one.headers["idempotency-key"] == keys[0]]
    assert len(again) == 2
    assert again[0].body == again[1].body
    assert len(set(keys)) == 2


def test_attempts_that_nobody_ended_still_count_against_the_limit(
    fleet_db: Engine, bots: Bots
) -> None:
    put(fleet_db, [notice(n, severity=Severity.CRITICAL) for n in range(1, 26)])
    for _ in range(20):
        dying = sender(fleet_db, bots)
        dying.desk = KilledDesk(fleet_db)
        with pytest.raises(InterruptedError):
            dying.turn()
    assert sender(fleet_db, bots).turn() == 0
    run_until(sender(fleet_db, bots), bots, MONDAY_9 + 3 * MINUTE, step_ms=5_000)
    assert bots.over_limit == 0
    assert SqlOutbox(fleet_db).channels()["bot"].waiting == 0


def test_a_webhook_is_signed_and_its_signature_covers_time_and_body(
    fleet_db: Engine, bots: Bots
) -> None:
    put(fleet_db, [notice(1, severity=Severity.CRITICAL)])
    channel = MAKERS["hook"](bots)
    assert isinstance(channel, Webhook)
    assert sender(fleet_db, bots, "hook").turn() == 1
    (one,) = bots.taken
    stamp, _, given = one.headers["x-gongfu-signature"].partition(",v1=")
    seconds = stamp.removeprefix("t=")
    raw = json.dumps(one.body, ensure_ascii=False).encode()
    told = hmac.new(SECRET.encode(), f"{seconds}.".encode() + raw, hashlib.sha256).hexdigest()
    assert (int(seconds), given) == (MONDAY_9 // 1000, told)
    assert one.body["notices"][0]["key"] == notice(1).key


def test_after_a_failure_the_message_is_tried_again_and_the_trouble_told_meanwhile(
    fleet_db: Engine, bots: Bots, caplog: pytest.LogCaptureFixture
) -> None:
    bots.answers.extend([500, 503])
    put(fleet_db, [notice(1, severity=Severity.CRITICAL)])
    ours = sender(fleet_db, bots)
    with caplog.at_level(logging.INFO):
        assert ours.turn() == 1
        assert "answered 500" in ours.troubles()[0]
        run_until(ours, bots, MONDAY_9 + MINUTE)
    assert ours.troubles() == []
    assert [one.at_ms - MONDAY_9 for one in bots.taken] == [15_000]
    words = [record.getMessage() for record in caplog.records]
    assert [word for word in words if "fails" in word or "works again" in word] == [
        "channel bot fails: the service answered 500",
        "channel bot works again",
    ]


def test_no_log_and_no_row_ever_holds_the_key_of_a_bot(
    fleet_db: Engine, bots: Bots, caplog: pytest.LogCaptureFixture
) -> None:
    put(fleet_db, [notice(1, severity=Severity.CRITICAL)])
    dead = wecom("bot", f"http://127.0.0.1:9/send?key={KEY}")
    ours = sender(fleet_db, bots)
    ours.channel = dead
    with caplog.at_level(logging.DEBUG):
        ours.turn()
    (message,) = SqlOutbox(fleet_db).messages(1)
    told = f"{caplog.text} {ours.troubles()} {message} {dead!r}"
    assert "network failed" in message.error
    assert KEY not in told


def test_what_a_service_will_never_take_is_given_up_and_the_others_go_on(
    fleet_db: Engine, bots: Bots
) -> None:
    bots.answers.append(400)
    put(fleet_db, [notice(n, severity=Severity.CRITICAL) for n in (1, 2)])
    run_until(sender(fleet_db, bots), bots, MONDAY_9 + MINUTE)
    state = SqlOutbox(fleet_db).channels()["bot"]
    assert (state.failed, state.sent) == (1, 1)


def test_a_bot_that_is_blocked_is_left_alone_until_the_block_ends(
    fleet_db: Engine, bots: Bots
) -> None:
    bots.blocked_until_ms = MONDAY_9 + BLOCK_MS
    put(fleet_db, [notice(1, severity=Severity.CRITICAL)])
    end_ms = MONDAY_9 + BLOCK_MS + 2 * MINUTE
    run_until(sender(fleet_db, bots, "dingtalk"), bots, end_ms, step_ms=MINUTE)
    assert bots.over_limit == 1
    assert len(bots.taken) == 1


def test_a_service_that_is_gone_for_a_day_is_given_up_with_its_reason(
    fleet_db: Engine, bots: Bots
) -> None:
    put(fleet_db, [notice(1, severity=Severity.CRITICAL)])
    bots.answers.extend([502] * 200)
    run_until(sender(fleet_db, bots), bots, MONDAY_9 + 25 * HOUR, step_ms=2 * HOUR)
    (message,) = SqlOutbox(fleet_db).messages(5)
    assert (message.state, message.error) == ("failed", "the service answered 502")
    assert message.attempts == 13


def test_what_waits_for_a_channel_that_is_no_longer_configured_is_dropped(
    fleet_db: Engine,
) -> None:
    put(fleet_db, [notice(1), notice(2, channel="other")])
    outbox = SqlOutbox(fleet_db)
    outbox.retire(["other"])
    assert {name: one.waiting for name, one in outbox.channels().items()} == {"other": 1}


def test_old_messages_are_forgotten_and_what_waits_is_kept(fleet_db: Engine, bots: Bots) -> None:
    put(fleet_db, [notice(1, severity=Severity.CRITICAL)])
    sender(fleet_db, bots).turn()
    put(fleet_db, [notice(2)])
    outbox = SqlOutbox(fleet_db)
    outbox.trim(MONDAY_9 + 1)
    assert outbox.messages(5) == []
    assert outbox.channels()["bot"].waiting == 1
