"""A zone's state as JSON values and back, for the database."""

import json
from dataclasses import fields
from functools import lru_cache
from typing import Any

from gongfu_fleet.domain.alarms.policy import ZonePolicy
from gongfu_fleet.domain.alarms.timeline import Excursion, Span
from gongfu_fleet.domain.alarms.zone import ZoneState

Data = dict[str, Any]  # JSON fields


def to_data(state: ZoneState) -> Data:
    """The state as JSON fields; floats survive exactly."""
    return {
        "metric": state.metric,
        "policy": _policy_data(state.policy),
        "last": state.last,
        "high": _excursion_data(state.high),
        "low": _excursion_data(state.low),
        "disturbed_ms": state.disturbed_ms,
    }


def to_text(state: ZoneState) -> str:
    """``to_data`` as JSON text; for states without an excursion, which are most, by a short cut."""
    if state.high or state.low or state.last is None:
        return json.dumps(to_data(state), separators=(",", ":"), ensure_ascii=False)
    (ts_ms, celsius), disturbed_ms = state.last, state.disturbed_ms
    disturbed = "null" if disturbed_ms is None else disturbed_ms
    head = _head(state.metric, state.policy)
    return (
        f'{head},"last":[{ts_ms},{celsius!r}],"high":null,"low":null,"disturbed_ms":{disturbed}}}'
    )


def from_text(text: str) -> ZoneState:
    """The state from its JSON text."""
    return from_data(json.loads(text))


def from_data(data: Data) -> ZoneState:
    """The state from its JSON fields."""
    last = data["last"]
    return ZoneState(
        metric=data["metric"],
        policy=ZonePolicy(**data["policy"]),
        last=(last[0], last[1]) if last else None,
        high=_excursion_of(data["high"]),
        low=_excursion_of(data["low"]),
        disturbed_ms=_disturbed_ms(data),
    )


# Thousands of zones share a handful of policies.
@lru_cache(maxsize=1000)
def _policy_data(policy: ZonePolicy) -> Data:
    return {field.name: getattr(policy, field.name) for field in fields(policy)}


@lru_cache(maxsize=1000)
def _head(metric: str, policy: ZonePolicy) -> str:
    data = {"metric": metric, "policy": _policy_data(policy)}
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).removesuffix("}")


def _excursion_data(excursion: Excursion | None) -> Data | None:
    if excursion is None:
        return None
    return {field.name: getattr(excursion, field.name) for field in fields(excursion)}


def _disturbed_ms(data: Data) -> int | None:
    # Older states do not tell it; then everything before their newest sample may be disturbed.
    if "disturbed_ms" not in data:
        return data["last"][0] if data["last"] else None
    told: int | None = data["disturbed_ms"]
    return told


def _excursion_of(data: Data | None) -> Excursion | None:
    if data is None:
        return None
    return Excursion(**{**data, "unknown": tuple(Span(*span) for span in data["unknown"])})
