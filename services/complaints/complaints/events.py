"""What complaints tells the others: events that validate against contracts/complaints, without any text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from complaints.domain.case import Case, Fact
from complaints.domain.course import next_due
from complaints.domain.departments import Department
from servicekit.envelope import Event
from servicekit.ids import uuid7
from servicekit.tracing import current_traceparent

SOURCE = "/complaints"
_SCHEMAS = "https://tanggap.id/contracts/complaints"


def case_event(case: Case, fact: Fact, at: datetime, cause: Event | None = None) -> Event:
    """One fact of a case as an event of its aggregate, at the version after the change."""
    type_ = f"complaint.{fact.name}.v1"
    return _event(type_, case.code, at, _common(case) | wire(fact.data), case.version, cause)


def unit_changed(unit: Mapping[str, Any], at: datetime) -> Event:
    """A unit as the catalogue has it now; `version` grows with every change of it."""
    data = {
        "city": unit["city"],
        "unit": unit["code"],
        "version": unit["version"],
        "name": _both_languages(unit),
        "short": unit.get("short") or unit["code"],
        "kind": unit.get("kind") or "unit",
        "parent": unit.get("parent"),
        "active": unit["active"],
    }
    return _event("unit.changed.v1", unit["code"], at, data, unit["version"], None)


def service_changed(service: Mapping[str, Any], at: datetime) -> Event:
    """A service as the catalogue has it now, without what only the gateway needs."""
    data = {
        "city": service["city"],
        "service_code": service["code"],
        "version": service["version"],
        "name": _both_languages(service),
        "kind": service["kind"],
        "unit": service["unit"],
        "supervisory": bool(service.get("supervisory")),
        "active": service["active"],
    }
    return _event("service.changed.v1", service["code"], at, data, service["version"], None)


def department_changed(department: Department, at: datetime) -> Event:
    """A department as it is registered now, without its keys."""
    data = {
        "department": department.code,
        "version": department.version,
        "name": {"id": department.name_id, "en": department.name_en},
        "unit": department.unit,
        "units": list(department.units),
        "types": list(department.types),
        "active": department.active,
    }
    return _event("department.changed.v1", department.code, at, data, department.version, None)


def _both_languages(item: Mapping[str, Any]) -> dict[str, str]:
    name = item["name"]
    return {"id": name["id"], "en": name.get("en") or name["id"]}


def _common(case: Case) -> dict[str, Any]:
    clock = next_due(case)
    due = None
    if clock is not None:
        due = {
            "stage": clock.stage,
            "due_at": clock.due_at.isoformat(),
            "policy": clock.record.id,
            "paused": False,
        }
    return {
        "complaint_id": case.code,
        "service_code": case.service_code,
        "kind": case.kind,
        "status": case.status,
        "unit": case.unit,
        "officer_ref": case.officer,
        "inspectorate": case.inspectorate,
        "confidential": case.confidential,
        "anonymous": case.anonymous,
        "contact_ref": case.contact_ref,
        "due": due,
    }


def wire(value: Any) -> Any:
    """A value with every time written out, as JSON carries it."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: wire(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [wire(item) for item in value]
    return value


def _event(
    type_: str, subject: str, at: datetime, data: Mapping[str, Any], version: int, cause: Event | None
) -> Event:
    id_ = uuid7()
    return Event(
        id=id_,
        source=SOURCE,
        type=type_,
        subject=subject,
        time=at,
        data=data,
        aggregateversion=version,
        correlationid=(cause.correlationid or cause.id) if cause else id_,
        causationid=cause.id if cause else None,
        traceparent=(cause.traceparent if cause else None) or current_traceparent(),
        dataschema=f"{_SCHEMAS}/{type_}.json",
    )
