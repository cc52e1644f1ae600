"""A session's token is replaced while requests travel, and an old one opens nothing for long."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.web_session import (
    ABSOLUTE_MS,
    GRACE_MS,
    IDLE_MS,
    ROTATE_MS,
    Step,
    WebSession,
    rotated,
    step,
)

NOW = 1_790_000_000_000
FIRST = WebSession("1", "li", "first", created_ms=NOW, seen_ms=NOW, rotated_ms=NOW)
LATER = NOW + ROTATE_MS
SECOND = rotated(FIRST, "first", "second", LATER)
CONFIRMED = replace(SECOND, confirmed_ms=LATER + 10)


@pytest.mark.parametrize(
    ("session", "shown", "after_ms", "expected"),
    [
        (FIRST, "first", ROTATE_MS - 1, Step.PASS),
        (FIRST, "first", ROTATE_MS, Step.ROTATE),
        (FIRST, "other", 0, Step.REFUSE),
        (SECOND, "second", ROTATE_MS + 1, Step.CONFIRM),
        (SECOND, "first", ROTATE_MS + 1, Step.PASS),
        (SECOND, "first", ROTATE_MS + GRACE_MS, Step.ROTATE),
        (CONFIRMED, "second", ROTATE_MS + 20, Step.PASS),
        (CONFIRMED, "first", ROTATE_MS + 10 + GRACE_MS - 1, Step.PASS),
        (CONFIRMED, "first", ROTATE_MS + 10 + GRACE_MS, Step.REFUSE),
        (CONFIRMED, "second", 2 * ROTATE_MS, Step.ROTATE),
    ],
)
def test_what_a_shown_token_leads_to(
    session: WebSession, shown: str, after_ms: int, expected: Step
) -> None:
    assert step(session, shown, NOW + after_ms) is expected


@given(st.sampled_from([FIRST, SECOND, CONFIRMED]), st.sampled_from(["first", "second"]))
def test_no_token_outlives_the_session(session: WebSession, shown: str) -> None:
    used = replace(session, seen_ms=NOW + ABSOLUTE_MS - 1)
    assert step(used, shown, NOW + ABSOLUTE_MS) is Step.REFUSE
    assert step(session, shown, session.seen_ms + IDLE_MS) is Step.REFUSE
