"""Every operation of the JSON interface, with its description."""

from __future__ import annotations

from typing import Any

from gateway import documents, queries, routes, schemas
from gateway.operations import Operation


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _parameter(name: str, description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}}


def _codes(name: str, description: str, choices: tuple[str, ...] | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "string", **({"enum": list(choices)} if choices else {})}
    return {**_parameter(name, description, {"type": "array", "items": item}), "explode": True}


_FLAG = {"type": "boolean"}
_PAGING = (
    _parameter("cursor", "Where the page before ended; taken from `next_cursor` or the Link header."),
    _parameter(
        "limit",
        "Items on a page.",
        {"type": "integer", "minimum": 1, "maximum": queries.LIMIT_MAX, "default": 20},
    ),
)
_FILTERS = (
    _codes("status", "Only these statuses.", queries.STATUSES),
    _codes("kind", "Only these kinds.", queries.KINDS),
    _codes("service_code", "Only these services."),
    _codes("unit", "Only these units."),
    _parameter("text", "Words of the released text.", {"type": "string", "maxLength": 200}),
    _parameter("bbox", "west,south,east,north in degrees."),
    _parameter(
        "month",
        "The month of receipt, such as 2026-11.",
        {"type": "string", "pattern": r"^(\d{4}-(0[1-9]|1[0-2]))?$"},
    ),
    _parameter("needs_review", "Staff: only cases that a coordinator must look at.", _FLAG),
    _parameter("overdue", "Staff: only cases past a deadline.", _FLAG),
    _parameter("mine", "Staff: only cases that are mine.", _FLAG),
)
_CASE, _CASES = _ref("Case"), _ref("CasePage")
_READS = ("service-unavailable",)
_WRITES = ("invalid-input", "invalid-idempotency-key", "service-unavailable", "outcome-unknown")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/v1/complaints",
        routes.file_complaint,
        "File a case",
        "cases",
        "anyone",
        body=schemas.Filing,
        keyed=True,
        status=202,
        result=_ref("Receipt"),
        problems=("invalid-input", "invalid-idempotency-key", "intake-unavailable", "catalogue-unavailable"),
        description="Answered once the case is durable. With an `Idempotency-Key` the same body gives the "
        "same case and another body another case. A 503 does not mean that nothing was "
        "accepted: repeat with the key it names.",
    ),
    Operation(
        "GET",
        "/v1/complaints/{code}",
        routes.get_complaint,
        "Show a case",
        "cases",
        "anyone",
        result=_CASE,
        problems=("not-found", *_READS),
        description="The public sees what was released; with `Tanggap-Secret` the reporter sees "
        "her own case. "
        "Unknown codes, wrong secrets and confidential cases answer alike.",
    ),
    Operation(
        "GET",
        "/v1/complaints",
        routes.list_complaints,
        "List cases",
        "cases",
        "anyone",
        query=(*_FILTERS, *_PAGING),
        result=_CASES,
        problems=("invalid-query", *_READS),
        description="The public list; with a staff token that person's inbox.",
    ),
    Operation(
        "POST",
        "/v1/complaints/{code}/reveal",
        routes.reveal_reporter,
        "Show who reported",
        "cases",
        "staff",
        body=schemas.Reveal,
        keyed=True,
        result=_ref("Revealed"),
        problems=("not-found", *_WRITES),
        description="Needs a role and a reason, and is recorded in the case's history.",
    ),
    Operation(
        "GET",
        "/v1/complaints/{code}/history",
        routes.get_history,
        "Show a case's history",
        "cases",
        "staff",
        result=_ref("History"),
        problems=("not-found", *_READS),
        description="Every step with its digest; `verified` says whether the chain is whole.",
    ),
    Operation(
        "POST",
        "/v1/complaints/{code}/{action}",
        routes.act_on_complaint,
        "Act on a case",
        "cases",
        "anyone",
        body=documents.ACTION,
        body_required=False,
        keyed=True,
        result=_CASE,
        problems=("not-found", "conflict", *_WRITES),
        description="`version` is the one last seen; a case that moved on answers 409 with its state.",
    ),
    Operation(
        "GET",
        "/v1/services",
        routes.list_services,
        "List services",
        "catalogue",
        query=(
            _codes("kind", "Only these kinds."),
            _codes("unit", "Only these units."),
            _codes("city", "One city."),
        ),
        result=_ref("ServiceList"),
        problems=("invalid-query", "catalogue-unavailable"),
        description="Each with its questions and its service standard.",
    ),
    Operation(
        "GET",
        "/v1/services/{code}",
        routes.get_service,
        "Show a service",
        "catalogue",
        result=_ref("Service"),
        problems=("not-found", "catalogue-unavailable"),
    ),
    Operation(
        "GET",
        "/v1/units",
        routes.list_units,
        "List units",
        "catalogue",
        result=_ref("UnitList"),
        problems=("catalogue-unavailable",),
    ),
    Operation(
        "PUT",
        "/v1/catalogue/{city}",
        routes.put_catalogue,
        "Import a city's catalogue",
        "operations",
        "staff",
        body={"type": "object", "required": ["city"]},
        keyed=True,
        problems=_WRITES,
        description="Idempotent: what is unchanged stays as it is.",
    ),
    Operation(
        "POST",
        "/v1/contacts",
        routes.submit_contact,
        "Hand in a contact",
        "notifications",
        "staff",
        body=schemas.Contact,
        keyed=True,
        status=202,
        result=_ref("ContactAccepted"),
        problems=("invalid-input", "intake-unavailable"),
    ),
    Operation(
        "GET",
        "/v1/notifications/inbox",
        routes.get_inbox,
        "Read my inbox",
        "notifications",
        "staff",
        query=(*_PAGING, _parameter("unread_only", "Only what is unread.", _FLAG)),
        result=_ref("Inbox"),
        problems=("invalid-query", *_READS),
    ),
    Operation(
        "POST",
        "/v1/notifications/inbox/read",
        routes.mark_inbox_read,
        "Mark messages as read",
        "notifications",
        "staff",
        body=schemas.MarkRead,
        body_required=False,
        keyed=True,
        problems=_WRITES,
    ),
    Operation(
        "GET",
        "/v1/notifications/deliveries",
        routes.list_deliveries,
        "List deliveries",
        "notifications",
        "staff",
        query=(
            _parameter("complaint_id", "One case."),
            _parameter("event_id", "One event."),
            _parameter("state", "One state."),
            _parameter("channel", "One channel."),
            _parameter("audience", "reporter or staff."),
            _parameter("reason", "One reason."),
            _parameter("counts", "With totals by outcome.", _FLAG),
            *_PAGING,
        ),
        result=_ref("Deliveries"),
        problems=("invalid-query", *_READS),
        description="Recipients are masked.",
    ),
    Operation(
        "POST",
        "/v1/notifications/dry-run",
        routes.dry_run_event,
        "See what an event would send",
        "notifications",
        "staff",
        body={"type": "object", "description": "A CloudEvents JSON object."},
        problems=("invalid-input", *_READS),
    ),
    Operation(
        "POST",
        "/v1/notifications/reload",
        routes.reload_notifications,
        "Load rules and templates again",
        "notifications",
        "staff",
        keyed=True,
        problems=_WRITES,
    ),
    Operation(
        "GET",
        "/v1/figures",
        routes.get_figures,
        "Count cases",
        "cases",
        "staff",
        result=_ref("Figures"),
        problems=_READS,
    ),
)

DEVELOPMENT_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/v1/sweep",
        routes.sweep,
        "Run the timers as of a time",
        "operations",
        "staff",
        body=documents.SWEEP,
        keyed=True,
        problems=_WRITES,
        description="In the development profile only.",
    ),
)
