"""docs/grafana.md names every field that is written."""

import re

from gongfu_fleet.services.device_state import alarm_state, incident_marks
from tests.grafana.county_day import incident
from tests.grafana.influxd import ROOT
from tests.grafana.test_device_state import NOW_MS, state_of, view


def test_every_measurement_tag_and_field_is_explained() -> None:
    text = (ROOT / "docs" / "grafana.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text))
    opened = [incident("cab-0001", 1)]
    rows = [
        state_of(view()),
        *alarm_state([view()], opened, now_ms=NOW_MS),
        *incident_marks(opened, now_ms=NOW_MS),
    ]
    for row in rows:
        written = {row.measurement, *row.tags, *row.fields}
        assert {re.sub(r"^zone_\d", "zone_N", name) for name in written} <= named
