"""Who gets in, how long, and what the database would tell a thief."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.passwords import Argon2Passwords
from gongfu_fleet.domain.identity import uuid7
from gongfu_fleet.domain.people import ALLOWED, Permission, Principal, Role
from gongfu_fleet.errors import (
    ConflictError,
    InvalidError,
    SignInError,
)
from gongfu_fleet.services.people import By, add_account, ensure_first_admin
from gongfu_fleet.services.sign_in import SignIn, Visit

NOW = 1_790_000_000_000
HOUR = 3_600_000
HASHER = Argon2Passwords(memory_kib=64, passes=1)
PASSWORD = "correct horse battery"  # noqa: S105 - of a test account


@pytest.fixture
def door(database: Engine) -> SignIn:
    people = SqlPeople(database)
    add_account(people, HASHER, ("li", Role.MANAGER, PASSWORD), by=By("test", NOW))
    return SignIn(people, HASHER)


def test_the_first_admin_gets_a_generated_password_once(database: Engine) -> None:
    people = SqlPeople(database)
    password = ensure_first_admin(people, HASHER, now_ms=NOW)
    assert password is not None
    assert len(password) >= 20
    assert ensure_first_admin(people, HASHER, now_ms=NOW) is None
    signed_in = SignIn(people, HASHER).sign_in("admin", password, visit=Visit("a"), now_ms=NOW)
    assert signed_in.principal == Principal("admin", Role.ADMIN)


def test_the_right_password_opens_a_session_that_its_token_resumes(door: SignIn) -> None:
    signed_in = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW)
    resumed = door.resume(signed_in.token, now_ms=NOW + HOUR)
    assert resumed.principal == Principal("li", Role.MANAGER)
    assert resumed.csrf == signed_in.csrf
    assert resumed.csrf != signed_in.token


@pytest.mark.parametrize(
    ("name", "password"),
    [("li", "wrong"), ("li", ""), ("nobody", PASSWORD), ("LI", PASSWORD), ("li' OR 1=1--", "x")],
)
def test_a_wrong_name_and_a_wrong_password_look_the_same(
    door: SignIn, name: str, password: str
) -> None:
    with pytest.raises(SignInError) as refused:
        door.sign_in(name, password, visit=Visit("a"), now_ms=NOW)
    assert str(refused.value) == "The name or the password is wrong. Try again."


def test_eight_idle_hours_end_a_session(door: SignIn) -> None:
    token = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW).token
    with pytest.raises(SignInError):
        door.resume(token, now_ms=NOW + 8 * HOUR)


def test_use_keeps_a_session_but_not_beyond_seven_days(door: SignIn) -> None:
    token = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW).token
    for hours in range(7, 7 * 24, 7):
        token = door.resume(token, now_ms=NOW + hours * HOUR).token
    with pytest.raises(SignInError):
        door.resume(token, now_ms=NOW + 7 * 24 * HOUR)


def test_signing_out_ends_the_session_and_twice_is_harmless(door: SignIn) -> None:
    signed_in = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW)
    door.sign_out(signed_in, now_ms=NOW)
    door.sign_out(signed_in, now_ms=NOW)
    with pytest.raises(SignInError):
        door.resume(signed_in.token, now_ms=NOW)


def test_a_new_password_ends_the_other_sessions(door: SignIn) -> None:
    here = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW)
    elsewhere = door.sign_in("li", PASSWORD, visit=Visit("b"), now_ms=NOW)
    changed = door.change_password(here, old=PASSWORD, new="another long one", now_ms=NOW)
    assert door.resume(changed.token, now_ms=NOW).csrf == here.csrf
    with pytest.raises(SignInError):
        door.resume(here.token, now_ms=NOW)
    with pytest.raises(SignInError):
        door.resume(elsewhere.token, now_ms=NOW)
    with pytest.raises(SignInError):
        door.sign_in("li", PASSWORD, visit=Visit("c"), now_ms=NOW)
    assert door.sign_in("li", "another long one", visit=Visit("c"), now_ms=NOW)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("wrong", "another long one", SignInError),
        (PASSWORD, "short", InvalidError),
        (PASSWORD, "x" * 129, InvalidError),
        (PASSWORD, PASSWORD, InvalidError),
    ],
)
def test_a_bad_change_of_password_changes_nothing(
    door: SignIn, old: str, new: str, error: type[Exception]
) -> None:
    here = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW)
    with pytest.raises(error):
        door.change_password(here, old=old, new=new, now_ms=NOW)
    assert door.sign_in("li", PASSWORD, visit=Visit("b"), now_ms=NOW)


def test_a_deactivated_account_is_out_at_once(door: SignIn, database: Engine) -> None:
    token = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW).token
    with writing(database) as session:
        session.execute(text('UPDATE "user" SET active = false'))
    with pytest.raises(SignInError):
        door.resume(token, now_ms=NOW)
    with pytest.raises(SignInError):
        door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW)


def test_the_database_holds_neither_password_nor_token(door: SignIn, database: Engine) -> None:
    token = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW).token
    with reading(database) as session:
        held = str(session.execute(text('SELECT * FROM "user", web_session')).all())
    assert PASSWORD not in held
    assert token not in held
    assert "$argon2id$" in held


def test_expired_sessions_are_swept_at_the_next_sign_in(door: SignIn, database: Engine) -> None:
    door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW)
    door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW + 9 * HOUR)
    with reading(database) as session:
        assert session.scalar(text("SELECT count(*) FROM web_session")) == 1


def test_a_csrf_token_of_another_session_does_not_fit(door: SignIn) -> None:
    one = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW)
    other = door.sign_in("li", PASSWORD, visit=Visit("a"), now_ms=NOW)
    assert one.csrf_is(one.csrf)
    assert not one.csrf_is(other.csrf)
    assert not one.csrf_is("密钥")


def test_a_taken_name_is_refused(door: SignIn) -> None:
    with pytest.raises(ConflictError, match="another name"):
        add_account(door.people, HASHER, ("li", Role.VIEWER, PASSWORD), by=By("test", NOW))


@pytest.mark.parametrize("name", ["", " ", " li", "l\ni", "l" * 81])
def test_an_odd_name_is_refused(door: SignIn, name: str) -> None:
    with pytest.raises(InvalidError):
        add_account(door.people, HASHER, (name, Role.VIEWER, PASSWORD), by=By("test", NOW))


def test_a_damaged_hash_matches_nothing() -> None:
    assert not HASHER.matches("not a hash", PASSWORD)


def test_a_viewer_reads_and_does_not_acknowledge() -> None:
    assert Permission.ACKNOWLEDGE not in ALLOWED[Role.VIEWER]
    assert set(ALLOWED) == set(Role)


@given(
    st.lists(st.integers(0, 2**48 - 1), min_size=2, max_size=2, unique=True),
    st.binary(min_size=10, max_size=10),
)
def test_ids_sort_by_the_time_they_were_made(times: list[int], randomness: bytes) -> None:
    early, late = sorted(times)
    assert uuid7(early, b"\xff" * 10) < uuid7(late, randomness)
    assert uuid7(early, randomness)[14] == "7"
    assert uuid7(early, randomness)[19] in "89ab"
    assert set(uuid7(early, randomness)) <= set(string.hexdigits + "-")
