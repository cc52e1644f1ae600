"""The state of the rules as JSON text and back, for checkpoints: floats survive exactly."""

from gongfu_fleet.domain.alarms.rules.catalogue import RULES
from gongfu_fleet.domain.alarms.rules.zone_rules import Course, ZoneRules
from gongfu_fleet.domain.alarms.tuple_text import course_of, decode, encode, read
from gongfu_fleet.domain.coldchain.unit import Unit
from gongfu_fleet.errors import InvalidError

_FRESH = tuple(Course(rule.fresh) for rule in RULES)


def to_text(state: ZoneRules) -> str:
    """The state as JSON; each rule's course under the name of its hazard, fresh ones left out."""
    told = zip(RULES, state.courses, _FRESH, strict=True)
    courses = {rule.hazard.value: course for rule, course, fresh in told if course != fresh}
    return encode({"unit": state.unit, "courses": courses, "last_ms": state.last_ms})


def from_text(text: str) -> ZoneRules:
    """The state from its JSON; a rule that it does not tell of starts afresh."""
    try:
        data = decode(text)
        told = data["courses"]
        courses = [course_of(Course, told.get(rule.hazard.value), rule.fresh) for rule in RULES]
        return ZoneRules(read(Unit, data["unit"]), tuple(courses), data["last_ms"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InvalidError(
            f"A stored state of the rules cannot be read: {error}.",
            "It is of another age: follow the readings again from the start.",
        ) from error
