"""Fleet wall 车队总览: what the ops centre looks at all day.

Reads what ``gongfu_fleet.services.device_state`` writes and the readings that ingest forwards; the
two meet only in the measurement schema (docs/grafana.md).
"""

from dataclasses import dataclass

from grafana.dashboards.fleet_map import fleet_map
from grafana.influxql import (
    EVERYTHING,
    Annotation,
    AnnotationBuilder,
    Columns,
    Query,
    datasource,
    lines,
    newest,
    select,
    table,
    variable_query,
)
from grafana.panels import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    column,
    count,
    limit_line,
    placed,
    steps,
    temperatures,
    without_time,
    words,
)
from grafana.sdk import build, build_common, geomap, model, stat, timeseries
from grafana.sdk import table as sdk_table

UID, TITLE = "gongfu-fleet-wall", "车队总览"
LEVELS: dict[int | str, tuple[str, str]] = {
    0: ("正常", GREEN),
    1: ("离线", GREY),
    2: ("无数据", ORANGE),
    3: ("报警", RED),
}
CONDITIONS: dict[int | str, tuple[str, str]] = {
    0: ("已恢复", GREEN),
    1: ("恢复中", ORANGE),
    2: ("无数据", ORANGE),
    3: ("超限", RED),
}
HAZARDS: dict[int | str, tuple[str, str]] = {
    "temperature_high": ("温度偏高", RED),
    "temperature_low": ("温度偏低", BLUE),
    "probe_fault": ("探头故障", ORANGE),
    "probe_stuck": ("探头读数不变", ORANGE),
    "door_ajar": ("门未关", ORANGE),
    "air_high": ("空气温度过高", RED),
    "no_cooling": ("不制冷", RED),
    "drift": ("制冷能力下降", ORANGE),
    "product_high": ("货物温度过高", RED),
    "exposure": ("货物超温时间用尽", RED),
    "rate_of_rise": ("升温过快", ORANGE),
}
HERE = '$timeFilter AND "site" =~ /^$site$/'
CHOSEN = f'{HERE} AND "dev" =~ /^$dev$/'
STATE, ALARM, INCIDENT = '"device_state"', '"alarm"', '"incident"'
DEVICES, SUBJECTS = '"dev"', '"dev", "zone", "hazard"'
OVER_TIME = 'time($__interval), "dev" fill(none)'
PAGE = "${gongfu:raw}/#/incidents/${__data.fields.id}"


def fleet_wall() -> build.Dashboard:
    """The dashboard, every panel with its place and number."""
    board = (
        build.Dashboard(TITLE)
        .uid(UID)
        .description("在线、超限、未结事件、位置与温度曲线。数据每半分钟一次快照。")
        .tags(["gongfu", "ops"])
        .timezone("Asia/Shanghai")
        .time("now-6h", "now")
        .refresh("30s")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .annotation(AnnotationBuilder(_incidents()))
    )
    for variable in (_source(), _site(), _device(), _address()):
        board.with_variable(variable)
    for panel in (*_numbers(), _map(), _open_incidents(), _chosen(), _alarmed(), _devices()):
        board.with_panel(panel)
    return board


def _source() -> build.DatasourceVariable:
    return build.DatasourceVariable("ds").label("数据源").type("influxdb")


def _site() -> build.QueryVariable:
    text = 'SHOW TAG VALUES FROM "device_state" WITH KEY = "site"'
    every = model.VariableOption(selected=True, text=["All"], value=["$__all"])
    return _choice("site", "站点", text).include_all(True).all_value(EVERYTHING).current(every)  # noqa: FBT003


def _device() -> build.QueryVariable:
    text = 'SHOW TAG VALUES FROM "device_state" WITH KEY = "dev" WHERE "site" =~ /^$site$/'
    return _choice("dev", "设备（曲线）", text)


def _choice(name: str, label: str, text: str) -> build.QueryVariable:
    variable = build.QueryVariable(name).label(label).datasource(datasource())
    variable.query(variable_query(text)).definition(text).multi(True)  # noqa: FBT003
    variable.refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
    return variable.sort(model.VariableSort.NATURAL_ASC)


