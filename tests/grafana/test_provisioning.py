"""The provisioning files fit the dashboards, the settings and what is pushed."""

import re
from typing import Any

from ruamel.yaml import YAML

from gongfu.settings import InfluxSettings
from grafana.generate import GENERATED
from grafana.push import FOLDER_TITLE, FOLDER_UID

PROVISIONING = GENERATED.parent / "provisioning"


def load(name: str) -> dict[str, Any]:  # Any: YAML
    loaded: dict[str, Any] = YAML(typ="safe").load((PROVISIONING / name).read_text())
    assert loaded["apiVersion"] == 1
    return loaded


def test_the_data_source_speaks_influxql_to_the_database_that_ingest_fills() -> None:
    (source,) = load("datasources/influxdb.yaml")["datasources"]
    bucket = InfluxSettings().bucket
    assert (source["type"], source["jsonData"]["version"]) == ("influxdb", "InfluxQL")
    assert (source["database"], source["jsonData"]["dbName"]) == (bucket, bucket)
    assert re.fullmatch(r"[a-z0-9-]{1,40}", source["uid"])
    assert source["access"] == "proxy"


def test_no_secret_stands_in_a_file() -> None:
    (source,) = load("datasources/influxdb.yaml")["datasources"]
    for value in source["secureJsonData"].values():
        assert re.fullmatch(r"(Token )?\$__file\{/run/secrets/\w+\}", value)


def test_provisioned_and_pushed_dashboards_lie_in_the_same_folder() -> None:
    (provider,) = load("dashboards/gongfu.yaml")["providers"]
    assert (provider["folderUid"], provider["folder"]) == (FOLDER_UID, FOLDER_TITLE)
    assert provider["allowUiUpdates"] is False
