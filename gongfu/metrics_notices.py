"""How the channels of notifications are doing, for Prometheus."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from gongfu_fleet.services.notify_ports import ChannelState

_FIGURES: tuple[tuple[str, str, Callable[[ChannelState], float]], ...] = (
    ("waiting", "Not sent yet: notices, and messages to be tried again", lambda one: one.waiting),
    ("sent", "Messages of the last 90 days that were sent", lambda one: one.sent),
    ("failed", "Messages of the last 90 days that were given up", lambda one: one.failed),
    ("flood", "1 while the channel is told digests only", lambda one: one.flood),
)


def notice_metrics(channels: Iterable[ChannelState]) -> Iterator[Metric]:
    """One family per figure, by channel."""
    known = list(channels)
    for name, what, figure in _FIGURES:
        family = GaugeMetricFamily(f"gongfu_notices_{name}", what, labels=["channel"])
        for one in known:
            family.add_metric([one.name], float(figure(one)))
        yield family