def _address() -> build.TextBoxVariable:
    text = "http://localhost:8080"
    shown = model.VariableOption(selected=True, text=text, value=text)
    return build.TextBoxVariable("gongfu").label("供富网址").default_value(text).current(shown)


def _incidents() -> Annotation:
    what = '"text", "dev", "hazard", "end_ms"'
    query = select(what, INCIDENT, where=f'{CHOSEN} AND "shown" = 1')
    columns = Columns(text="text", tags="dev,hazard", time_end="end_ms")
    return Annotation("温度事件", query, columns=columns, color=RED)


def _newest(measurement: str, field: str, *, by: str) -> str:
    what = f'last("{field}") AS "n"'
    return f"({select(what, measurement, where=HERE, by=by)})"


@dataclass(frozen=True)
class _Number:
    title: str
    why: str
    text: str
    colours: build.ThresholdsConfig


def _numbers() -> list[stat.Panel]:
    rows = (_online(), _offline(), _beyond(), _open(), _unacked())
    panels = []
    for index, row in enumerate(rows):
        panel = count([lines("A", row.text, alias="$col")]).thresholds(row.colours)
        panels.append(
            placed(panel, row.title, why=row.why, at=(index * 4, 0, 4, 4), number=index + 1)
        )
    return [*panels, _freshness()]


def _online() -> _Number:
    text = select('sum("n") AS "在线", count("n") AS "登记"', _newest(STATE, "online", by=DEVICES))
    why = "与平台保持连接的设备数，旁边是登记并应上报的设备数。"
    return _Number("在线设备", why, text, steps((None, GREEN)))


def _offline() -> _Number:
    source = _newest(STATE, "online", by=DEVICES)
    text = select('count("n") AS "离线"', source, where='"n" = 0')
    why = "当前没有连接的设备数；离线期间的读数会补传。"
    return _Number("离线设备", why, text, steps((None, GREEN), (1, ORANGE), (6, RED)))


def _beyond() -> _Number:
    text = select('sum("n") AS "超限"', _newest(STATE, "out_of_range", by=DEVICES))
    why = "最近一次读数在限值之外的温区数。读数不论多旧都算：没有消息不等于恢复。"
    return _Number("超限温区", why, text, steps((None, GREEN), (1, RED)))


def _open() -> _Number:
    text = select('sum("n") AS "未结"', _newest(ALARM, "open", by=SUBJECTS))
    why = "还需要处理的温度事件：仍在超限，或已恢复但无人确认。"
    return _Number("未结事件", why, text, steps((None, GREEN), (1, RED)))


def _unacked() -> _Number:
    text = select('sum("n") AS "未确认"', _newest(ALARM, "unacked", by=SUBJECTS))
    return _Number("未确认事件", "无人确认的温度事件。", text, steps((None, GREEN), (1, ORANGE)))


def _freshness() -> stat.Panel:
    text = select('last("online") AS "快照"', STATE, where=HERE)
    panel = count([lines("A", text, alias="$col")], unit="dateTimeFromNow", none="没有快照")
    panel.reduce_options(_time_of_newest()).thresholds(steps((None, GREEN)))
    why = "平台最近一次写入快照的时间。停住了，就说明这面墙上的其余数字也停住了。"
    return placed(panel, "快照时刻", why=why, at=(20, 0, 4, 4), number=6)


def _time_of_newest() -> build_common.ReduceDataOptions:
    return build_common.ReduceDataOptions().calcs(["lastNotNull"]).fields("/^Time$/")


def _map() -> geomap.Panel:
    fields = ("name", "level", "lat_deg", "lon_deg", "age_s", "open_incidents")
    text = _newest_of(*fields, "zone_1_celsius", "zone_2_celsius")
    why = "每台设备最近的位置，颜色是状态：绿正常，灰离线，橙无数据，红报警。WGS-84 坐标。"
    panel = fleet_map(table(text), LEVELS).title("位置").description(why).id(7)
    return panel.datasource(datasource()).grid_pos(model.GridPos(x=0, y=4, w=14, h=14))


