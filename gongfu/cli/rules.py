"""``gongfu rules``: the cold-chain rules over a recorded series."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gongfu.cli import rules_diff
from gongfu.cli.output import emit, fail, say
from gongfu.replay.series import Mapping, Unit
from gongfu_fleet.errors import FleetError

if TYPE_CHECKING:
    from gongfu.rules.judge import Judged, Judgement
    from gongfu.rules.recording import Recording
    from gongfu_fleet.domain.coldchain.policy import ColdPolicy

app = typer.Typer(help="The cold-chain rules over recorded series.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of sentences.")]
HOURS_MS = 3_600_000
app.add_typer(rules_diff.app)


@app.callback()
def rules() -> None:
    """The cold-chain rules over recorded series."""


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    product_class: Annotated[str, typer.Option("--class", help="Product class, e.g. frozen.")],
    column: Annotated[str, typer.Option(help="Of temperatures; default: the second.")] = "",
    time_column: Annotated[str, typer.Option(help="Default: the first column.")] = "",
    door_column: Annotated[str, typer.Option(help="Above 0 is open; default: no input.")] = "",
    unit: Annotated[Unit, typer.Option(help="Unit of the recorded values.")] = Unit.CELSIUS,
    zone: Annotated[str, typer.Option(help="Time zone of times without one.")] = "UTC",
    policy: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="JSON object: fields that differ."),
    ] = None,
    learn_hours: Annotated[
        float, typer.Option(min=0, help="Default: the policy's, at most half of the series.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Run the rules over a recorded series and print the incidents; needs no running platform."""
    from gongfu.rules.judge import judge
    from gongfu.rules.recording import RecordingError, read_recording

    try:
        recording = read_recording(file, Mapping(time_column, column, unit, zone), door_column)
        chosen = _policy(product_class, policy, learn_hours, recording)
    except (RecordingError, FleetError) as error:
        fail(str(error))
    judgement = judge(recording.readings, chosen)
    body = _body(recording, judgement, chosen)
    if as_json:
        emit(body)
    else:
        _tell(body)


def _policy(
    product_class: str, path: Path | None, learn_hours: float, recording: "Recording"
) -> "ColdPolicy":
    from gongfu_fleet.services.cold_policies import cold_policy

    changes: dict[str, Any] = {}  # Any: JSON values
    if path:
        try:
            changes = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            fail(f"{path} is not JSON: {error}")
        if not isinstance(changes, dict):
            fail(f"{path} is no JSON object: name the fields that differ from the shipped policy")
    half_h = (recording.readings[-1].ts_ms - recording.readings[0].ts_ms) / HOURS_MS / 2
    policy_h = cold_policy(product_class, changes).learn_h
    return cold_policy(product_class, {**changes, "learn_h": learn_hours or min(policy_h, half_h)})


def _body(
    recording: "Recording", judgement: "Judgement", policy: "ColdPolicy"
) -> dict[str, Any]:  # Any: JSON values
    felt, habit, unit = judgement.felt, judgement.unit.habit, judgement.unit
    return {
        "rows": len(recording.readings),
        "left_out": [fault.__dict__ for fault in recording.faults],
        "product_class": policy.product_class,
        "policy_version": policy.version,
        "learned_until": _when(recording.readings[0].ts_ms + int(policy.learn_h * HOURS_MS)),
        "learned": {
            "defrosts": habit.defrosts,
            "defrost_longest_min": round(habit.duration_ms / 60_000, 1),
            "pause_longest_min": round(unit.cooling.longest_ms / 60_000, 1),
            "warmest_median_celsius": unit.drift.warmest_celsius,
        },
        "incidents": [_incident(one, policy) for one in judgement.incidents],
        "goods": {
            "warmest_celsius": _rounded(felt.warmest_celsius),
            "mean_kinetic_celsius": _rounded(felt.mean_kinetic_celsius),
            "over_limit_min": round(felt.exposure.over_ms / 60_000, 1),
            "degree_minutes": round(felt.exposure.degree_minutes, 1),
            "unknown_min": round(felt.exposure.unknown_ms / 60_000, 1),
            "possibly_over_min": round(felt.exposure.possible_ms / 60_000, 1),
            **_life(judgement, policy),
        },
    }


def _life(judgement: "Judgement", policy: "ColdPolicy") -> dict[str, float]:
    from gongfu_fleet.domain.coldchain.shelf_life import aged_days, remaining_days
    from gongfu_fleet.services.cold_policies import shipped_life

    known = shipped_life(policy.product_class)
    if known is None:
        return {}
    model, life_days = known
    aged = aged_days(model, judgement.felt.spans)
    left = remaining_days(model, life_days, aged, model.reference_celsius)
    return {"aged_days": round(aged, 2), "remaining_days": round(left, 2)}


def _incident(one: "Judged", policy: "ColdPolicy") -> dict[str, Any]:  # Any: JSON values
    from gongfu_fleet.domain.alarms.rules.catalogue import rule_of

    hazard, episode = one.found
    rule = rule_of(hazard)
    text = rule.message(episode, policy)
    return {
        "hazard": hazard.value,
        "severity": rule.severity.value,
        "begin": _when(episode.begin_ms),
        "discovered": _when(episode.raised_ms),
        "end": None if episode.end_ms is None else _when(episode.end_ms),
        "peak": _rounded(episode.peak_celsius),
        "unknown": [[_when(span.start_ms), _when(span.end_ms)] for span in episode.unknown],
        "breach_min": one.breach
        and [None if ms is None else round(ms / 60_000) for ms in one.breach],
        "message": {"zh": text.zh, "en": text.en},
    }


def _when(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def _rounded(celsius: float | None) -> float | None:
    return None if celsius is None or math.isnan(celsius) else round(celsius, 2)


def _tell(body: dict[str, Any]) -> None:  # Any: JSON values
    for fault in body["left_out"][:10]:
        say(f"  line {fault['line']} left out: {fault['why']}")
    say(
        f"{body['rows']} readings as {body['product_class']}, learned until"
        f" {body['learned_until']}; {len(body['incidents'])} incidents:"
    )
    for one in body["incidents"]:
        say(
            f"  {one['begin']} … {one['end'] or 'open'}  {one['hazard']}, found {one['discovered']}"
        )
        say(f"    {one['message']['zh']}")
    goods = body["goods"]
    say(
        f"goods: warmest {goods['warmest_celsius']} °C, {goods['over_limit_min']} min over their"
        f" limit, {goods['unknown_min']} min unknown"
    )
