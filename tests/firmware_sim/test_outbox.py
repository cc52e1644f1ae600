"""What a device owes, resends, drops and forgets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gongfu_firmware_sim.outbox import Key, Outbox, Pace, Range, Span

PACE = Pace(window=4, resend_s=10.0, resend_most_s=60.0, tries=5, capacity=20)


def outbox(count: int = 0, *, old: dict[int, Span] | None = None) -> Outbox:
    box = Outbox(3, old or {}, pace=PACE)
    box.reconnected(0.0)
    for _ in range(count):
        box.issue(0.0)
    return box


def test_numbers_begin_at_one_and_each_message_tells_the_oldest_still_held() -> None:
    box = outbox()
    assert [box.issue(0.0) for _ in range(3)] == [(1, 1), (2, 1), (3, 1)]
    box.acknowledge(3, 2, now_s=1.0)
    assert box.issue(1.0) == (4, 3)


def test_an_acknowledgement_frees_everything_up_to_it() -> None:
    box = outbox(5)
    assert box.acknowledge(3, 4, now_s=1.0) == 4
    assert box.head == Key(3, 5)
    assert box.take_settled() == ([Key(3, 4)], [])


def test_late_and_repeated_acknowledgements_free_nothing() -> None:
    box = outbox(5)
    box.acknowledge(3, 4, now_s=1.0)
    assert box.acknowledge(3, 4, now_s=2.0) == 0
    assert box.acknowledge(3, 2, now_s=2.0) == 0
    assert box.pending == 1


def test_an_acknowledgement_of_what_was_never_numbered_is_ignored() -> None:
    box = outbox(2)
    assert box.acknowledge(3, 9, now_s=1.0) == 0
    assert box.acknowledge(8, 1, now_s=1.0) == 0
    assert box.pending == 2


def test_live_messages_do_not_wait_for_the_backlog() -> None:
    box = outbox(old={1: Span(5, 9)})
    seq, _ = box.issue(0.0)
    assert box.is_live(Key(3, seq))
    assert box.next_backfill(2, 0.0) == Range(1, 5, 6)


def test_the_backlog_goes_in_order_over_boots_and_no_further_than_the_window() -> None:
    box = outbox(old={1: Span(5, 6), 2: Span(1, 4)})
    assert box.next_backfill(9, 0.0) == Range(1, 5, 6)
    assert box.next_backfill(9, 0.0) == Range(2, 1, 2)
    assert box.next_backfill(9, 0.0) is None
    box.acknowledge(1, 6, now_s=1.0)
    assert box.next_backfill(9, 1.0) == Range(2, 3, 4)
    assert box.next_backfill(9, 1.0) is None


def test_an_unacknowledged_message_is_sent_again_after_ten_seconds_then_less_often() -> None:
    box = outbox(1)
    assert not box.check_overdue(9.9)
    assert box.check_overdue(10.0)
    assert box.next_backfill(9, 10.0) == Range(3, 1, 1)
    assert not box.check_overdue(29.9)
    assert box.check_overdue(30.0)


def resend_rounds(box: Outbox, rounds: int, *, listening: bool) -> None:
    now_s = 0.0
    for _ in range(rounds):
        now_s += 100.0
        if listening:
            box.acknowledge(3, 0, now_s=now_s - 1)
        box.check_overdue(now_s)
        box.next_backfill(9, now_s)


def test_a_listening_platform_may_leave_a_message_unacknowledged_five_times() -> None:
    box = outbox(2)
    resend_rounds(box, 5, listening=True)
    assert box.dropped == 0
    resend_rounds(box, 6, listening=True)
    assert box.dropped == 1
    assert box.issue(1_000.0) == (3, 2)
    assert box.take_settled() == ([], [Key(3, 1)])


def test_a_silent_platform_makes_nothing_be_dropped() -> None:
    box = outbox(2)
    resend_rounds(box, 50, listening=False)
    assert (box.dropped, box.pending) == (0, 2)


def test_a_full_ring_gives_up_its_oldest_message() -> None:
    box = outbox(20, old={})
    assert box.issue(0.0) == (21, 2)
    assert (box.dropped, box.pending) == (1, 20)
    assert box.take_settled() == ([], [Key(3, 1)])


def test_a_full_ring_gives_up_the_messages_of_an_older_boot_first() -> None:
    box = outbox(19, old={2: Span(7, 7)})
    assert box.issue(0.0) == (20, 1)
    assert box.take_settled() == ([], [Key(2, 7)])


@given(st.dictionaries(st.integers(1, 2), st.integers(1, 6), max_size=2), st.integers(0, 6))
def test_after_a_reconnect_everything_unacknowledged_is_sent_again_in_order(
    old: dict[int, int], fresh: int
) -> None:
    box = outbox(fresh, old={boot: Span(1, count) for boot, count in old.items()})
    owed = [Key(b, s) for b in sorted(old) for s in range(1, old[b] + 1)]
    owed += [Key(3, s) for s in range(1, fresh + 1)]
    box.reconnected(1.0)
    sent: list[Key] = []
    while (part := box.next_backfill(3, 1.0)) is not None:
        sent += [Key(part.boot, seq) for seq in range(part.first, part.last + 1)]
        box.acknowledge(part.boot, part.last, now_s=1.0)
    assert sent == owed
    assert box.pending == 0


class Conversation(RuleBasedStateMachine):
    """A device and a platform that loses, repeats and delays at will."""

    def __init__(self) -> None:
        super().__init__()
        self.box = outbox(old={1: Span(4, 6)})
        self.owed = {Key(1, 4), Key(1, 5), Key(1, 6)}
        self.now_s = 0.0

    @rule()
    def measure(self) -> None:
        dropped = self.box.dropped
        oldest = min(self.owed, default=None)
        seq, lo = self.box.issue(self.now_s)
        assert lo <= seq
        if self.box.dropped > dropped and oldest is not None:
            self.owed.remove(oldest)
        self.owed.add(Key(3, seq))

    @rule(boot=st.integers(0, 4), seq=st.integers(0, 30))
    def acknowledge(self, boot: int, seq: int) -> None:
        newest = max((key.seq for key in self.owed if key.boot == 3), default=0)
        freed = self.box.acknowledge(boot, seq, now_s=self.now_s)
        if boot == 3 and seq > newest:
            assert freed == 0
            return
        self.owed = {key for key in self.owed if key.boot != boot or key.seq > seq}

    @rule()
    def reconnect(self) -> None:
        self.box.reconnected(self.now_s)

    @rule(limit=st.integers(1, 5))
    def backfill(self, limit: int) -> None:
        part = self.box.next_backfill(limit, self.now_s)
        if part is not None:
            asked = {Key(part.boot, seq) for seq in range(part.first, part.last + 1)}
            assert len(asked) <= limit
            assert asked <= self.owed

    @rule(seconds=st.floats(0, 100))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        dropped, oldest = self.box.dropped, min(self.owed, default=None)
        self.box.check_overdue(self.now_s)
        if self.box.dropped > dropped and oldest is not None:
            self.owed.remove(oldest)

    @invariant()
    def the_ring_holds_what_is_owed(self) -> None:
        assert self.box.pending == len(self.owed)
        assert self.box.head == min(self.owed, default=None)


test_device_and_platform_agree_on_what_is_owed = Conversation.TestCase


@pytest.mark.parametrize("seq", [0, -1])
def test_an_acknowledgement_of_nothing_frees_nothing(seq: int) -> None:
    assert outbox(3).acknowledge(3, seq, now_s=0.0) == 0