def _open_incidents() -> sdk_table.Panel:
    shown = ("age_s", "condition", "unacked", "peak_celsius", "limit_celsius", "severity", "id")
    outer = ", ".join(f'"{name}"' for name in ("name", "zone", "hazard", *shown))
    inner = select(newest("open", "name", *shown), ALARM, where=HERE, by=SUBJECTS)
    text = select(outer, f"({inner})", where='"open" > 0')
    panel = sdk_table.Panel().targets([table(text)]).unit("short").no_value("没有未结事件")
    without_time(panel)
    link = [{"title": "打开并确认", "url": PAGE, "targetBlank": True}]
    column(panel, "name", shown="设备", links=link, custom_minWidth=160)
    column(panel, "zone", shown="温区", custom_width=60)
    column(panel, "hazard", shown="事件", mappings=words(HAZARDS))
    column(panel, "age_s", shown="已持续", unit="s")
    column(panel, "condition", shown="状态", mappings=words(CONDITIONS))
    column(panel, "unacked", shown="未确认", decimals=0)
    column(panel, "peak_celsius", shown="峰值", unit="celsius", decimals=1)
    column(panel, "limit_celsius", shown="限值", unit="celsius", decimals=1)
    column(panel, "severity", shown="级别")
    column(panel, "id", shown="编号", links=link, custom_width=90)
    why = "每行一个温区的一种事件；点设备名打开供富页面确认。同一温区有几个未结时列最严重的。"
    return placed(panel, "未结温度事件", why=why, at=(14, 4, 10, 14), number=8)


def _chosen() -> timeseries.Panel:
    queries: list[Query] = []
    for zone, refs in ((1, "ABC"), (2, "DEF")):
        readings = (f'mean("zone_{zone}_celsius")', '"cabinet", "truck"')
        queries.append(_drawn(refs[0], readings, alias=f"$tag_dev {zone}区"))
        for ref, end, word in ((refs[1], "high", "上限"), (refs[2], "low", "下限")):
            limit = (f'last("zone_{zone}_{end}_celsius")', STATE)
            queries.append(_drawn(ref, limit, alias=f"$tag_dev {zone}区{word}"))
    panel = temperatures(queries)
    limit_line(panel, "上限", color=RED)
    limit_line(panel, "下限", color=BLUE)
    why = "所选设备各温区的温度（每格平均）与限值；竖带是温度事件的起止。"
    return placed(panel, "所选设备温度", why=why, at=(0, 18, 14, 10), number=9)


def _alarmed() -> timeseries.Panel:
    queries = []
    for ref, zone in (("A", 1), ("B", 2)):
        where = f'{HERE} AND "level" = 3'
        text = select(f'mean("zone_{zone}_celsius")', STATE, where=where, by=OVER_TIME)
        queries.append(lines(ref, text, alias=f"$tag_dev {zone}区"))
    why = "只画处于报警状态的设备，且只画报警期间。数据来自快照。"
    return placed(temperatures(queries), "报警设备温度", why=why, at=(14, 18, 10, 10), number=10)


def _devices() -> sdk_table.Panel:
    fields = ("name", "level", "age_s", "open_incidents", "zone_1_celsius", "zone_2_celsius")
    panel = sdk_table.Panel().targets([table(_newest_of(*fields))]).unit("short")
    without_time(panel)
    column(panel, "dev", shown="编号", custom_width=110)
    column(panel, "name", shown="名称", custom_minWidth=200)
    coloured = {"type": "color-text"}
    column(panel, "level", shown="状态", mappings=words(LEVELS), custom_cellOptions=coloured)
    column(panel, "age_s", shown="静默", unit="s")
    column(panel, "open_incidents", shown="未结事件", decimals=0)
    column(panel, "zone_1_celsius", shown="1区温度", unit="celsius", decimals=1)
    column(panel, "zone_2_celsius", shown="2区温度", unit="celsius", decimals=1)
    why = "全部设备的最近状态；静默是距最近一次消息的时间。"
    return placed(panel, "设备清单", why=why, at=(0, 28, 24, 10), number=11)


def _newest_of(*fields: str) -> str:
    return select(newest(*fields), STATE, where=HERE, by=DEVICES)


def _drawn(ref: str, what: tuple[str, str], *, alias: str) -> Query:
    return lines(ref, select(*what, where=CHOSEN, by=OVER_TIME), alias=alias)
