"""The contract as documents: AsyncAPI 3 and JSON Schemas, generated from topics and structs."""

import json
from typing import Any

import msgspec

from gongfu_broker import payloads
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.event_kinds import EVENT_KINDS
from gongfu_broker.topics import ROOT, RULES, VERSION, Leaf

MESSAGES: dict[Leaf, type[msgspec.Struct]] = {
    Leaf.TEL: payloads.Batch,
    Leaf.BF: payloads.Batch,
    Leaf.EVT: payloads.Event,
    Leaf.STATE: payloads.State,
    Leaf.RES: payloads.Result,
    Leaf.ACK: payloads.Ack,
    Leaf.CMD: payloads.Command,
    Leaf.CFG: payloads.Config,
    Leaf.OTA: payloads.Firmware,
}
Json = dict[str, Any]  # Any: documents of nested JSON


def json_schemas() -> dict[str, Json]:
    """One self-contained JSON Schema (2020-12) per message, by struct name."""
    structs = dict.fromkeys(MESSAGES.values())
    return {
        struct.__name__: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **_inlined(struct),
        }
        for struct in structs
    }


def columns_document() -> Json:
    """The fixed column order of a row per version and device kind."""
    return {
        f"v{version}/{kind}": [
            {"index": 0, "name": "dt_ms", "low": 0, "high": 7 * 86_400_000, "summary": "since t0"},
            *(
                {
                    "index": index,
                    "name": column.name,
                    "low": column.low,
                    "high": column.high,
                    "summary": column.summary,
                }
                for index, column in enumerate(columns, 1)
            ),
        ]
        for (version, kind), columns in COLUMNS.items()
    }


def event_kinds_document() -> Json:
    """What ``data`` of an event holds, by its kind; other kinds are free."""
    return {kind: _self_contained(struct) for kind, struct in EVENT_KINDS.items()}


def asyncapi_document() -> Json:
    """The whole bus as AsyncAPI 3.0, from the platform's point of view."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gongfu device bus",
            "version": VERSION,
            "description": __doc__,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {leaf.value: _channel(leaf) for leaf in RULES},
        "operations": {leaf.value: _operation(leaf) for leaf in RULES},
        "components": {
            "schemas": {name: _without_dialect(s) for name, s in json_schemas().items()},
            "messages": {
                struct.__name__: {"payload": {"$ref": f"#/components/schemas/{struct.__name__}"}}
                for struct in dict.fromkeys(MESSAGES.values())
            },
        },
        "x-columns": columns_document(),
        "x-event-kinds": event_kinds_document(),
    }


def documents() -> dict[str, str]:
    """Every generated file of this package by name, as text."""
    files = {"asyncapi.json": asyncapi_document()}
    for name, schema in json_schemas().items():
        files[f"schemas/{name.lower()}.schema.json"] = schema
    return {name: json.dumps(body, indent=1, sort_keys=True) + "\n" for name, body in files.items()}


def _channel(leaf: Leaf) -> Json:
    name = MESSAGES[leaf].__name__
    return {
        "address": f"{ROOT}/{VERSION}/{{site}}/{{dev}}/{leaf}",
        "summary": RULES[leaf].summary,
        "parameters": {
            "site": {"description": "where the device is registered, [a-z0-9-]"},
            "dev": {"description": f"device id, equal to its user name; kinds: {_kinds()}"},
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
    }


def _operation(leaf: Leaf) -> Json:
    rule = RULES[leaf]
    return {
        "action": "receive" if rule.direction == "up" else "send",
        "channel": {"$ref": f"#/channels/{leaf}"},
        "summary": rule.summary,
        "bindings": {"mqtt": {"qos": rule.qos, "retain": rule.retained, "bindingVersion": "0.2.0"}},
    }


def _kinds() -> str:
    return ", ".join(DeviceKind)


def _inlined(struct: type[msgspec.Struct]) -> Json:
    (schema,), components = msgspec.json.schema_components([struct])
    body = components[struct.__name__] if "$ref" in schema else schema
    # Unknown fields are part of the contract: they are kept.
    return {**body, "additionalProperties": True}


def _self_contained(struct: type[msgspec.Struct]) -> Json:
    """As ``_inlined``, with the structs it is made of under ``$defs``."""
    _, components = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    body = {**components.pop(struct.__name__), "additionalProperties": True}
    return {**body, "$defs": components} if components else body


def _without_dialect(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key != "$schema"}
