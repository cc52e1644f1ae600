"""The committed documents of the bus are the ones the code generates, and they hold."""

import json
from pathlib import Path

import jsonschema
import pytest

from gongfu_broker.access import device_user
from gongfu_broker.asyncapi import MESSAGES, asyncapi_document, documents, json_schemas
from gongfu_broker.codec import encode
from gongfu_broker.columns import COLUMNS, DeviceKind, metrics
from gongfu_broker.payloads import Ack, Batch
from gongfu_broker.ports import Device
from gongfu_broker.topics import RULES, Leaf

FOLDER = Path(__file__).parents[2] / "broker" / "contract"


@pytest.mark.parametrize("name", sorted(documents()))
def test_a_committed_document_is_current(name: str) -> None:
    assert (FOLDER / name).read_text() == documents()[name], "run 'make generate'"


def test_every_leaf_has_a_rule_a_message_a_channel_and_an_operation() -> None:
    document = asyncapi_document()
    for leaf in Leaf:
        assert leaf in RULES
        assert leaf in MESSAGES
        assert leaf in document["channels"]
        assert leaf in document["operations"]


def test_every_leaf_is_reachable_for_exactly_one_direction_of_a_device() -> None:
    user = device_user(Device("cab-0001", "hangzhou", DeviceKind.CABINET), "x")
    reachable = [*user.publish, *user.subscribe]
    assert sorted(reachable) == sorted(f"clf/v1/hangzhou/cab-0001/{leaf}" for leaf in Leaf)


def test_what_the_codec_writes_fits_the_schemas() -> None:
    schemas = json_schemas()
    batch = Batch(v=1, boot=1, seq=1, lo=1, t0=5, s=[[0, 3.4, None]])
    jsonschema.validate(json.loads(encode(batch)), schemas["Batch"])
    jsonschema.validate(json.loads(encode(Ack(1, 0, 5))), schemas["Ack"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"v": 1, "boot": 1, "seq": 0, "t0": 5, "s": [[0]]}, schemas["Batch"])


def test_units_stand_in_the_names_and_limits_are_ordered() -> None:
    units = ("celsius", "percent", "kg", "deg", "kmh", "km", "volt", "dbm")
    flags_and_counts = {"door_open", "door_opens", "lock_latched", "mains_on", "satellites"}
    for columns in COLUMNS.values():
        for column in columns:
            assert column.low < column.high
            assert column.name.endswith(units) or column.name in flags_and_counts
    assert len(metrics()) == len(set(metrics()))
