"""What was sent is shown to whoever sees the whole fleet; on both kinds of database."""

from collections.abc import Callable
from dataclasses import replace

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.adapters.db.outbox_sending import SqlSendingDesk
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.notify.escalation import Ascent
from gongfu_fleet.domain.notify.notice import Bundle, Form
from gongfu_fleet.domain.notify.rate import Attempt
from gongfu_fleet.domain.notify.retry import Busy, Refused, Sent
from gongfu_fleet.services.notify_ports import Dropped, Ended, Message, Recording, Told
from tests.fleet.notify.examples import HOUR, MONDAY_9, incident_id, notice, raised

Browser = Callable[[str], httpx.Client]
MESSAGE = incident_id(700)


def test_notices_go_their_way_and_are_shown(
    county: Engine, deps: ApiDeps, app: FastAPI, browser: Browser
) -> None:
    outbox, desk = SqlOutbox(county), SqlSendingDesk(county)
    SqlIncidentStore(county).append([Draft(incident_id(1), raised())], at_ms=MONDAY_9)
    one, two = notice(1), notice(2, severity=Severity.CRITICAL)
    ascent = Ascent(incident_id(1), Severity.HIGH, MONDAY_9, 1, MONDAY_9 + HOUR)
    outbox.save(Recording(None, outbox.newest(), [one, two], ascents=[ascent]))
    assert [known.seq for known in outbox.entries(0, 9)] == [outbox.cursor()]
    assert outbox.due(MONDAY_9 + HOUR, 9)[0][0] == ascent
    message = Message(MESSAGE, "bot", Bundle(Form.SINGLE, (two,)), MONDAY_9, 0)
    desk.begin(message, MONDAY_9, MONDAY_9 + 5_000)
    looked = desk.look("bot", MONDAY_9 + 6_000, 60_000)
    assert (looked.waiting, looked.retries) == ([one], [replace(message, attempts=1)])
    assert looked.attempts == [Attempt(MONDAY_9)]
    tried = replace(message, attempts=1)
    desk.end(tried, Ended(MONDAY_9 + 9, Busy("full", 60_000), MONDAY_9 + 60_009))
    app.state.deps = replace(deps, notices=outbox)
    seen = browser("manager").get("/api/notices").json()
    (channel,) = seen["channels"]
    assert (channel["waiting"], channel["held_why"]) == (2, "full")
    (shown,) = seen["messages"]
    assert (shown["state"], shown["error"], shown["incident_ids"]) == (
        "waiting", "full", [incident_id(2)],
    )  # fmt: skip
    desk.begin(tried, MONDAY_9 + 60_009, MONDAY_9 + 70_000)
    desk.end(replace(message, attempts=2), Ended(MONDAY_9 + 60_100, Sent()))
    assert browser("admin").get("/api/notices").json()["messages"][0]["state"] == "sent"


def test_what_is_known_is_found_and_what_is_old_is_forgotten(county: Engine) -> None:
    outbox, desk = SqlOutbox(county), SqlSendingDesk(county)
    SqlIncidentStore(county).append([Draft(incident_id(1), raised())], at_ms=MONDAY_9)
    one, gone = notice(1), notice(2, channel="gone")
    ascent = Ascent(incident_id(1), Severity.HIGH, MONDAY_9, 1, MONDAY_9 + HOUR)
    outbox.save(Recording(None, 1, [one, gone], [Dropped(notice(3), "shelved")], [ascent]))
    assert outbox.known([one.key, "unknown"]) == {one.key}
    assert outbox.told([incident_id(n) for n in (1, 3)]) == {Told(incident_id(1), "bot"): 0}
    assert outbox.climbing([incident_id(1), incident_id(2)]) == {incident_id(1)}
    outbox.save(Recording(1, 2, ended=[incident_id(1)]))
    assert outbox.climbing([incident_id(1)]) == set()
    message = Message(MESSAGE, "bot", Bundle(Form.SINGLE, (one,)), MONDAY_9, 0)
    desk.begin(message, MONDAY_9, MONDAY_9)
    desk.end(replace(message, attempts=1), Ended(MONDAY_9, Refused("no")))
    outbox.retire(["bot"])
    assert {name: state.waiting for name, state in outbox.channels().items()} == {"bot": 0}
    outbox.trim(MONDAY_9 + 1)
    assert outbox.known([one.key, gone.key, notice(3).key]) == set()


def test_a_process_that_tells_nobody_shows_nothing(browser: Browser) -> None:
    assert browser("manager").get("/api/notices").json() == {"channels": [], "messages": []}
