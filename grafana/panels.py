"""The look that every panel shares; what the SDK leaves empty is set here."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana.influxql import Query, datasource
from grafana.sdk import build, build_common, model, model_common, stat, table, timeseries

GREEN, GREY, ORANGE, RED, BLUE = "green", "#8e8e8e", "orange", "red", "blue"
MOST_POINTS = 300
P = TypeVar("P", stat.Panel, table.Panel, timeseries.Panel)
Step = tuple[float | None, str]  # from this value on, this colour


def placed(panel: P, title: str, *, why: str, at: tuple[int, int, int, int], number: int) -> P:
    """Title, description, place (x, y, w, h of a 24-column grid) and number of a panel."""
    x, y, w, h = at
    panel.title(title).description(why).id(number).datasource(datasource())
    panel.grid_pos(model.GridPos(x=x, y=y, w=w, h=h))
    return panel


def steps(*values: Step) -> build.ThresholdsConfig:
    """Colours from values on; the first value is None."""
    found = [model.Threshold(value=value, color=color) for value, color in values]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def by_threshold() -> build.FieldColor:
    """Colour by the thresholds."""
    return build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)


def words(texts: Mapping[int | str, tuple[str, str]]) -> list[model.ValueMapping]:
    """Values shown as a word in a colour."""
    options = {
        str(value): model.ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(texts.items())
    }
    return [model.ValueMap(options=options)]


def count(queries: Sequence[Query], *, unit: str = "short", none: str = "0") -> stat.Panel:
    """A big number per series; ``none`` stands where there is no series."""
    reduce = build_common.ReduceDataOptions().calcs(["lastNotNull"])
    panel = stat.Panel().targets(list(queries)).reduce_options(reduce)
    panel.unit(unit).decimals(0).no_value(none).color_scheme(by_threshold())
    panel.color_mode(model_common.BigValueColorMode.VALUE)
    panel.graph_mode(model_common.BigValueGraphMode.NONE)
    return panel.text_mode(model_common.BigValueTextMode.VALUE_AND_NAME)


def temperatures(queries: Sequence[Query]) -> timeseries.Panel:
    """Lines in celsius with their newest value in the legend; every gap over an hour shows."""
    legend = (
        build_common.VizLegendOptions()
        .show_legend(True)  # noqa: FBT003 - the SDK's signature
        .display_mode(model_common.LegendDisplayMode.LIST)
        .placement(model_common.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull"])
    )
    panel = timeseries.Panel().targets(list(queries)).legend(legend).unit("celsius").decimals(1)
    panel.max_data_points(MOST_POINTS).interval("1m").span_nulls(3_600_000)
    panel.show_points(model_common.VisibilityMode.NEVER).fill_opacity(0).line_width(1.5)
    return panel.axis_label("°C")


def limit_line(panel: timeseries.Panel, ending: str, *, color: str) -> None:
    """Draw series whose name ends so as dashed lines in one colour."""
    panel.override_by_regexp(
        f"/{ending}$/",
        [
            model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": color}),
            model.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
            model.DynamicConfigValue("custom.lineWidth", 1),
        ],
    )


def column(panel: table.Panel, name: str, *, shown: str, **properties: object) -> None:
    """Head a column; properties by Grafana's names, an underscore for the dot in ``custom.``."""
    values = [model.DynamicConfigValue("displayName", shown)]
    values += [
        model.DynamicConfigValue(key.replace("custom_", "custom."), value)
        for key, value in properties.items()
    ]
    panel.override_by_name(name, values)


def without_time(panel: table.Panel) -> None:
    """Leave out the time column: of several newest values it is only the start of the range."""
    options = {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {}}
    panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=options))
