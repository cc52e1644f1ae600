"""Two timelines over the temperature of each zone that differs, as one SVG.

A whole asset has no temperature of its own: its panel has timelines alone.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import groupby
from typing import NamedTuple

from gongfu.rules.diff import Span, ZoneDiff, limits_of
from gongfu_fleet.domain.alarms.rulebook import Found

WIDTH, LEFT, PLOT = 1_000, 56, 928
CURVE, BAR, GAP, HEAD = 130, 12, 34, 40
MOST_PANELS = 40
TIMES = 6
Sample = tuple[int, float]
TONES = {"gained": "#c0392b", "lost": "#2471a3", "changed": "#b9770e", "same": "#7f8c8d"}


class _Bar(NamedTuple):
    found: Found
    tone: str


class _Scale(NamedTuple):
    """Event time and celsius to pixels; ``top`` and ``height`` of the curve, 0 for none."""

    span: Span
    low: float
    high: float
    top: int
    height: int

    def x(self, ts_ms: float) -> float:
        """Pixels from the left, kept inside the drawing."""
        share = (ts_ms - self.span.from_ms) / max(1, self.span.to_ms - self.span.from_ms)
        return round(LEFT + PLOT * min(1.0, max(0.0, share)), 1)

    def y(self, celsius: float) -> float:
        """Pixels from the top."""
        share = (celsius - self.low) / (self.high - self.low)
        return round(self.top + self.height * (1 - share), 1)


def svg(diffs: Sequence[ZoneDiff], span: Span) -> str:
    """The drawing of at most 40 zones, as text; rows of incidents are by hazard."""
    top, parts = 44, []
    for one in diffs[:MOST_PANELS]:
        panel, height = _panel(one, span, top)
        parts.append(panel)
        top += height
    left_out = len(diffs) - MOST_PANELS
    note = f"; {left_out} more zones are not drawn" if left_out > 0 else ""
    legend = " ".join(f'<tspan fill="{tone}">■ {name}</tspan>' for name, tone in TONES.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}"'
        f' height="{top}" font-family="sans-serif" font-size="11">\n'
        f'<rect width="{WIDTH}" height="{top}" fill="#fff"/>\n'
        f'<text x="{LEFT}" y="22">upper bars: policies of today; lower bars: proposed{note}'
        f"  {legend}</text>\n{''.join(parts)}</svg>\n"
    )


def _panel(one: ZoneDiff, span: Span, top: int) -> tuple[str, int]:
    before = [
        *(_Bar(found, "lost") for found in one.effect.lost),
        *(_Bar(old, "changed") for old, _ in one.effect.changed),
        *(_Bar(found, "same") for found in one.effect.same),
    ]
    after = [
        *(_Bar(found, "gained") for found in one.effect.gained),
        *(_Bar(new, "changed") for _, new in one.effect.changed),
        *(_Bar(found, "same") for found in one.effect.same),
    ]
    hazards = sorted({bar.found.hazard for bar in (*before, *after)})
    scale = _scale(one, span, top + HEAD)
    rows = []
    y = top + HEAD + scale.height + 18
    for hazard in hazards:
        rows.append(f'<text x="{LEFT}" y="{y + 9}" fill="#555">{escape(hazard)}</text>\n')
        for bars in (before, after):
            y += BAR
            own = [bar for bar in bars if bar.found.hazard == hazard]
            rows.append(_bars(own, scale, y))
        y += BAR // 2
    title = f"{one.place}, policy version {one.judging.before.version} and proposed"
    head = f'<text x="{LEFT}" y="{top + 16}" font-weight="bold">{escape(title)}</text>\n'
    return head + _axes(scale) + _limits(one, scale) + _curve(one, scale) + "".join(rows), (
        y - top + GAP
    )


def _scale(one: ZoneDiff, span: Span, top: int) -> _Scale:
    limits = (*limits_of(one.judging.before), *limits_of(one.judging.after))
    if not limits:
        return _Scale(span, 0, 1, top, height=0)
    values = [celsius for _, celsius in _air(one)] + list(limits)
    return _Scale(span, min(values) - 1, max(values) + 1, top, CURVE)


def _curve(one: ZoneDiff, scale: _Scale) -> str:
    # Lowest and highest of each pixel: a peak must not vanish in a drawing of a month.
    if not scale.height:
        return ""
    parts = []
    longest_ms = one.judging.before.max_gap_min * 60_000
    for run in _runs(_air(one), longest_ms):
        points = []
        for x, own in groupby(run, lambda sample: round(scale.x(sample[0]))):
            values = [celsius for _, celsius in own]
            ends = {min(values), max(values)}
            points += [f"{x},{scale.y(celsius)}" for celsius in sorted(ends)]
        parts.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="#1b4f72"'
            ' stroke-width="1"/>\n'
        )
    return "".join(parts)


def _air(one: ZoneDiff) -> list[Sample]:
    return [(ts_ms, values[0]) for ts_ms, values in one.rows if values[0] is not None]


def _runs(samples: Iterable[Sample], longest_ms: float) -> list[list[Sample]]:
    runs: list[list[Sample]] = []
    for sample in samples:
        if not runs or sample[0] - runs[-1][-1][0] > longest_ms:
            runs.append([])
        runs[-1].append(sample)
    return runs


def _limits(one: ZoneDiff, scale: _Scale) -> str:
    solid = [(celsius, "") for celsius in limits_of(one.judging.before)]
    known = limits_of(one.judging.before)
    dashed = [
        (c, ' stroke-dasharray="6 4"') for c in limits_of(one.judging.after) if c not in known
    ]
    return "".join(
        f'<line x1="{LEFT}" x2="{LEFT + PLOT}" y1="{scale.y(c)}" y2="{scale.y(c)}"'
        f' stroke="#c0392b"{dash}><title>{c:g} °C</title></line>\n'
        for c, dash in (*solid, *dashed)
    )


def _axes(scale: _Scale) -> str:
    middle = (scale.low + scale.high) / 2
    labels = [
        f'<text x="{LEFT - 6}" y="{scale.y(c) + 4}" text-anchor="end">{c:.1f}</text>\n'
        for c in ((scale.low, middle, scale.high) if scale.height else ())
    ]
    length_ms, foot = scale.span.to_ms - scale.span.from_ms, scale.top + scale.height
    for n in range(TIMES + 1):
        ts_ms = scale.span.from_ms + length_ms * n // TIMES
        x, anchor = scale.x(ts_ms), {0: "start", TIMES: "end"}.get(n, "middle")
        labels.append(
            f'<line x1="{x}" x2="{x}" y1="{scale.top}" y2="{foot}" stroke="#ddd"/>\n'
            f'<text x="{x}" y="{scale.top - 5}" text-anchor="{anchor}" fill="#777">'
            f"{_when(ts_ms)}</text>\n"
        )
    return "".join(labels)


def _bars(bars: Iterable[_Bar], scale: _Scale, y: int) -> str:
    return "".join(_bar(bar, scale, y) for bar in bars)


def _bar(bar: _Bar, scale: _Scale, y: int) -> str:
    episode = bar.found.episode
    end_ms = scale.span.to_ms if episode.end_ms is None else episode.end_ms
    x, width = scale.x(episode.begin_ms), scale.x(end_ms) - scale.x(episode.begin_ms)
    over = "open" if episode.end_ms is None else _when(episode.end_ms)
    told = f"{bar.found.hazard} {_when(episode.begin_ms)} … {over} ({bar.tone})"
    return (
        f'<rect x="{x}" y="{y}" width="{max(2.0, round(width, 1))}" height="{BAR - 3}"'
        f' fill="{TONES[bar.tone]}"><title>{escape(told)}</title></rect>\n'
    )


def _when(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%m-%d %H:%M")
