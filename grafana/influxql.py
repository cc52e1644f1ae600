"""InfluxQL queries of panels, variables and annotations; the SDK has no type for them.

Every query uses the subset that InfluxDB 1.x, 2.x and 3 share: no INTEGRAL, TOP, SLIMIT, and the
variables of Grafana only as ``=~ /^$name$/``. Grafana's InfluxQL converter walks a Go map to give
the tags of a table their columns, in another order each time: a table groups by at most one tag.
"""

from dataclasses import dataclass
from typing import Literal

from grafana.sdk import Builder, Dataquery, model, model_common

DATASOURCE = "${ds}"
EVERYTHING = ".*"


def datasource() -> model_common.DataSourceRef:
    """The data source that the dashboard's variable names."""
    return model_common.DataSourceRef(type_val="influxdb", uid=DATASOURCE)


@dataclass(frozen=True)
class Target(Dataquery):
    """One query of a panel; ``alias`` names its lines (``$col``, ``$tag_dev``)."""

    ref: str
    text: str
    shape: Literal["time_series", "table"]
    alias: str = ""

    def to_json(self) -> dict[str, object]:
        """As Grafana stores it."""
        return {
            "datasource": datasource(),
            "refId": self.ref,
            "query": self.text,
            "rawQuery": True,
            "resultFormat": self.shape,
            **({"alias": self.alias} if self.alias else {}),
        }


@dataclass(frozen=True)
class Query(Builder[Dataquery]):
    """What the SDK's panels take for a target."""

    target: Target

    def build(self) -> Target:
        """The target."""
        return self.target


def select(what: str, source: str, *, where: str = "", by: str = "") -> str:
    """A query of a measurement, or of another query in parentheses."""
    parts = ["SELECT", what, "FROM", source]
    parts += ["WHERE", where] if where else []
    parts += ["GROUP BY", by] if by else []
    return " ".join(parts)


def newest(*fields: str) -> str:
    """The newest value of each field under its own name."""
    return ", ".join(f'last("{name}") AS "{name}"' for name in fields)


def table(text: str) -> Query:
    """A query whose rows are read as a table."""
    return Query(Target("A", text, "table"))


def lines(ref: str, text: str, *, alias: str) -> Query:
    """A query whose series are drawn or reduced, each named by ``alias``."""
    return Query(Target(ref, text, "time_series", alias))


def variable_query(text: str) -> dict[str, object]:
    """A variable's query as Grafana 10 and later store it."""
    return {"query": text, "refId": "InfluxVariableQueryEditor-VariableQuery"}


@dataclass(frozen=True)
class Columns:
    """Which columns of an annotation query are its text, its tags and its end (UTC ms)."""

    text: str
    tags: str
    time_end: str


class Annotation(model.AnnotationQuery):
    """An annotation by InfluxQL: the query stands where old and new Grafana look for it."""

    def __init__(self, name: str, query: str, *, columns: Columns, color: str) -> None:
        super().__init__(name=name, datasource=datasource(), enable=True, icon_color=color)
        self.query = query
        self.columns = columns

    def to_json(self) -> dict[str, object]:
        """The SDK's keys, without the menu placement it forces, and those of InfluxQL."""
        body = super().to_json()
        body.pop("placement", None)
        own: dict[str, object] = {
            "name": self.name,
            "query": self.query,
            "queryType": "tags",
            "textColumn": self.columns.text,
            "tagsColumn": self.columns.tags,
            "timeEndColumn": self.columns.time_end,
            "titleColumn": "",
        }
        target = {"refId": "Anno", "datasource": datasource(), "fromAnnotations": True, **own}
        return {**body, **own, "target": target}


@dataclass(frozen=True)
class AnnotationBuilder(Builder[model.AnnotationQuery]):
    """What the SDK's dashboard takes for an annotation."""

    annotation: Annotation

    def build(self) -> Annotation:
        """The annotation."""
        return self.annotation
