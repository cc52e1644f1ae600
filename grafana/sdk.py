"""The Grafana foundation SDK, imported in one place.

The SDK warns at import that its classic dashboards are superseded; classic JSON is what every
Grafana from 8 on reads, so the warning is silenced here and nowhere else.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import common as build_common
    from grafana_foundation_sdk.builders import dashboard as build
    from grafana_foundation_sdk.builders import geomap, stat, table, timeseries
    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.variants import Dataquery
    from grafana_foundation_sdk.models import common as model_common
    from grafana_foundation_sdk.models import dashboard as model
    from grafana_foundation_sdk.models import geomap as model_geomap

__all__ = [
    "Builder",
    "Dataquery",
    "JSONEncoder",
    "build",
    "build_common",
    "geomap",
    "model",
    "model_common",
    "model_geomap",
    "stat",
    "table",
    "timeseries",
]
