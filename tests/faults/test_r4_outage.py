"""R4: InfluxDB away under load, then ten times too much for a slow disk."""

from collections.abc import Callable

from gongfu.bench.faults_outage import store_outage
from gongfu.faults.effort import Effort, FaultTest, Figures

RSS_MB = 300.0


def test_an_outage_of_the_store_and_an_overload_lose_nothing_and_stay_small(
    figures_of: Callable[[FaultTest], Figures], effort: Effort
) -> None:
    away = figures_of(store_outage)
    slow = away["overload"]
    for part in (away, slow):
        assert part["acknowledged"] > 0
        assert (part["lost"], part["duplicated"], part["phantom"]) == (0, 0, 0), part
        assert part["rss_mb"] <= RSS_MB
    assert away["waiting_most"] > 0
    assert away["rows_differ"] == 0
    assert away["alerts"] == away["breaches"] > 0
    assert (away["incidents_lost"], away["incidents_doubled"], away["incidents_false"]) == (0, 0, 0)
    # The disk really was the narrow place, and what it could not take waited outside.
    assert slow["offered_per_s"] > 3 * slow["committed_per_s"]
    assert slow["waiting_most"] > 0
    if effort is Effort.FULL:
        assert away["messages_during"] > 340_000
        assert away["alert_most_s"] <= 10
        assert away["drained_s"] <= 120
