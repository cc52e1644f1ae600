"""``gongfu rules diff``: what changed policies would have told otherwise of stored readings."""

import math
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gongfu.cli.options import Json, State, settings_of
from gongfu.cli.output import emit, fail, say
from gongfu.errors import GongfuError
from gongfu_fleet.errors import FleetError

if TYPE_CHECKING:
    from gongfu.rules.diff import Proposed, Span, Stored, ZoneDiff
    from gongfu_fleet.domain.alarms.rulebook import Found

app = typer.Typer()
KINDS = ("gained", "lost", "changed", "same")


@app.command()
def diff(
    since: Annotated[str, typer.Option("--from", help="ISO 8601; UTC without a zone.")],
    to: Annotated[str, typer.Option("--to", help="ISO 8601, exclusive.")],
    policy: Annotated[
        Path,
        typer.Option(exists=True, dir_okay=False, help="JSON: changed fields, or {target: fields}"),
    ],
    asset: Annotated[str, typer.Option(help="Only this asset.")] = "",
    product_class: Annotated[str, typer.Option("--class", help="Only this class.")] = "",
    plot: Annotated[Path | None, typer.Option(dir_okay=False, help="An .svg to write.")] = None,
    backup: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Readings of a backup.")
    ] = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Judge stored readings by the policies of today and by changed ones; writes no reading."""
    from gongfu.rules.diff import Span, read_proposed, stored

    if plot and plot.suffix.lower() != ".svg":
        fail(f"{plot} is no .svg: other kinds of pictures are not drawn")
    try:
        span = Span(_moment(since), _moment(to), asset, product_class)
        proposed = read_proposed(policy)
        if span.from_ms >= span.to_ms:
            fail("--to is not after --from")
        with stored(settings_of(state), backup) as source:
            body, diffs = _compare(source, proposed, span)
    except (GongfuError, FleetError) as error:
        fail(str(error))
    if plot:
        _draw(plot, diffs, span)
    if as_json:
        emit(body)
    else:
        _tell(body)


def _compare(
    source: "Stored", proposed: "Proposed", span: "Span"
) -> tuple[dict[str, Any], list["ZoneDiff"]]:  # Any: JSON
    from gongfu.rules.diff import judged, judgings, touched

    found = judgings(source, proposed, span)
    concerned = {place: judging for place, judging in found.items() if touched(judging)}
    diffs = []
    for number, (place, judging) in enumerate(concerned.items(), start=1):
        _progress(f"{number} of {len(concerned)}: {place}")
        diffs.append(judged(source, place, judging, span))
    differing = [one for one in diffs if one.differs]
    body = {
        "from": _when(span.from_ms),
        "to": _when(span.to_ms),
        "zones_judged": len(diffs),
        "zones_untouched": len(found) - len(concerned),
        "readings": sum(len(one.rows) for one in diffs),
        **{kind: sum(len(getattr(one.effect, kind)) for one in diffs) for kind in KINDS},
        "hazards": _hazards(diffs),
        "zones": [_zone(one) for one in differing],
    }
    return body, differing


def _hazards(diffs: Sequence["ZoneDiff"]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for one in diffs:
        for kind, found in _all(one):
            own = counts.setdefault(
                found.hazard.value, dict.fromkeys(("before", "after", *KINDS), 0)
            )
            own[kind] += 1
            own["before"] += kind != "gained"
            own["after"] += kind != "lost"
    return dict(sorted(counts.items()))


def _all(one: "ZoneDiff") -> Iterator[tuple[str, "Found"]]:
    yield from (("gained", found) for found in one.effect.gained)
    yield from (("lost", found) for found in one.effect.lost)
    yield from (("changed", found) for found, _ in one.effect.changed)
    yield from (("same", found) for found in one.effect.same)


def _zone(one: "ZoneDiff") -> dict[str, Any]:  # Any: JSON
    effect = one.effect
    return {
        "asset": one.place.asset,
        "zone": one.place.zone,
        "class": one.place.product_class,
        "policy_version": one.judging.before.version,
        "readings": len(one.rows),
        "gained": [_incident(found) for found in effect.gained],
        "lost": [_incident(found) for found in effect.lost],
        "changed": [
            {"before": _incident(old), "after": _incident(new)} for old, new in effect.changed
        ],
        "same": len(effect.same),
    }


def _incident(found: "Found") -> dict[str, Any]:  # Any: JSON
    episode, peak = found.episode, found.episode.peak_celsius
    return {
        "hazard": found.hazard.value,
        "begin": _when(episode.begin_ms),
        "discovered": _when(episode.raised_ms),
        "end": None if episode.end_ms is None else _when(episode.end_ms),
        "peak": None if peak is None or math.isnan(peak) else round(peak, 2),
    }


def _tell(body: dict[str, Any]) -> None:  # Any: JSON
    say(
        f"{body['zones_judged']} zones and assets judged by {body['readings']} readings,"
        f" {body['zones_untouched']} untouched by the change:"
    )
    say(f"  {body['gained']} incidents gained, {body['lost']} lost, {body['changed']} changed,"
        f" {body['same']} the same")  # fmt: skip
    for hazard, own in body["hazards"].items():
        say(f"  {hazard:18} {own['before']:>5} → {own['after']}")
    for zone in body["zones"]:
        say(f"{zone['asset']} zone {zone['zone']} ({zone['class']}):")
        for kind, mark in (("gained", "+"), ("lost", "-")):
            for one in zone[kind]:
                say(f"  {mark} {_line(one)}")
        for pair in zone["changed"]:
            say(f"  ~ {_line(pair['before'])}")
            say(f"    {_line(pair['after'])}")


def _line(one: dict[str, Any]) -> str:  # Any: JSON
    peak = "" if one["peak"] is None else f", peak {one['peak']} °C"
    return f"{one['hazard']} {one['begin']} … {one['end'] or 'open'}{peak}"


def _draw(path: Path, diffs: Sequence["ZoneDiff"], span: "Span") -> None:
    from gongfu.rules.plot import svg

    try:
        path.write_text(svg(diffs, span), encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written: {error}")


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def _moment(text: str) -> int:
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text!r:.40} is no time: write it like 2026-11-22T08:00+08:00")
    return round((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() * 1000)


def _when(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
