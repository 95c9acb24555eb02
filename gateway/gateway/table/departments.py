"""Departments: their events, what was refused of them, and the registry."""

from __future__ import annotations

from typing import Any

from gateway import cloud_events
from gateway.operations import Operation
from gateway.routes import departments
from gateway.schemas_chain import DepartmentEntry, KeyHash
from gateway.table.parts import OBJECT, PAGING, READS, WRITES, ref


def _header(name: str, description: str) -> dict[str, Any]:
    return {
        "name": f"ce-{name}",
        "in": "header",
        "description": f"Binary mode: {description}",
        "schema": {"type": "string"},
    }


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/v1/events",
        departments.publish_events,
        "Publish events",
        "departments",
        "department",
        bodies={
            cloud_events.STRUCTURED: ref("CloudEvent"),
            cloud_events.BATCH: {
                "type": "array",
                "items": {"description": "A CloudEvent; one that is none is refused by itself."},
                "maxItems": cloud_events.MOST_AT_ONCE,
            },
            "application/json": {**OBJECT, "description": "Binary mode: the data alone."},
        },
        query=(
            _header("specversion", "1.0."),
            _header("id", "a UUID; the same event again has the same."),
            _header("source", "/departments/<code>."),
            _header("type", "such as service.delivered.v1."),
            _header("subject", "what the event is about; taken from the data if it is missing."),
            _header("time", "when it happened, with its zone."),
        ),
        status=202,
        also=(200,),
        result=ref("EventVerdicts"),
        problems=("event-invalid", "event-not-yours", "event-too-late", "event-not-confirmed", *READS),
        description="CloudEvents 1.0 over HTTP: structured, binary, or a batch of at most 100. One event "
        "answers 202 or a problem. A batch answers a verdict an event: 202 when all were accepted, 200 "
        "otherwise; a refused event stops no other. What is `unavailable` is to be sent again with the same "
        "id, which is harmless. What only a service can refuse is read under /v1/events/rejections.",
    ),
    Operation(
        "GET",
        "/v1/events/rejections",
        departments.list_rejections,
        "List refused events",
        "departments",
        "department",
        query=PAGING,
        result=ref("Page"),
        problems=("invalid-query", *READS),
        description="Newest first, each with the reason and the place in the event.",
    ),
    Operation(
        "GET",
        "/v1/departments",
        departments.list_departments,
        "List departments",
        "departments",
        "staff",
        result=ref("Registry"),
        problems=READS,
        description="Of keys only until when each is good.",
    ),
    Operation(
        "PUT",
        "/v1/departments/{code}",
        departments.put_department,
        "Register a department",
        "departments",
        "staff",
        body=DepartmentEntry,
        keyed=True,
        problems=("not-found", "conflict", *WRITES),
        description="The API key is made by the caller, `tgd_<code>_<43 characters of base64url>`; only its "
        "SHA-256 comes here.",
    ),
    Operation(
        "POST",
        "/v1/departments/{code}/{action}",
        departments.act_on_department,
        "Act on a department",
        "departments",
        "staff",
        body=KeyHash,
        body_required=False,
        keyed=True,
        problems=("not-found", "conflict", *WRITES),
        description="`action` is rotate, after which the old key is good for 24 hours, or revoke.",
    ),
)
