"""What incidents that no rule over readings finds say to people: what is wrong and what to do."""

from collections.abc import Mapping

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Subject
from gongfu_fleet.domain.alarms.rules.rule import Message

_PROBE = Message(
    "该温区探头没有数据, 设备其他数据正常: 检查探头和接线, 并人工测温。",
    "The probe of this zone says nothing while its device goes on: check the probe and its cable,"
    " and measure by hand.",
)
_SAID: Mapping[Hazard, Message] = {
    Hazard.CHANNEL_SILENT: Message(
        "设备没有任何数据, 温度未知: 检查供电和网络, 派人查看。",
        "Nothing is heard of the device and nobody knows its temperature: check power and network,"
        " and have somebody look.",
    ),
    Hazard.SITE_SILENT: Message(
        "同一站点的多数设备同时没有数据: 检查站点的供电和网络。",
        "Most devices of the site fell silent at once: check the power and network of the site.",
    ),
    Hazard.GATEWAY_SILENT: Message(
        "同一网关后的多数设备同时没有数据: 检查网关的供电、上行网络和流量卡。",
        "Most devices behind one gateway fell silent at once: check its power, its uplink and its"
        " data plan.",
    ),
    Hazard.BROKER_LOST: Message(
        "平台收不到任何数据: 检查消息服务器和网络。期间不报设备无数据。",
        "The platform hears nothing: check the broker and the network. Meanwhile no device is"
        " called silent.",
    ),
    Hazard.BACKLOG_LONG: Message(
        "设备正在补传较早的数据, 记录尚不完整: 补传完成后再下结论, 反复出现时检查信号。",
        "The device is still sending older data, its record is not complete: wait for it before you"
        " decide; if it happens again, check the signal.",
    ),
    Hazard.CLOCK_OFF: Message(
        "设备时钟误差超过 2 分钟, 平台已自动校正时间戳: 请校准设备时钟。",
        "The device's clock is off by more than two minutes and its stamps are corrected: set it.",
    ),
    Hazard.UNSETTLED: Message(
        "顾客取走货物后超过 15 分钟未结算: 检查支付渠道, 核对该次购物的重量与录像,"
        " 再补扣或转人工复核。",
        "Goods were taken and not settled within a quarter of an hour: check the payment channel,"
        " look at the weights and the clip of the sale, then charge it or send it to review.",
    ),
    Hazard.SALE_LOCKED: Message(
        "柜机失联期间货温超过临界值, 已自行停售: 处置货物, 检修并补货后恢复销售。",
        "Cut off and too warm, the cabinet has stopped selling by itself: decide on its goods, and"
        " sell again when it is repaired and restocked.",
    ),
}


def silence_words(subject: Subject) -> Message | None:
    """What such an incident says; None where a rule speaks."""
    if subject.hazard is Hazard.CHANNEL_SILENT and subject.zone > 0:
        return _PROBE
    return _SAID.get(subject.hazard)
