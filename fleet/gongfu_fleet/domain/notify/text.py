"""What a message says, in Chinese, and how it is made to fit a service's limit of bytes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unicodedata import category

from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.due import SHANGHAI_OFFSET_MS
from gongfu_fleet.domain.notify.notice import Bundle, Form, Notice, Transition

SEVERITIES = {Severity.CRITICAL: "严重", Severity.HIGH: "重要", Severity.LOW: "一般"}
HAZARDS = {
    "temperature_high": "温度过高",
    "temperature_low": "温度过低",
    "probe_fault": "探头故障",
    "probe_stuck": "探头读数不变",
    "door_ajar": "门未关",
    "air_high": "空气温度过高",
    "no_cooling": "不制冷",
    "drift": "制冷能力下降",
    "product_high": "货物温度过高",
    "exposure": "货物超温时间用尽",
    "rate_of_rise": "升温过快",
    "channel_silent": "无数据",
    "site_silent": "整片无数据",
    "gateway_silent": "网关无数据",
    "broker_lost": "平台与消息服务器断开",
    "reefer_off_loaded": "有货时冷机未制冷",
    "return_supply_gap": "回风与送风温差过大",
    "door_open_moving": "行驶中车门未关",
    "door_outside_stop": "非站点处开门",
    "off_corridor": "远离服务区域",
    "gnss_lost": "行驶中无定位",
    "tracker_power_cut": "终端断电",
    "backlog_long": "数据积压未传完",
    "recorder_gap": "温度记录中断",
    "village_missed": "村点未按时到访",
    "power_lost": "柜机断电",
    "scale_drift": "秤重量漂移",
    "scale_jump": "秤重量突变",
    "mass_imbalance": "关门状态下货物变动",
    "session_open": "开门未结算",
    "unsettled": "购物未结算",
    "lock_not_latched": "门锁未锁上",
    "stock_out_soon": "即将售空",
    "expiry": "商品临期",
    "clock_off": "设备时钟不准",
}
ROLES = {"crew": "随车人员", "dispatcher": "调度员", "manager": "管理员", "admin": "系统管理员"}
WORDS = {
    Transition.RAISED: "",
    Transition.LATE: "补报",
    Transition.CLEARED: "已恢复",
    Transition.RETRACTED: "已撤销",
    Transition.REOPENED: "再次告警",
    Transition.ESCALATED: "升级",
    Transition.REMINDED: "未确认提醒",
    Transition.GRAVER: "加重",
    Transition.OUTLASTED: "仍在持续",
}
MOST_LINES = 200
# Control and format characters and halves of pairs, as Unicode calls them.
STEERING = ("Cc", "Cf", "Cs")


@dataclass(frozen=True)
class Text:
    """A title, and a line per fact or notice."""

    title: str
    lines: tuple[str, ...]


def text_of(bundle: Bundle) -> Text:
    """What the bundle says."""
    if bundle.form is Form.TRIAL:
        return Text("【试发】供富通知", ("收到这条消息，说明此通道可用。 This channel works.",))
    first = bundle.notices[0]
    if bundle.form is Form.SINGLE:
        return Text(f"【{_mark(first)}】{_subject(first)}", _details(first))
    lines = tuple(
        f"{_mark(one)} {_subject(one)} {_peak(one)}".rstrip() for one in _gravest_first(bundle)
    )
    count = len(bundle.notices)
    if bundle.form is Form.DIGEST:
        return Text(f"【汇总】{count} 条", lines[:MOST_LINES])
    cause = f"{_clean(first.facts.site)} {_hazard(first)}"
    mark = SEVERITIES[max(bundle.notices, key=lambda one: one.rank).severity]
    return Text(f"【{mark}】{cause}，同一原因共 {count} 条", lines[:MOST_LINES])


def fitted(text: Text, tail: str, most_bytes: int) -> str:
    """Title, as many lines as fit, and the tail whole; never more than ``most_bytes`` of UTF-8.

    The tail holds the link and the key: it must be shorter than the limit by itself.
    """
    title = cut(text.title, most_bytes - _size(tail) - 2)
    kept: list[str] = []
    for line in text.lines:
        tried = _joined(title, [*kept, line], len(text.lines) - len(kept) - 1, tail)
        if _size(tried) > most_bytes:
            break
        kept.append(line)
    whole = _joined(title, kept, len(text.lines) - len(kept), tail)
    while _size(whole) > most_bytes and kept:
        kept.pop()
        whole = _joined(title, kept, len(text.lines) - len(kept), tail)
    return (
        whole if _size(whole) <= most_bytes else "\n".join(part for part in (title, tail) if part)
    )


def cut(text: str, most_bytes: int) -> str:
    """The beginning of a text, at most so many bytes, no character broken."""
    return text.encode()[: max(0, most_bytes)].decode(errors="ignore")


def _joined(title: str, lines: list[str], left: int, tail: str) -> str:
    more = [f"……另有 {left} 行"] if left else []
    return "\n".join(part for part in [title, *lines, *more, tail] if part)


def _size(text: str) -> int:
    return len(text.encode())


def _gravest_first(bundle: Bundle) -> list[Notice]:
    return sorted(bundle.notices, key=lambda one: (-one.rank, one.made_real_ms))


def _mark(notice: Notice) -> str:
    word = WORDS[notice.transition]
    return f"{SEVERITIES[notice.severity]}·{word}" if word else SEVERITIES[notice.severity]


def _subject(notice: Notice) -> str:
    facts = notice.facts
    # What concerns the whole of it has no zone.
    zone = f" {facts.zone} 区" if facts.zone else ""
    return f"{_clean(facts.asset_name)} {facts.asset}{zone} {_hazard(notice)}"


def _hazard(notice: Notice) -> str:
    return HAZARDS.get(notice.facts.hazard, notice.facts.hazard)


def _details(notice: Notice) -> tuple[str, ...]:
    facts = notice.facts
    lines = [line for line in (_peak(notice), f"自 {_when(facts.begin_ms)}") if line]
    if facts.end_ms is not None:
        lines.append(f"至 {_when(facts.end_ms)}")
    if facts.also:
        told = "、".join(HAZARDS.get(hazard, hazard) for hazard in facts.also)
        lines.append(f"同一故障，此前已告：{told}")
    if notice.transition in (Transition.ESCALATED, Transition.REMINDED):
        nobody = "" if notice.mentions else "，当前无人值班"
        lines.append(f"第 {notice.step} 次催办：{ROLES.get(notice.role, notice.role)}{nobody}")
    return tuple(lines)


def _peak(notice: Notice) -> str:
    facts = notice.facts
    told = (("峰值", facts.peak_celsius), ("限值", facts.limit_celsius))
    return "，".join(f"{name} {celsius:.1f} ℃" for name, celsius in told if celsius is not None)


def _when(at_ms: int) -> str:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms + SHANGHAI_OFFSET_MS)
    return f"{moment:%m-%d %H:%M}"


def _clean(text: str) -> str:
    # A name must neither break the lines, nor mention anybody, nor turn what is read.
    line = " ".join(text.split()).replace("<", "＜").replace("@", "＠")
    return "".join(mark for mark in line if category(mark) not in STEERING)
