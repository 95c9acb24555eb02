"""JSON Schemas of what goes out, and of the few bodies whose rules live in a service."""

from __future__ import annotations

from typing import Any

from gateway.labels import STATUS


def _object(properties: dict[str, Any], required: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        **({"required": list(required)} if required else {}),
        **more,
    }


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _page(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _object(
        {"items": {"type": "array", "items": items}, "next_cursor": _TEXT_OR_NULL, **more}, ("items",)
    )


_TEXT: dict[str, Any] = {"type": "string"}
_TEXT_OR_NULL = _nullable(_TEXT)
_TIME = {"type": "string", "format": "date-time"}
_TIME_OR_NULL = _nullable(_TIME)
_COUNT = {"type": "integer", "minimum": 0}
_FLAG = {"type": "boolean"}
_OBJECT_OR_NULL = {"type": ["object", "null"]}

ACTION = _object(
    {
        "version": {**_COUNT, "description": "The version last seen; not needed for comment and support."},
        "public_title": _TEXT,
        "public_text": {**_TEXT, "description": "verify: the text released to the public."},
        "service_code": {**_TEXT, "description": "verify: another service than the reporter chose."},
        "supervisory": _OBJECT_OR_NULL,
        "note": _TEXT,
        "unit": {**_TEXT, "description": "assign: who takes it."},
        "officer": {**_TEXT, "description": "assign: the member of staff."},
        "target_unit": {**_TEXT, "description": "bounce: whose it is instead."},
        "reason": {**_TEXT, "description": "bounce, dispute, reopen."},
        "question": {**_TEXT, "description": "request-info."},
        "text": {**_TEXT, "description": "provide-info, comment."},
        "outcome": {"enum": ["granted", "partial", "refused"], "description": "resolve."},
        "answer": {**_TEXT, "description": "resolve: the public answer."},
        "ground": {**_TEXT, "description": "reject: a ground from the city's list."},
        "explanation": {**_TEXT, "description": "reject: why, for the citizen."},
        "referred_to": {**_TEXT, "description": "reject: the owner it is sent on to."},
        "into": {**_TEXT, "description": "merge: the code of the other case."},
        "internal": {**_FLAG, "description": "comment: for staff only."},
        "public": {**_FLAG, "description": "progress: shown to the reporter."},
    },
    description="`version` and what the action takes; contracts/permissions.yaml says who may do what.",
)

SWEEP = _object(
    {"as_of": _TIME, "codes": {"type": ["array", "null"], "items": _TEXT}},
    ("as_of",),
)

PROBLEM = _object(
    {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Stable; explained at this address.",
        },
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": {"type": "string", "format": "uri"},
        "trace_id": _TEXT,
        "errors": {
            "type": "array",
            "items": _object(
                {
                    "pointer": {
                        **_TEXT,
                        "description": "JSON pointer to the field; /query/<name> for a parameter.",
                    },
                    "code": _TEXT,
                    "detail": _TEXT,
                },
                ("pointer", "code", "detail"),
            ),
        },
        "idempotency_key": {**_TEXT, "description": "The key to repeat with, where the outcome is open."},
        "current": {"type": "object", "description": "409: the case as it is now."},
    },
    ("type", "title", "status", "detail", "instance", "trace_id"),
)

_SERVICE = _object(
    {
        "service_code": _TEXT,
        "city": _TEXT_OR_NULL,
        "name": _TEXT_OR_NULL,
        "description": _TEXT_OR_NULL,
        "kind": {"enum": ["complaint", "aspiration", "information", "document"]},
        "group": _OBJECT_OR_NULL,
        "unit": _TEXT_OR_NULL,
        "location": {"enum": ["required", "optional", "none"]},
        "keywords": {"type": "array", "items": _TEXT},
        "attributes": {
            "type": "array",
            "items": _object(
                {
                    "code": _TEXT,
                    "datatype": {
                        "enum": ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
                    },
                    "required": _FLAG,
                    "order": {"type": ["integer", "null"]},
                    "description": _TEXT_OR_NULL,
                    "values": {
                        "type": "array",
                        "items": _object({"key": _TEXT, "name": _TEXT_OR_NULL}, ("key",)),
                    },
                },
                ("code", "datatype", "required"),
            ),
        },
        "standard": {
            "type": ["object", "null"],
            "description": "requirements, procedure, time, cost, product, place, hours, legal_basis",
        },
        "resolve_within": _OBJECT_OR_NULL,
        "notice": _TEXT_OR_NULL,
    },
    ("service_code", "name", "kind", "attributes", "standard"),
)

_INBOX_ITEM = _object(
    {
        "id": _TEXT,
        "at": _TIME,
        "title": _TEXT,
        "text": _TEXT,
        "link": {**_TEXT, "description": "The path of the page that it is about."},
        "complaint_id": {**_TEXT_OR_NULL, "description": "Null when it is about no case."},
        "event_type": _TEXT,
        "read_at": _TIME_OR_NULL,
    },
    ("id", "at", "title", "text", "link", "complaint_id", "event_type", "read_at"),
)

