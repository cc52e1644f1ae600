"""A command is carried out once, over reboots too, not after its expiry, and then answered."""

from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.payloads import Command, Result
from gongfu_firmware_sim.commands import LONGEST_LIFE_MS, REMEMBERED, CommandDesk, Done

NOW = 1_762_560_000_000


def command(id_: str = "c1", *, exp: int = NOW + 30_000, now: int = NOW) -> Command:
    return Command(id=id_, name="unlock", exp=exp, now=now)


def awake(*known: Done) -> CommandDesk:
    desk = CommandDesk(known)
    desk.hear(NOW)
    return desk


def carry_out(desk: CommandDesk) -> list[Done]:
    """What a device does each turn: execute, make durable, remember."""
    done = [Done(one.exp, refusal or Result(one.id, "ok")) for one, refusal in desk.take()]
    for one in done:
        desk.note(one)
    return done


def test_a_fresh_command_waits_until_it_is_carried_out_and_is_then_answered() -> None:
    desk = awake()
    assert desk.handle(command()) is None
    assert [done.result.st for done in carry_out(desk)] == ["ok"]
    assert desk.handle(command()) == Result("c1", "ok")
    assert desk.executed == 1


def test_a_repeat_that_comes_while_it_is_carried_out_does_not_begin_it_again() -> None:
    desk = awake()
    desk.handle(command())
    (taken,) = desk.take()
    assert desk.handle(command()) is None
    assert desk.take() == []
    desk.note(Done(taken[0].exp, Result("c1", "ok")))
    assert desk.executed == 1


def test_an_expired_command_is_not_carried_out() -> None:
    desk = awake()
    assert desk.handle(command(exp=NOW)) == Result("c1", "expired")
    assert desk.take() == []


def test_a_command_held_up_on_its_way_is_judged_by_the_last_time_heard() -> None:
    desk = awake()
    desk.hear(NOW + 31_000)
    desk.hear(NOW)  # the platform's time does not go back
    assert desk.handle(command()) == Result("c1", "expired")


def test_a_command_that_expires_while_it_waits_is_not_carried_out() -> None:
    desk = awake()
    desk.handle(command())
    desk.hear(NOW + 30_000)
    assert [done.result.st for done in carry_out(desk)] == ["expired"]
    assert desk.executed == 0


def test_before_the_platform_told_its_time_nothing_is_carried_out() -> None:
    desk = CommandDesk()
    assert desk.handle(command()) is None
    assert desk.take() == []


def test_a_command_that_expires_much_later_is_refused() -> None:
    desk = awake()
    desk.handle(command(exp=NOW + LONGEST_LIFE_MS + 1))
    assert [done.result.st for done in carry_out(desk)] == ["rejected"]


def test_what_was_carried_out_before_a_reboot_is_answered_and_not_repeated() -> None:
    before = awake()
    before.handle(command())
    after = awake(*carry_out(before))
    assert after.handle(command()) == Result("c1", "ok")
    assert after.take() == []


def test_a_memory_full_of_fresh_commands_takes_no_more_and_forgets_expired_ones_first() -> None:
    desk = awake()
    for number in range(REMEMBERED):
        desk.handle(command(f"c{number}"))
    carry_out(desk)
    assert desk.handle(command("one too many")) is None
    assert desk.take() == []
    desk.hear(NOW + 30_000)
    assert desk.handle(command("later", exp=NOW + 60_000)) is None
    assert [done.result.id for done in carry_out(desk)] == ["later"]
    # The one that was forgotten for it is expired for ever.
    assert desk.handle(command("c0")) == Result("c0", "expired")


STEP = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 3), st.integers(0, 90_000)),
    st.tuples(st.just("hear"), st.just(0), st.integers(0, 90_000)),
    st.tuples(st.just("turn"), st.just(0), st.just(0)),
    st.tuples(st.just("reboot"), st.just(0), st.just(0)),
)


@given(st.lists(STEP, max_size=40))
def test_however_often_it_is_replayed_no_command_is_carried_out_twice_or_late(
    steps: list[tuple[str, int, int]],
) -> None:
    """Whoever replays may send any captured command at any time, also around reboots."""
    desk, disk, runs, real_ms = awake(), list[Done](), list[str](), NOW
    captured = [command(f"c{n}", exp=NOW + 15_000 * (n + 1)) for n in range(4)]
    for kind, number, later_ms in steps:
        if kind == "say":
            desk.handle(captured[number])
        elif kind == "hear":
            real_ms = max(real_ms, NOW + later_ms)
            desk.hear(real_ms)
        elif kind == "turn":
            done = carry_out(desk)
            disk += done
            runs += [one.result.id for one in done if one.result.st == "ok"]
            assert all(one.exp_ms > real_ms for one in done if one.result.st == "ok")
        else:
            desk = CommandDesk(disk)
    assert len(runs) == len(set(runs))
