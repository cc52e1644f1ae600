"""A zone's state as text and back, for the database.

The first line is JSON with what the watch needs at once, the rest is the rulebook's own text: it
is read when the zone is next judged, so that a start with thousands of zones takes no time.
"""

import json
from functools import lru_cache

from gongfu_fleet.domain.alarms.rulebook import Row
from gongfu_fleet.domain.alarms.zone import ZoneState

# The kind of states that were judged by the plain rule: no rulebook follows them on.
PLAIN = "plain"


def to_text(state: ZoneState) -> str:
    """The state as text; floats survive exactly."""
    last = json.dumps(state.last, separators=(",", ":"))
    return f'{_head(state.kind, state.key)},"last":{last}}}\n{state.text}'


def from_text(text: str) -> ZoneState:
    """The state from its text, or as much as is of use of one that the plain rule left."""
    line, _, rules = text.partition("\n")
    told = json.loads(line)
    if "metric" in told:
        last = told["last"]
        return ZoneState(PLAIN, "", (last[0], (last[1],)) if last else None)
    return ZoneState(told["kind"], told["key"], _row(told["last"]), rules)


# Thousands of zones share a handful of rulebooks.
@lru_cache(maxsize=1000)
def _head(kind: str, key: str) -> str:
    told = {"kind": kind, "key": key}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).removesuffix("}")


def _row(told: list[object] | None) -> Row | None:
    if told is None:
        return None
    ts_ms, values = told
    return ts_ms, tuple(values)  # type: ignore[return-value, arg-type]
