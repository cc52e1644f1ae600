"""Late, doubled, shuffled and cut data gives bit for bit the incidents of ordered data."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Event, Finding, Merged, fold
from gongfu_fleet.domain.alarms.rulebook import Found
from gongfu_fleet.domain.alarms.zone import ZoneState, advance, fresh
from gongfu_fleet.services.watch_unsaved import Pace
from tests.fleet.alarms.plain_rule import LIMITED, PlainBook, Sample
from tests.fleet.alarms.stand import DEV, METRIC, MINUTE, POLICY, START_MS, FitfulPace, Stand

BOOK = PlainBook(METRIC, POLICY)


def expected(resolved: dict[int, float]) -> tuple[ZoneState, list[tuple[Hazard, Finding]]]:
    """One pass over everything in order."""
    rows = [(ts_ms, (celsius,)) for ts_ms, celsius in sorted(resolved.items())]
    run = advance(BOOK, fresh(BOOK), rows, from_ms=0)
    return run.after, [
        (hazard, BOOK.finding(Found(hazard, episode)))
        for hazard in sorted(LIMITED)
        for episode in run.episodes.get(hazard, ())
    ]


def states(stand: Stand) -> list[ZoneState]:
    """What the store says of the zone."""
    return [followed.state for followed in stand.store.states().values()]


def contents(stand: Stand) -> list[list[Event]]:
    """The whole ledger, incidents numbered: of the ids, a crashed turn may have drawn some."""
    places = {incident.id: f"no. {n}" for n, incident in enumerate(stand.incidents())}

    def numbered(event: Event) -> Event:
        if not isinstance(event.body, Merged):
            return event
        return replace(event, body=Merged(places[event.body.into]))

    return [[numbered(event) for event in stand.ledger.events(i)] for i in places]


steps = st.sampled_from([MINUTE, 5 * MINUTE, 15 * MINUTE, 16 * MINUTE, 7 * 60 * MINUTE])
values = st.sampled_from([-5.0, -0.1, 0.0, 4.0, 4.0, 7.5, 7.8, 8.0, 8.1, 9.0, 9.0, 15.0])


@st.composite
def series(draw: st.DrawFn) -> list[Sample]:
    """Runs of equal values, so that delays are met; a new time stamp for each."""
    samples, ts_ms = [], START_MS
    for value, step, length in draw(
        st.lists(st.tuples(values, steps, st.integers(1, 8)), min_size=1, max_size=12)
    ):
        for _ in range(length):
            ts_ms += step
            samples.append((ts_ms, value))
    return samples


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Sample]]:
    """The samples cut into messages, some twice, in any order."""
    samples = draw(series())
    messages: list[list[Sample]] = []
    while samples:
        size = draw(st.integers(1, 5))
        messages.append(samples[:size])
        samples = samples[size:]
    doubled = draw(st.lists(st.sampled_from(messages), max_size=4))
    return draw(st.permutations(messages + doubled))


@settings(deadline=None, max_examples=60)
@given(deliveries(), st.integers(1, 7), st.data())
def test_any_order_of_delivery_gives_the_incidents_of_ordered_data(
    messages: list[list[Sample]], limit: int, data: st.DataObject
) -> None:
    stand = Stand()
    for message in messages:
        stand.commit(*message)
        if data.draw(st.booleans()):
            stand.turn(limit)
    stand.drain(limit)
    state, findings = expected({ts: value for message in messages for ts, value in message})
    assert stand.timeline() == findings
    (followed,) = stand.ledger.states().values()
    assert followed.state == state


@settings(deadline=None, max_examples=40)
@given(deliveries(), st.dictionaries(st.integers(0, 10), st.booleans(), max_size=4))
def test_a_crash_before_or_after_any_save_changes_nothing(
    messages: list[list[Sample]], crashes: dict[int, bool]
) -> None:
    stand, undisturbed = Stand(crashes=crashes), Stand()
    for one in (stand, undisturbed):
        for message in messages:
            one.commit(*message)
        one.drain(3)
    assert stand.timeline() == undisturbed.timeline()
    assert stand.ledger.version() == undisturbed.ledger.version()


@settings(deadline=None, max_examples=40)
@given(
    deliveries(),
    st.integers(1, 7),
    st.dictionaries(st.integers(0, 10), st.booleans(), max_size=3),
    st.data(),
)
def test_saving_now_and_then_with_crashes_between_gives_the_ledger_of_saving_always(
    messages: list[list[Sample]], limit: int, crashes: dict[int, bool], data: st.DataObject
) -> None:
    pace = FitfulPace(decide=lambda: data.draw(st.booleans()))
    stand, undisturbed = Stand(crashes=crashes, pace=pace), Stand()
    for one in (stand, undisturbed):
        for message in messages:
            one.commit(*message)
    undisturbed.drain(limit)
    while stand.turn(limit):
        if data.draw(st.integers(0, 4)) == 0:
            stand.watch = stand.restarted()
    pace.decide = lambda: True
    stand.drain(limit)
    assert contents(stand) == contents(undisturbed)
    assert states(stand) == states(undisturbed)


@settings(deadline=None, max_examples=40)
@given(deliveries(), st.data())
def test_any_turns_and_any_saves_and_restarts_give_the_incidents_of_ordered_data(
    messages: list[list[Sample]], data: st.DataObject
) -> None:
    stand = Stand(pace=FitfulPace(decide=lambda: data.draw(st.booleans())))
    for message in messages:
        stand.commit(*message)
        if data.draw(st.booleans()):
            stand.turn(data.draw(st.integers(1, 7)))
        if data.draw(st.integers(0, 5)) == 0:
            stand.watch = stand.restarted()
    stand.watch = stand.restarted()
    stand.watch.pace = Pace(records=1)
    stand.drain(data.draw(st.integers(1, 7)))
    state, findings = expected({ts: value for message in messages for ts, value in message})
    assert stand.timeline() == findings
    assert states(stand) == [state]


@settings(deadline=None, max_examples=40)
@given(series(), st.lists(st.tuples(st.integers(0, 95), values), max_size=6), st.data())
def test_where_two_values_bear_one_time_stamp_the_store_decides(
    samples: list[Sample], rivals: list[tuple[int, float]], data: st.DataObject
) -> None:
    conflicting = [(samples[index % len(samples)][0], value) for index, value in rivals]
    stand = Stand()
    for sample in data.draw(st.permutations(samples + conflicting)):
        stand.commit(sample)
        if data.draw(st.booleans()):
            stand.turn(3)
    stand.drain()
    _, rows = stand.history.series(DEV, (METRIC,), 0, 2**53)
    resolved = {ts_ms: value for ts_ms, (value,) in rows if value is not None}
    assert stand.timeline() == expected(resolved)[1]


@settings(deadline=None, max_examples=40)
@given(deliveries(), st.integers(1, 7))
def test_folding_the_events_gives_the_state_of_every_incident(
    messages: list[list[Sample]], limit: int
) -> None:
    stand = Stand()
    for message in messages:
        stand.commit(*message)
    stand.drain(limit)
    for incident in stand.incidents():
        folded = fold(incident.id, stand.ledger.events(incident.id))
        assert folded.n == incident.n
        assert folded.condition == incident.condition
        # The peak of a running incident is measured on between events.
        if not incident.running:
            assert folded == incident


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(messages=deliveries(), limit=st.integers(1, 7))
def test_the_relational_store_keeps_what_the_one_in_memory_keeps(
    new_database: Callable[[], Engine], messages: list[list[Sample]], limit: int
) -> None:
    engine = new_database()
    upgrade(engine)
    sql = SqlIncidentStore(engine)
    stand, model = Stand(store=sql), Stand()
    for one in (stand, model):
        for message in messages:
            one.commit(*message)
            one.turn(limit)
            one.watch = one.restarted()
        one.drain(limit)
    assert sql.states() == model.ledger.states()
    assert sql.version() == model.ledger.version()
    listed = sql.page(10_000, None, asset=None, only_open=False)
    assert list(reversed(listed)) == model.incidents()
    for incident in listed:
        assert list(sql.events(incident.id)) == list(model.ledger.events(incident.id))
    engine.dispose()
