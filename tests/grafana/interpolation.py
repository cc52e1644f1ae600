"""What Grafana does to a query before InfluxDB sees it.

Written after reading Grafana's InfluxDB data source (``interpolateQueryExpr`` in the browser,
``Query.Build`` and the alias of a frame in the server).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ROUND_MS = (10, 100, 1000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000)
SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}/]")
VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+)\]\]|\$\{(\w+)(?::\w+)?\}")
Json = dict[str, Any]  # Any: a dashboard's JSON


@dataclass(frozen=True)
class View:
    """A dashboard as somebody looks at it: time range in UTC ms and the choice per variable."""

    from_ms: int
    to_ms: int
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)


def interval_ms(view: View, panel: Json) -> int:
    """The panel's $__interval: range by points, rounded, not below the panel's own minimum."""
    points = int(panel.get("maxDataPoints") or 1000)
    raw = (view.to_ms - view.from_ms) / points
    rounded = max((step for step in ROUND_MS if step <= raw), default=1)
    least = re.fullmatch(r"(\d+)([smh])", panel.get("interval", "1s"))
    assert least is not None, "an interval is a number and s, m or h"
    return max(rounded, int(least[1]) * {"s": 1000, "m": 60_000, "h": 3_600_000}[least[2]])


def interpolate(text: str, variables: Mapping[str, Json], view: View, *, every_ms: int) -> str:
    """The query as it goes to InfluxDB."""

    def replaced(match: re.Match[str]) -> str:
        name = next(group for group in match.groups() if group)
        return value_of(variables[name], view) if name in variables else match[0]

    text = VARIABLE.sub(replaced, text)
    text = text.replace("$timeFilter", f"time >= {view.from_ms}ms and time <= {view.to_ms}ms")
    return text.replace("$__interval_ms", str(every_ms)).replace("$__interval", f"{every_ms}ms")


def value_of(variable: Json, view: View) -> str:
    """A multi-value variable: the custom all value as it is, else escaped and in parentheses."""
    assert variable["multi"], "only multi-value variables are used in queries"
    chosen = view.chosen.get(variable["name"])
    if chosen is None:
        assert variable["includeAll"], f"choose a value for {variable['name']}"
        return str(variable["allValue"])
    return "(" + "|".join(SPECIAL.sub(r"\\\g<0>", value) for value in chosen) + ")"


def named(alias: str, tags: Mapping[str, str], column: str) -> str:
    """A series' name by its alias."""

    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        return column if name == "col" else tags.get(name.removeprefix("tag_"), match[0])

    return re.sub(r"\$(\w+)", replaced, alias, flags=re.ASCII)
