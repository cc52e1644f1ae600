"""What a message says within its limit of bytes, and the token of its link."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify.link import VALID_MS, message_of, token
from gongfu_fleet.domain.notify.notice import Bundle, Form, Transition
from gongfu_fleet.domain.notify.text import Text, fitted, text_of
from gongfu_fleet.errors import ConflictError, NotFoundError
from tests.fleet.notify.examples import MONDAY_9, incident_id, notice

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
TAIL = f"确认：https://gongfu.example/api/acknowledge/{'x' * 48}\n编号 {incident_id(1)}"


def test_a_single_notice_says_what_where_how_far_and_since_when() -> None:
    text = text_of(Bundle(Form.SINGLE, (notice(7, severity=Severity.CRITICAL),)))
    assert text.title == "【严重】邻礼冷冻柜 cab-0007 1 区 温度过高"
    assert text.lines == ("峰值 -3.2 ℃，限值 -15.0 ℃", "自 11-23 09:00")


def test_a_step_of_the_ladder_says_when_nobody_is_on_duty() -> None:
    step = notice(transition=Transition.ESCALATED, step=1, role="dispatcher")
    assert text_of(Bundle(Form.SINGLE, (step,))).lines[-1] == "第 1 次催办：调度员，当前无人值班"


def test_a_parent_counts_its_children_and_names_the_gravest_first() -> None:
    children = (
        *(notice(n, site="hangzhou") for n in (1, 2)),
        notice(3, severity=Severity.CRITICAL),
    )
    text = text_of(Bundle(Form.PARENT, children))
    assert text.title == "【严重】site-1 温度过高，同一原因共 3 条".replace("site-1", "hangzhou")
    assert "cab-0003" in text.lines[0]


def test_a_name_can_neither_break_the_lines_nor_mention_anybody() -> None:
    facts = notice().facts.__class__(**{**notice().facts.__dict__, "asset_name": "柜\n<at>@all"})
    title = text_of(Bundle(Form.SINGLE, (notice(facts=facts),))).title
    assert "\n" not in title
    assert "<" not in title
    assert "@" not in title


@given(
    st.text(st.characters(codec="utf-8"), max_size=400),
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=300),
        max_size=60,
    ),
    st.sampled_from([2_048, 4_096, 8_000]),
)
def test_a_text_keeps_within_its_bytes_and_always_keeps_its_link(
    title: str, lines: list[str], most_bytes: int
) -> None:
    whole = fitted(Text(title, tuple(lines)), TAIL, most_bytes)
    assert len(whole.encode()) <= most_bytes
    assert whole.endswith(TAIL)


def test_what_does_not_fit_is_counted() -> None:
    whole = fitted(Text("题", tuple("行" * 100 for _ in range(10))), TAIL, 2_048)
    assert "……另有 4 行" in whole


def test_a_token_opens_its_message_until_it_expires() -> None:
    sent = token(KEY, incident_id(5), MONDAY_9)
    assert message_of(KEY, sent, MONDAY_9 + VALID_MS - 1_000) == incident_id(5)
    with pytest.raises(ConflictError, match="expired"):
        message_of(KEY, sent, MONDAY_9 + VALID_MS)


@given(st.integers(0, 47), st.characters(codec="ascii"))
def test_a_token_with_any_sign_altered_opens_nothing(place: int, sign: str) -> None:
    sent = token(KEY, incident_id(5), MONDAY_9)
    altered = sent[:place] + sign + sent[place + 1 :]
    assume(altered != sent)
    with pytest.raises(NotFoundError):
        message_of(KEY, altered, MONDAY_9)


@pytest.mark.parametrize("sent", ["", "x", "长" * 30, "A" * 48, "A" * 1_000])
def test_what_is_no_token_opens_nothing(sent: str) -> None:
    with pytest.raises(NotFoundError):
        message_of(KEY, sent, MONDAY_9)


def test_the_key_of_another_house_signs_nothing_here() -> None:
    with pytest.raises(NotFoundError):
        message_of(KEY, token(OTHER_KEY, incident_id(5), MONDAY_9), MONDAY_9)
