"""The rules of devices' credentials, whatever is done in whatever order."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.devices import (
    CODE_LENGTH,
    CODE_LETTERS,
    DAY_MS,
    LONGEST_SECRET,
    MOST_OVERLAP_MS,
    SHORTEST_SECRET,
    Credential,
    CredentialKind,
    Hashes,
    New,
    Plan,
    check_secret,
    first_secret,
    living,
    read_code,
    revoked,
    rotated,
    taken_over,
    written_code,
)
from gongfu_fleet.errors import ConflictError, FleetError, InvalidError, NotFoundError

NOW = 1_790_000_000_000
DEVICE = "cab-0001"
HASHES = Hashes("for NATS", "for mosquitto")
DEEDS = st.sampled_from(["first", "rotate", "rotate at once", "revoke", "take over"])
STEPS = st.lists(st.tuples(DEEDS, st.integers(0, 2 * DAY_MS)), max_size=25)
codes = st.text(CODE_LETTERS, min_size=CODE_LENGTH, max_size=CODE_LENGTH)


def new(number: int) -> New:
    return New(f"id-{number}", CredentialKind.SECRET, HASHES)


def done(known: list[Credential], plan: Plan, now_ms: int) -> list[Credential]:
    after = [
        replace(
            one,
            expires_ms=plan.expires_ms.get(one.id, one.expires_ms),
            revoked_ms=now_ms if one.id in plan.revoked else one.revoked_ms,
        )
        for one in known
    ]
    return [*after, plan.added] if plan.added else after


def decided(deed: str, known: list[Credential], number: int, now_ms: int) -> Plan:
    if deed == "first":
        return first_secret(DEVICE, known, new(number), now_ms)
    if deed == "revoke":
        return revoked(DEVICE, known, now_ms)
    if deed == "take over":
        return taken_over(DEVICE, known, new(number), now_ms)
    overlap_ms = DAY_MS if deed == "rotate" else 0
    return rotated(DEVICE, known, new(number), now_ms=now_ms, overlap_ms=overlap_ms)


def history(steps: list[tuple[str, int]]) -> list[tuple[list[Credential], int]]:
    """What there was after each step, and when."""
    known: list[Credential] = []
    now_ms, found = NOW, []
    for number, (deed, passed_ms) in enumerate(steps):
        now_ms += passed_ms
        with suppress(FleetError):
            known = done(known, decided(deed, known, number, now_ms), now_ms)
        found.append((known, now_ms))
    return found


@given(STEPS)
def test_a_device_has_at_most_two_ways_in_and_each_is_an_account_of_its_own(
    steps: list[tuple[str, int]],
) -> None:
    for known, now_ms in history(steps):
        alive = [one.login for one in living(known, now_ms)]
        assert len(alive) <= 2
        assert len(alive) == len(set(alive))
        assert set(alive) <= {DEVICE, f"{DEVICE}_b"}


@given(STEPS)
def test_what_has_ended_never_lives_again(steps: list[tuple[str, int]]) -> None:
    ended: set[str] = set()
    for known, now_ms in history(steps):
        alive = {one.id for one in living(known, now_ms)}
        assert not alive & ended
        ended |= {one.id for one in known} - alive


@given(STEPS, st.sampled_from(["rotate at once", "take over"]))
def test_a_new_secret_without_overlap_is_the_only_one(
    steps: list[tuple[str, int]], deed: str
) -> None:
    known, now_ms = history([*steps, (deed, 0)])[-1]
    (alone,) = living(known, now_ms)
    assert alone.id == f"id-{len(steps)}"
    assert alone.expires_ms is None


@given(STEPS)
def test_a_revoked_device_has_no_way_in(steps: list[tuple[str, int]]) -> None:
    known, now_ms = history([*steps, ("revoke", 0)])[-1]
    assert living(known, now_ms) == []
    with pytest.raises(NotFoundError):
        revoked(DEVICE, known, now_ms)


@given(st.integers(0, MOST_OVERLAP_MS))
def test_an_old_secret_is_good_until_the_overlap_ends_and_not_a_moment_longer(
    overlap_ms: int,
) -> None:
    known = done([], first_secret(DEVICE, [], new(0), NOW), NOW)
    plan = rotated(DEVICE, known, new(1), now_ms=NOW, overlap_ms=overlap_ms)
    known = done(known, plan, NOW)
    assert [one.id for one in living(known, NOW + overlap_ms)] == ["id-1"]
    if overlap_ms:
        assert [one.id for one in living(known, NOW + overlap_ms - 1)] == ["id-0", "id-1"]


@given(st.integers().filter(lambda ms: not 0 <= ms <= MOST_OVERLAP_MS))
def test_no_overlap_is_longer_than_thirty_days_or_shorter_than_none(overlap_ms: int) -> None:
    with pytest.raises(InvalidError):
        rotated(DEVICE, [], new(0), now_ms=NOW, overlap_ms=overlap_ms)


def test_a_third_secret_during_a_rotation_is_refused() -> None:
    known, now_ms = history([("first", 0), ("rotate", 0)])[-1]
    with pytest.raises(ConflictError):
        rotated(DEVICE, known, new(9), now_ms=now_ms, overlap_ms=DAY_MS)


@given(codes, st.sampled_from(["", " ", "-", " - "]))
def test_a_code_is_read_however_it_is_typed(letters: str, between: str) -> None:
    assert read_code(written_code(letters)) == letters
    typed = written_code(letters).lower().replace("-", between)
    assert read_code(typed.replace("0", "o").replace("1", "l")) == letters


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_whole_code_or_none(typed: str) -> None:
    letters = read_code(typed)
    assert letters is None or (len(letters) == CODE_LENGTH and set(letters) <= set(CODE_LETTERS))


@given(st.text(max_size=LONGEST_SECRET + 5))
def test_a_secret_that_is_taken_is_long_plain_and_not_of_a_few_letters(secret: str) -> None:
    try:
        check_secret(secret)
    except InvalidError:
        return
    assert SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET
    assert secret.isascii()
    assert len(set(secret)) >= 10
    assert not set(secret) & set(" \t\r\n")
