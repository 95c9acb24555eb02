"""Write docs/asyncapi.json, the AsyncAPI 3 description of every event that flows.

Generated from contracts/: topology.yaml says who publishes and consumes what, the JSON Schemas what is
inside. `--check` writes nothing and exits 1 when the committed document differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "asyncapi.json"

ENVELOPE_HEADERS = {
    "type": "object",
    "description": "AMQP properties and headers that repeat attributes of the CloudEvents envelope.",
    "required": ["message_id", "type", "user_id"],
    "properties": {
        "message_id": {"type": "string", "format": "uuid", "description": "Equals the event's id."},
        "type": {"type": "string", "description": "Equals the event's type."},
        "user_id": {"type": "string", "description": "The producer's broker user, checked by the broker."},
        "correlation_id": {"type": "string"},
        "traceparent": {"type": "string", "description": "W3C trace context."},
    },
}


def envelope(event_type: str, source: str, data_schema: dict[str, Any]) -> dict[str, Any]:
    """The structured CloudEvents object around one event's data."""
    return {
        "type": "object",
        "required": [
            "specversion",
            "id",
            "source",
            "type",
            "subject",
            "time",
            "datacontenttype",
            "dataschema",
            "data",
        ],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid"},
            "source": source_schema(source),
            "type": {"const": event_type},
            "subject": {"type": "string", "description": data_schema.get("x-subject", "")},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "dataschema": {"const": data_schema["$id"]},
            "aggregateversion": {"type": "integer", "minimum": 0},
            "correlationid": {"type": "string"},
            "causationid": {"type": "string"},
            "traceparent": {"type": "string"},
            "data": {
                key: value for key, value in data_schema.items() if key not in ("$schema", "$id", "examples")
            },
        },
    }


def source_schema(source: str) -> dict[str, Any]:
    if "<code>" in source:
        return {"type": "string", "pattern": "^" + source.replace("<code>", "[a-z0-9-]{2,40}") + "$"}
    return {"const": source}


def message(event_type: str, source: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": event_type,
        "title": schema["title"],
        "summary": schema["description"] or schema["title"],
        "contentType": "application/cloudevents+json",
        "headers": ENVELOPE_HEADERS,
        "payload": envelope(event_type, source, schema),
        "examples": [
            {
                "name": f"example{number}",
                "payload": {
                    "specversion": "1.0",
                    "id": "019abd3c-5f2e-7d11-9c51-0b6f2f1f5aff",
                    "source": source.replace("<code>", "antrian-dukcapil"),
                    "type": event_type,
                    "subject": subject_of(event_type, data),
                    "time": "2026-11-24T02:15:00Z",
                    "datacontenttype": "application/json",
                    "dataschema": schema["$id"],
                    "data": data,
                },
            }
            for number, data in enumerate(schema["examples"], start=1)
        ],
    }


def subject_of(event_type: str, data: dict[str, Any]) -> str:
    """The aggregate's id as the producer sets it; `x-subject` in each schema says which field that is."""
    fields = (
        "tracking_code", "notification_id", "complaint_id", "invite_id", "rtl_id", "evaluation_id",
        "recommendation_id", "enrolment_id", "entry_ref", "visit_ref", "contact_ref", "event_id", "staff_ref",
        "department",
    )  # fmt: skip
    if data.get("period") and not data.get("rtl_id") and not data.get("evaluation_id"):
        return f"{data.get('staff_ref') or data['unit']}:{data['period']}"
    for field in fields:
        if data.get(field):
            return str(data[field])
    if event_type.startswith("unit."):
        return str(data["unit"])
    return str(data.get("service_code") or "019abd3c-5f2e-7d11-9c51-0b6f2f1f5aff")


def schema_of(root: Path, event_type: str) -> dict[str, Any]:
    (path,) = (root / "contracts").glob(f"*/{event_type}.json")
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


def channels_of(topology: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The channel of each type on each exchange: its own name, with the exchange where several have it."""
    pairs = [
        (exchange, event_type)
        for exchanges in topology["publishes"].values()
        for exchange, types in exchanges.items()
        for event_type in types
    ]
    often = {event_type for _, event_type in pairs if sum(t == event_type for _, t in pairs) > 1}
    return {
        (exchange, event_type): f"{exchange.split('.')[0]}.{event_type}"
        if event_type in often
        else event_type
        for exchange, event_type in pairs
    }


def document(root: Path = ROOT) -> dict[str, Any]:
    """The whole AsyncAPI 3 document."""
    topology = yaml.safe_load((root / "contracts" / "topology.yaml").read_text())
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    names = channels_of(topology)
    for owner, exchanges in topology["publishes"].items():
        for exchange, types in exchanges.items():
            external = topology["exchanges"][exchange].get("external")
            source = f"{external['source_prefix']}<code>" if external else f"/{owner}"
            publisher = "a department, or the gateway for it," if external else owner
            for event_type in types:
                schema, name = schema_of(root, event_type), names[exchange, event_type]
                messages[name] = message(event_type, source, schema)
                channels[name] = {
                    "address": f"{{department}}.{event_type}" if external else event_type,
                    "title": schema["title"],
                    "messages": {name: {"$ref": f"#/components/messages/{name}"}},
                    "bindings": {
                        "amqp": {
                            "is": "routingKey",
                            "exchange": {
                                "name": exchange,
                                "type": "topic",
                                "durable": True,
                                "autoDelete": False,
                            },
                            "bindingVersion": "0.3.0",
                        }
                    },
                }
                if external:
                    channels[name]["parameters"] = {"department": {"description": "The department's code."}}
                operations[f"{owner}.send.{name}"] = {
                    "action": "send",
                    "summary": f"{publisher} publishes {event_type}",
                    "channel": {"$ref": f"#/channels/{name}"},
                    "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
                    "bindings": {"amqp": {"deliveryMode": 2, "bindingVersion": "0.3.0"}},
                }
    for service, handlers in topology["consumes"].items():
        for handler, consumption in handlers.items():
            for event_type in consumption["types"]:
                name = names[consumption["exchange"], event_type]
                operations[f"{service}.{handler}.{name}"] = {
                    "action": "receive",
                    "summary": f"{service} consumes {event_type} from evt-{service}-{handler}",
                    "channel": {"$ref": f"#/channels/{name}"},
                    "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
                    "bindings": {"amqp": {"ack": True, "bindingVersion": "0.3.0"}},
                }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tanggap events",
            "version": "1.0.0",
            "description": "Structured CloudEvents 1.0 over RabbitMQ. Generated from contracts/.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "broker": {
                "host": "127.0.0.1:5672",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "The private broker of `make up`; its port is in .local/env.",
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="exit 1 when the committed document is out of date"
    )
    wanted = json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    if parser.parse_args().check:
        if not TARGET.exists() or TARGET.read_text() != wanted:
            sys.stderr.write("docs/asyncapi.json is out of date: run python scripts/asyncapi.py\n")
            return 1
        return 0
    TARGET.write_text(wanted)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
