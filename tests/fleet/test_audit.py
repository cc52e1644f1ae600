"""The audit log: a chain in which nothing can be altered unseen."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from gongfu_fleet.adapters.db.audit import SqlAuditLog, append
from gongfu_fleet.adapters.db.engine import writing
from gongfu_fleet.domain.audit import GENESIS, Deed, Entry, Outcome, Sought, chained, verify

AT = 1_790_000_000_000
DEEDS = st.builds(
    Deed,
    at_ms=st.integers(0, 2**53),
    actor=st.text(max_size=130),
    action=st.sampled_from(["incident.acknowledge", "session.open", "cabinet.unlock"]),
    object=st.text(max_size=130),
    outcome=st.sampled_from(Outcome),
    data=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
)


def chain(deeds: list[Deed]) -> list[Entry]:
    entries: list[Entry] = []
    for deed in deeds:
        entries.append(chained(deed, entries[-1] if entries else None))
    return entries


def deed(number: int) -> Deed:
    return Deed(AT + number, f"user-{number % 7}", "incident.acknowledge", f"incident:{number}")


@given(st.lists(DEEDS, max_size=8))
def test_an_untouched_chain_is_found_whole(deeds: list[Deed]) -> None:
    entries = chain(deeds)
    verdict = verify(entries)
    assert (verdict.entries, verdict.fault) == (len(deeds), None)
    assert verdict.head == (entries[-1].hash if entries else GENESIS)


@given(st.lists(DEEDS, min_size=2, max_size=6), st.data())
def test_any_altered_field_of_any_row_is_found(deeds: list[Deed], data: st.DataObject) -> None:
    entries = chain(deeds)
    place = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from(list(Entry.__dataclass_fields__)))
    value = getattr(entries[place], name)
    other = value + 1 if isinstance(value, int) else value + "x"
    entries[place] = replace(entries[place], **{name: other})  # type: ignore[arg-type] # any field
    assert verify(entries).fault is not None


@given(st.lists(DEEDS, min_size=3, max_size=6), st.data())
def test_a_removed_or_moved_row_is_found(deeds: list[Deed], data: st.DataObject) -> None:
    entries = chain(deeds)
    place = data.draw(st.integers(0, len(entries) - 2))
    without = entries[:place] + entries[place + 1 :]
    swapped = [*entries[:place], entries[place + 1], entries[place], *entries[place + 2 :]]
    assert verify(without).fault is not None
    assert verify(swapped).fault is not None


def test_ten_thousand_rows_are_walked_and_every_altered_one_is_found(
    database: Engine,
) -> None:
    audit = SqlAuditLog(database)
    with writing(database) as session:
        append(session, *(deed(number) for number in range(10_000)))
    assert audit.verify().fault is None
    found = 0
    columns = ("at_ms", "actor", "action", "object", "outcome", "data", "previous", "hash")
    draw = random.Random(1)
    for _ in range(20):
        seq, column = draw.randint(1, 10_000), draw.choice(columns)
        found += _found_when_altered(database, seq, column)
    assert found == 20


def _found_when_altered(database: Engine, seq: int, column: str) -> bool:
    # Cut to 50, so that what is longer still fits its column; what is shorter grows.
    change = f"{column} + 1" if column == "at_ms" else f"substr({column}, 1, 50) || 'x'"
    with writing(database) as session:
        before = session.execute(
            text(f"SELECT {column} FROM audit WHERE seq = :seq"),  # noqa: S608 - fixed names
            {"seq": seq},
        ).scalar_one()
        session.execute(
            text(f"UPDATE audit SET {column} = {change} WHERE seq = :seq"),  # noqa: S608 - fixed names
            {"seq": seq},
        )
    fault = SqlAuditLog(database).verify().fault
    with writing(database) as session:
        session.execute(
            text(f"UPDATE audit SET {column} = :old WHERE seq = :seq"),  # noqa: S608 - fixed names
            {"old": before, "seq": seq},
        )
    return (fault is not None and f"entry {seq}" in fault) or f"entry {seq + 1}" in str(fault)


def test_two_writers_make_one_chain(database: Engine) -> None:
    one, other = SqlAuditLog(database), SqlAuditLog(database)
    for number in range(10):
        (one if number % 2 else other).note(deed(number))
    assert one.verify().entries == 10
    assert one.verify().fault is None


def test_a_deed_that_is_undone_leaves_no_entry(database: Engine) -> None:
    def fail_halfway() -> None:
        with writing(database) as session:
            append(session, deed(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert SqlAuditLog(database).verify().entries == 0


def test_pages_are_newest_first_and_can_be_narrowed(database: Engine) -> None:
    audit = SqlAuditLog(database)
    for number in range(30):
        audit.note(deed(number))
    first = audit.page(10)
    second = audit.page(10, first[-1].seq)
    assert [entry.seq for entry in (*first, *second)] == list(range(30, 10, -1))
    assert {entry.actor for entry in audit.page(50, sought=Sought(text="user-3"))} == {"user-3"}
    assert not audit.page(50, sought=Sought(text="100%"))


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        (Sought(actor="lin"), {1, 2}),
        (Sought(actor="li"), set()),
        (Sought(action="user"), {2, 4}),
        (Sought(action="user.role"), {2}),
        (Sought(action="user_"), set()),
        (Sought(outcome=Outcome.REFUSED), {3}),
        (Sought(from_ms=AT + 2, until_ms=AT + 4), {2, 3}),
        (Sought(text="wei", action="session"), {3}),
        (Sought(actor="lin", from_ms=AT + 2), {2}),
        (Sought(), {1, 2, 3, 4}),
    ],
)
def test_entries_are_found_by_person_deed_outcome_and_time(
    database: Engine, sought: Sought, found: set[int]
) -> None:
    audit = SqlAuditLog(database)
    audit.note(Deed(AT + 1, "lin", "session.open", "user:lin"))
    audit.note(Deed(AT + 2, "lin", "user.role", "user:wei"))
    audit.note(Deed(AT + 3, "wei", "session.open", "user:wei", Outcome.REFUSED))
    audit.note(Deed(AT + 4, "chen", "user.add", "user:zhao"))
    assert {entry.seq for entry in audit.page(10, sought=sought)} == found


def test_a_chain_cut_at_its_end_is_told_by_a_head_noted_earlier(database: Engine) -> None:
    audit = SqlAuditLog(database)
    for number in range(5):
        audit.note(deed(number))
    noted = audit.verify().head
    with writing(database) as session:
        session.execute(text("DELETE FROM audit WHERE seq = 5"))
    assert audit.verify().fault is None  # a chain cannot know its own end
    assert not audit.has(noted)
