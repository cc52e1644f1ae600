"""A command is executed once, not after its expiry, and always answered."""

import msgspec

from gongfu_broker.payloads import Command
from gongfu_firmware_sim.commands import CommandDesk

NOW = 1_762_560_000_000


def command(
    name: str = "unlock", *, id_: str = "c1", exp: int = NOW + 30_000, now: int = NOW
) -> Command:
    return Command(id=id_, name=name, exp=exp, now=now)


def test_a_known_command_is_executed() -> None:
    desk = CommandDesk()
    assert desk.handle(command()).st == "ok"
    assert desk.executed == 1


def test_a_repeated_command_is_answered_again_and_not_executed_again() -> None:
    desk = CommandDesk()
    first = desk.handle(command())
    assert desk.handle(command(now=NOW + 90_000)) == first
    assert desk.executed == 1


def test_an_expired_command_is_not_executed() -> None:
    desk = CommandDesk()
    assert desk.handle(command(now=NOW + 30_000)).st == "expired"
    assert desk.executed == 0


def test_a_command_held_up_on_its_way_is_judged_by_the_last_time_heard() -> None:
    desk = CommandDesk()
    desk.hear(NOW + 31_000)
    assert desk.handle(command(now=NOW)).st == "expired"


def test_the_servers_time_does_not_go_back() -> None:
    desk = CommandDesk()
    desk.hear(NOW + 31_000)
    desk.hear(NOW)
    assert desk.handle(command()).st == "expired"


def test_an_unknown_command_is_rejected_with_a_reason() -> None:
    result = CommandDesk().handle(command("dance"))
    assert result.st == "rejected"
    assert msgspec.json.decode(result.res) == "unknown command dance"


def test_only_so_many_results_are_remembered() -> None:
    desk = CommandDesk()
    for number in range(1_001):
        desk.handle(command(id_=f"c{number}"))
    assert desk.handle(command(id_="c1000")).st == "ok"
    assert desk.executed == 1_001
    desk.handle(command(id_="c0"))
    assert desk.executed == 1_002