_DELIVERY = _object(
    {
        "id": _TEXT,
        "at": _TIME,
        "event_id": _TEXT,
        "event_type": _TEXT,
        "complaint_id": {**_TEXT_OR_NULL, "description": "Null when the message is about no case."},
        "subject": {
            **_TEXT_OR_NULL,
            "description": "What it is about instead, such as an evaluation; null for a case.",
        },
        "rule": _TEXT,
        "rule_version": _COUNT,
        "template": _TEXT,
        "template_version": {"type": ["integer", "null"]},
        "language": _TEXT_OR_NULL,
        "channel": {"enum": ["email", "inbox"]},
        "audience": {"enum": ["reporter", "staff", "department"]},
        "recipient_ref": _TEXT_OR_NULL,
        "recipient": {**_TEXT_OR_NULL, "description": "Masked."},
        "state": _TEXT,
        "reason": {**_TEXT_OR_NULL, "description": "Why it was skipped."},
        "code": {**_TEXT_OR_NULL, "description": "What the mail server answered last."},
        "attempts": _COUNT,
        "missing": {"type": "array", "items": _TEXT, "description": "Values that the text lacked."},
        "next_attempt_at": _TIME_OR_NULL,
        "finished_at": _TIME_OR_NULL,
        "attempt_log": {
            "type": "array",
            "description": "Only where one case or one event is asked for.",
            "items": {"type": "object"},
        },
    },
    ("id", "at", "event_type", "complaint_id", "subject", "channel", "state", "reason", "attempts"),
)

_CASE = _object(
    {
        "tracking_code": {**_TEXT, "examples": ["7K3M-9QXD-4TRW-H"]},
        "status": {"enum": list(STATUS)},
        "status_label": _TEXT,
        "version": _COUNT,
        "kind": _TEXT_OR_NULL,
        "service_code": _TEXT_OR_NULL,
        "service_name": _TEXT_OR_NULL,
        "unit": _TEXT_OR_NULL,
        "unit_name": _TEXT_OR_NULL,
        "officer_ref": _TEXT_OR_NULL,
        "channel": _TEXT_OR_NULL,
        "received_at": _TIME_OR_NULL,
        "accepted_at": _TIME_OR_NULL,
        "updated_at": _TIME_OR_NULL,
        "closed_at": _TIME_OR_NULL,
        "due": _OBJECT_OR_NULL,
        "outcome": _TEXT_OR_NULL,
        "closed_by": _TEXT_OR_NULL,
        "reason": _TEXT_OR_NULL,
        "title": _TEXT_OR_NULL,
        "description": _TEXT_OR_NULL,
        "public_text": _OBJECT_OR_NULL,
        "location": _OBJECT_OR_NULL,
        "attributes": _OBJECT_OR_NULL,
        "answer": _OBJECT_OR_NULL,
        "question": _OBJECT_OR_NULL,
        "referred_to": _TEXT_OR_NULL,
        "ground": _TEXT_OR_NULL,
        "anonymous": _FLAG,
        "confidential": _FLAG,
        "supporters": _COUNT,
        "merged_into": _TEXT_OR_NULL,
        "timeline": {"type": "array", "items": {"type": "object"}},
        "actions": {"type": "array", "items": _TEXT, "description": "What the caller may do now."},
        "access": {"enum": ["public", "reporter", "staff", "none"]},
    },
    ("tracking_code", "status", "status_label", "version", "access"),
)

SCHEMAS: dict[str, dict[str, Any]] = {
    "Problem": PROBLEM,
    "Case": _CASE,
    "CasePage": _page(
        {"$ref": "#/components/schemas/Case"}, counts={"type": "object", "description": "Cases by status."}
    ),
    "Receipt": _object(
        {
            "tracking_code": {**_TEXT, "examples": ["7K3M-9QXD-4TRW-H"]},
            "secret": {
                **_TEXT,
                "description": "Opens the reporter's part. Keep it: nobody can send it again.",
            },
            "status": {"const": "received"},
            "links": _object({"self": _TEXT, "page": _TEXT}, ("self", "page")),
            "idempotency_key": _TEXT,
        },
        ("tracking_code", "secret", "status", "links", "idempotency_key"),
    ),
    "Revealed": _object({"reporter": _OBJECT_OR_NULL, "revealed_at": _TIME}),
    "History": _object(
        {"items": {"type": "array", "items": {"type": "object"}}, "verified": _FLAG}, ("items",)
    ),
    "Service": _SERVICE,
    "ServiceList": _object(
        {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Service"}}, "version": _COUNT},
        ("items", "version"),
    ),
    "UnitList": _object(
        {
            "items": {
                "type": "array",
                "items": _object(
                    {"code": _TEXT, "name": _TEXT_OR_NULL, "kind": _TEXT_OR_NULL}, ("code", "name")
                ),
            }
        },
        ("items",),
    ),
    "ContactAccepted": _object(
        {"contact_ref": _TEXT, "idempotency_key": _TEXT}, ("contact_ref", "idempotency_key")
    ),
    "Inbox": _page(_INBOX_ITEM, unread=_COUNT),
    "Deliveries": _page(_DELIVERY, counts={"type": "array", "items": {"type": "object"}}),
    "Figures": {"type": "object", "description": "Counts by status, kind and unit."},
}
