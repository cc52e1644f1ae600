"""One failure raises many incidents and one notice: told again when graver, never swallowed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.domain.alarms.consequence import consequence_of
from gongfu_fleet.domain.alarms.handling import Shelved
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity, severity_of
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Body,
    ConditionChanged,
    Raised,
    Retracted,
    Subject,
)
from gongfu_fleet.domain.alarms.modifiers import Graver
from gongfu_fleet.domain.notify import failure
from gongfu_fleet.domain.notify.failure import Telling, carrier, explains
from gongfu_fleet.domain.notify.notice import RANK, Bundle, Form, Transition
from gongfu_fleet.domain.notify.routing import Route
from gongfu_fleet.domain.notify.text import text_of
from tests.fleet.conftest import opened
from tests.fleet.notify.examples import ACTIVE, HOUR, MINUTE, OVER, incident_id
from tests.fleet.notify.test_recorder import DyingOutbox, House

COMPRESSOR = (
    Hazard.AIR_HIGH,
    Hazard.NO_COOLING,
    Hazard.PRODUCT_HIGH,
    Hazard.DRIFT,
    Hazard.EXPOSURE,
)
CABINET = "cab-0001"
SUBJECTS = st.builds(
    Subject,
    st.sampled_from([CABINET, "cab-0002"]),
    st.integers(0, 2),
    st.sampled_from([*failure.WARMING, Hazard.DOOR_AJAR, Hazard.POWER_LOST, Hazard.GNSS_LOST]),
)
TELLINGS = st.lists(
    st.tuples(SUBJECTS, st.sampled_from(Severity)), max_size=8, unique_by=lambda one: one[0]
)


def found(hazard: Hazard, *, zone: int = 1, asset: str = CABINET) -> Raised:
    subject = Subject(asset, zone, hazard)
    return Raised(
        subject, severity_of(hazard), ACTIVE, late=False, consequence=consequence_of(hazard)
    )


@pytest.fixture
def house(fleet_db: Engine) -> House:
    return House(fleet_db)


def told(house: House, channel: str = "wecom") -> list[tuple[Transition, str]]:
    """What waits in the order in which it was made, one turn after another."""
    return [(one.transition, one.facts.hazard) for one in house.told(channel)]


def fails(house: House, *hazards: Hazard) -> list[str]:
    """One incident after the other, each read before the next: the hazards that are told."""
    heard: list[str] = []
    for number, hazard in enumerate(hazards, 1):
        house.happens(number, found(hazard))
        heard += [one for _, one in told(house) if one not in heard]
    return heard


def test_a_compressor_failure_is_told_when_it_begins_when_critical_and_when_goods_suffer(
    house: House,
) -> None:
    assert fails(house, *COMPRESSOR) == ["air_high", "no_cooling", "product_high"]


def test_the_same_failure_that_reaches_the_goods_first_is_told_once(house: House) -> None:
    order = (Hazard.PRODUCT_HIGH, Hazard.AIR_HIGH, Hazard.NO_COOLING, Hazard.DRIFT)
    assert fails(house, *order) == ["product_high"]
    assert len(house.told()) == 1


def test_what_is_raised_together_is_told_as_its_gravest(house: House) -> None:
    for number, hazard in enumerate(COMPRESSOR, 1):
        house.happens(number, found(hazard))
    assert told(house) == [(Transition.RAISED, "product_high")]


def test_what_is_not_told_stays_an_incident_of_its_own_and_the_outbox_says_why(
    house: House,
) -> None:
    fails(house, Hazard.PRODUCT_HIGH, Hazard.AIR_HIGH)
    assert house.ledger.find(incident_id(2)).open
    with house.engine.connect() as database:
        query = "select dropped from notice where incident_id = ?"
        why = database.exec_driver_sql(query, (incident_id(2),)).scalar_one()
    assert why == f"told with incident {incident_id(1)}"


def test_another_zone_is_another_failure(house: House) -> None:
    house.happens(1, found(Hazard.PRODUCT_HIGH, zone=1))
    house.happens(2, found(Hazard.PRODUCT_HIGH, zone=2))
    house.happens(3, found(Hazard.PRODUCT_HIGH, asset="cab-0002"))
    assert len(house.told()) == 3


def test_the_loss_of_power_is_told_and_then_only_what_is_graver(house: House) -> None:
    house.happens(1, found(Hazard.POWER_LOST, zone=0))
    house.happens(2, found(Hazard.CHANNEL_SILENT, zone=0))
    house.happens(3, found(Hazard.AIR_HIGH))
    assert told(house) == [(Transition.RAISED, "power_lost")]
    house.happens(4, found(Hazard.NO_COOLING))
    assert {hazard for _, hazard in told(house)} == {"power_lost", "no_cooling"}


def test_one_door_of_two_zones_is_told_once(house: House) -> None:
    house.happens(1, found(Hazard.DOOR_AJAR, zone=1))
    house.happens(2, found(Hazard.DOOR_AJAR, zone=2))
    house.happens(3, found(Hazard.SESSION_OPEN, zone=0))
    assert len(house.told()) == 1


def test_a_door_left_open_is_told_though_the_unit_fails_already(house: House) -> None:
    assert fails(house, Hazard.PRODUCT_HIGH, Hazard.DOOR_AJAR) == ["product_high", "door_ajar"]


def test_goods_are_told_though_somebody_has_taken_on_the_unit(house: House) -> None:
    fails(house, Hazard.NO_COOLING)
    house.happens(1, Acknowledged("去修"))
    house.happens(2, found(Hazard.PRODUCT_HIGH))
    assert (Transition.RAISED, "product_high") in told(house)
    house.happens(3, found(Hazard.EXPOSURE))
    assert (Transition.RAISED, "exposure") not in told(house)


def test_a_message_says_what_of_the_failure_was_told_before(house: House) -> None:
    fails(house, Hazard.AIR_HIGH, Hazard.NO_COOLING)
    (one,) = [notice for notice in house.told() if notice.facts.hazard == "no_cooling"]
    text = text_of(Bundle(Form.SINGLE, (one,)))
    assert "同一故障，此前已告：空气温度过高" in text.lines


@pytest.mark.parametrize("end", [ConditionChanged(OVER), Retracted()])
def test_what_outlasts_the_incident_it_was_told_with_is_told_then_and_once(
    house: House, end: Body
) -> None:
    fails(house, Hazard.PRODUCT_HIGH, Hazard.AIR_HIGH)
    house.happens(1, end)
    assert (Transition.OUTLASTED, "air_high") in told(house)
    house.happens(3, found(Hazard.DRIFT))
    house.happens(3, ConditionChanged(OVER))
    assert [hazard for _, hazard in told(house)].count("air_high") == 1
    (one,) = [notice for notice in house.told() if notice.facts.hazard == "air_high"]
    assert "仍在持续" in text_of(Bundle(Form.SINGLE, (one,))).title
    house.happens(2, ConditionChanged(OVER))
    assert (Transition.CLEARED, "air_high") in told(house)


def test_the_end_of_what_was_never_told_is_not_told(house: House) -> None:
    fails(house, Hazard.PRODUCT_HIGH, Hazard.AIR_HIGH)
    house.happens(2, ConditionChanged(OVER))
    assert told(house) == [(Transition.RAISED, "product_high")]


def test_shelving_what_was_told_does_not_silence_the_rest(house: House) -> None:
    fails(house, Hazard.NO_COOLING, Hazard.AIR_HIGH)
    house.happens(1, Shelved(house.clock.now + HOUR, "探头在修"))
    assert (Transition.OUTLASTED, "air_high") in told(house)


def test_only_the_gravest_of_a_failure_climbs_the_ladder(house: House) -> None:
    fails(house, *COMPRESSOR)
    steps = {
        (one.transition, one.facts.hazard)
        for one in (house.later(16 * MINUTE), house.told())[1]
        if one.transition is Transition.ESCALATED
    }
    assert steps == {(Transition.ESCALATED, "product_high")}


def test_what_grows_as_grave_as_the_rest_is_not_told_again(house: House) -> None:
    fails(house, Hazard.PRODUCT_HIGH, Hazard.AIR_HIGH)
    house.happens(2, Graver(Severity.CRITICAL))
    assert len(house.told()) == 1


def test_a_channel_for_the_grave_hears_what_it_was_not_told(house: House) -> None:
    house.routes.append(Route("pager", least=Severity.CRITICAL))
    house.happens(1, found(Hazard.AIR_HIGH))
    house.happens(2, found(Hazard.NO_COOLING))
    assert told(house, "pager") == [(Transition.RAISED, "no_cooling")]


def tell(incidents: list[tuple[Subject, Severity]]) -> list[Telling]:
    """Who is told when they are raised in this order."""
    heard: list[Telling] = []
    for number, (subject, severity) in enumerate(incidents):
        new = Telling(incident_id(number), subject, severity)
        if carrier(new, Transition.RAISED, heard) is None:
            heard.append(new)
    return heard


@given(TELLINGS, st.randoms())
def test_in_any_order_whoever_is_not_told_has_one_as_grave_that_is(
    incidents: list[tuple[Subject, Severity]], dice: Random
) -> None:
    dice.shuffle(incidents)
    heard = tell(incidents)
    for subject, severity in incidents:
        assert any(
            (one.subject == subject or explains(one.subject, subject))
            and RANK[one.severity] >= RANK[severity]
            and one.gravity >= failure.gravity_of(subject.hazard, severity)
            for one in heard
        )


@given(TELLINGS)
def test_of_those_that_were_told_the_gravest_always_climbs(
    incidents: list[tuple[Subject, Severity]],
) -> None:
    heard = [Telling(incident_id(n), *one) for n, one in enumerate(incidents)]
    climbing = [one for one in heard if carrier(one, Transition.ESCALATED, heard) is None]
    for one in heard:
        assert any(above.gravity >= one.gravity for above in climbing)


def test_of_a_failure_the_same_is_known_in_the_end_in_every_order() -> None:
    incidents = [(Subject(CABINET, 1, hazard), severity_of(hazard)) for hazard in COMPRESSOR]
    for order in permutations(incidents):
        heard = tell(list(order))
        assert max(one.gravity for one in heard) == (3, True)
        assert len(heard) <= 3
        assert [one.gravity for one in heard] == sorted({one.gravity for one in heard})


@contextmanager
def houses(seeded_file: Path) -> Iterator[House]:
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(seeded_file, Path(folder) / "fleet.db")
        with opened(f"sqlite:///{copy}") as engine:
            yield House(engine)


STEPS = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["raise", "end", "acknowledge"]), st.booleans()),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_kills_between_change_nothing_and_nothing_critical_is_swallowed(
    seeded_file: Path, steps: list[tuple[int, str, bool]]
) -> None:
    with houses(seeded_file) as steady, houses(seeded_file) as dying:
        for both in (steady, dying):
            play(both, steps, kills=both is dying)
        assert keys(steady) == keys(dying)
        heard = {one.incident_id for one in steady.told()}
        hazards = {one.facts.hazard for one in steady.told() if one.severity is Severity.CRITICAL}
        for number, hazard in enumerate(COMPRESSOR, 1):
            there = any(step[:2] == (number, "raise") for step in steps)
            if there and severity_of(hazard) is Severity.CRITICAL:
                goods = {"product_high", "exposure"}
                assert incident_id(number) in heard or hazards & ({"no_cooling"} | goods)
                assert hazard.value not in goods or hazards & goods


def play(house: House, steps: list[tuple[int, str, bool]], *, kills: bool) -> None:
    """Each step is read at once or later, with kills just before the recorder would save."""
    begun, over = set[int](), set[int]()
    for number, what, read in steps:
        if what == "raise" and number not in begun:
            begun.add(number)
            house.happens(number, found(COMPRESSOR[number - 1]))
        elif what == "end" and number in begun - over:
            over.add(number)
            house.happens(number, ConditionChanged(OVER))
        elif what == "acknowledge" and number in begun:
            # Nobody acknowledges what nobody was told of.
            house.told()
            house.happens(number, Acknowledged("在看"))
        if read:
            if kills:
                kill(house)
            house.told()
    house.told()


def kill(house: House) -> None:
    try:
        house.recorder(DyingOutbox).turn()
    except InterruptedError:
        return


def keys(house: House) -> list[tuple[str, str | None]]:
    with house.engine.connect() as database:
        rows = database.exec_driver_sql("select key, dropped from notice order by key")
        return [(row.key, row.dropped) for row in rows]


def test_an_outbox_without_another_failure_has_nothing_untold(house: House) -> None:
    fails(house, Hazard.PRODUCT_HIGH)
    outbox = SqlOutbox(house.engine)
    assert outbox.untold([CABINET]) == []
    fails_again = found(Hazard.AIR_HIGH)
    house.happens(2, fails_again)
    house.told()
    assert [one.id for one in outbox.untold([CABINET])] == [incident_id(2)]
    assert outbox.untold(["cab-0002"]) == []
