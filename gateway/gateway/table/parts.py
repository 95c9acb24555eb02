"""What the descriptions of operations are made of."""

from __future__ import annotations

from typing import Any

from gateway import queries


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(name: str, description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}}


def codes(name: str, description: str, choices: tuple[str, ...] | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "string", **({"enum": list(choices)} if choices else {})}
    return {**parameter(name, description, {"type": "array", "items": item}), "explode": True}


def choice(name: str, description: str, choices: tuple[str, ...]) -> dict[str, Any]:
    return parameter(name, description, {"type": "string", "enum": list(choices)})


def required(described: dict[str, Any]) -> dict[str, Any]:
    return {**described, "required": True}


FLAG = {"type": "boolean"}
YEAR = {"type": "integer", "minimum": 2000, "maximum": 2200}
DAY = {"type": "string", "format": "date"}
OBJECT = {"type": "object"}


def paging(most: int = queries.LIMIT_MAX) -> tuple[dict[str, Any], ...]:
    return (
        parameter("cursor", "Where the page before ended; taken from `next_cursor` or the Link header."),
        parameter(
            "limit",
            "Items on a page.",
            {"type": "integer", "minimum": 1, "maximum": most, "default": queries.LIMIT_DEFAULT},
        ),
    )


PAGING = paging()
READS = ("service-unavailable",)
WRITES = ("invalid-input", "invalid-idempotency-key", "service-unavailable", "outcome-unknown")
