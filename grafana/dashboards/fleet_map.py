"""The map of the fleet wall: one marker per device, coloured by level, over the counties."""

from collections.abc import Mapping

from grafana.influxql import Query
from grafana.panels import by_threshold, steps, words
from grafana.sdk import build_common, geomap, model, model_common, model_geomap

MARKERS = "设备"
# Mounted into Grafana by docker-compose.yml, so that there is a map without tiles.
COUNTIES = "public/maps/gongfu-counties.geojson"


def fleet_map(query: Query, levels: Mapping[int | str, tuple[str, str]]) -> geomap.Panel:
    """The query's table has ``lat_deg``, ``lon_deg``, ``level`` and ``name`` per device."""
    view = geomap.MapViewConfig().id("fit").all_layers(False).layer(MARKERS)  # noqa: FBT003
    panel = geomap.Panel().targets([query]).view(view.zoom(9))
    # The basemap "default" is the server's setting: tiles of one's own, or none.
    panel.basemap(build_common.MapLayerOptions().type("default").name("底图"))
    panel.layers([_counties(), _markers()])
    panel.tooltip(geomap.TooltipOptions().mode(model_geomap.TooltipMode.DETAILS))
    panel.controls(geomap.ControlsOptions().show_zoom(True).mouse_wheel_zoom(True))  # noqa: FBT003
    panel.unit("short").color_scheme(by_threshold())
    colours = [(None if n == 0 else float(n), c) for n, (_, c) in levels.items()]
    panel.thresholds(steps(*colours))
    panel.override_by_name("level", _properties(displayName="状态", mappings=words(levels)))
    panel.override_by_name("name", _properties(displayName="名称"))
    panel.override_by_name("age_s", _properties(displayName="静默", unit="s"))
    panel.override_by_name("open_incidents", _properties(displayName="未结事件", decimals=0))
    for zone in (1, 2):
        shown = _properties(displayName=f"{zone}区温度", unit="celsius", decimals=1)
        panel.override_by_name(f"zone_{zone}_celsius", shown)
    return panel


def _markers() -> build_common.MapLayerOptions:
    location = (
        build_common.FrameGeometrySource()
        .mode(model_common.FrameGeometrySourceMode.COORDS)
        .latitude("lat_deg")
        .longitude("lon_deg")
    )
    circle = {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"}
    style = {
        "color": {"field": "level", "fixed": "dark-green"},
        "size": {"fixed": 7, "min": 2, "max": 15},
        "symbol": circle,
        "opacity": 0.85,
    }
    layer = build_common.MapLayerOptions().type("markers").name(MARKERS).location(location)
    return layer.config({"showLegend": True, "style": style}).tooltip(True)  # noqa: FBT003


def _counties() -> build_common.MapLayerOptions:
    style = {
        "color": {"fixed": "dark-blue"},
        "opacity": 0.15,
        "lineWidth": 1,
        "size": {"fixed": 1, "min": 1, "max": 2},
    }
    layer = build_common.MapLayerOptions().type("geojson").name("县界")
    config = {"src": COUNTIES, "rules": [], "style": style}
    return layer.config(config).tooltip(False)  # noqa: FBT003


def _properties(**values: object) -> list[model.DynamicConfigValue]:
    return [model.DynamicConfigValue(key, value) for key, value in values.items()]
