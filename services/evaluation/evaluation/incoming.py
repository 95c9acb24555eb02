"""Tolerant readers of what we consume: only the fields we use, and nothing that is wrong gets further.

What a department sends is read strictly instead: `departments.py` checks it by its schema first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from evaluation.domain.outcomes import closed_case
from servicekit.envelope import Event

CLOSED = "complaint.closed.v1"
REOPENED = "complaint.reopened.v1"
DISPUTED = "complaint.disputed.v1"
PERIOD_CLOSED = "survey.period_closed.v1"
STAFF_AGGREGATE = "survey.staff_aggregate_ready.v1"
UNIT_CHANGED = "unit.changed.v1"
SERVICE_CHANGED = "service.changed.v1"
DEPARTMENT_CHANGED = "department.changed.v1"
STAFF_CHANGED = "staff.changed.v1"
TRAINING_COMPLETED = "training.completed.v1"

Document = dict[str, Any]

DEEPEST = 50
"""MongoDB takes a hundred levels, some of which are ours."""

# What says who reported, or how the case stands now, is not needed here.
_NOT_KEPT = frozenset({"contact_ref", "anonymous", "due", "officer_ref", "status"})


class Unreadable(Exception):
    """An event that lacks what we need. The reason is a code."""


def guarded(data: Mapping[str, Any]) -> bool:
    """Whether a case is the inspectorate's or confidential. Absent counts as guarded, as everywhere."""
    return data.get("inspectorate") is not False or data.get("confidential") is not False


def closure(event: Event) -> Document:
    """One closure of a case, without anybody's contact. Raises Unreadable.

    Of a guarded case only the number is kept: it replaces an earlier closure and says nothing about anybody.
    """
    data = event.data
    found: Document = {
        "complaint_id": _text(data, "complaint_id"),
        "no": _number(data, "closure_no", least=1),
        "closed_at": _time(data, "closed_at"),
        "told_at": event.time,
        "event_id": event.id,
        "guarded": guarded(data) or data.get("supervisory") is True,
        "facts": None,
    }
    if not found["guarded"]:
        try:
            closed_case(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unreadable("unreadable_closure") from None
        found["facts"] = _kept({name: value for name, value in data.items() if name not in _NOT_KEPT})
    return found


def reopening(event: Event) -> tuple[str, int]:
    """The case and the closure that is undone; closure 0 is a rejection, which nobody is measured by."""
    return _text(event.data, "complaint_id"), _number(event.data, "closure_no", least=0)


def dispute(event: Event) -> Document:
    """One dispute, against the unit and officer whose answer it was. Raises Unreadable."""
    data = event.data
    hidden = guarded(data)
    return {
        "complaint_id": _text(data, "complaint_id"),
        "number": _number(data, "disputes", least=1),
        "unit": None if hidden else _text(data, "disputed_unit"),
        "handler": None if hidden else data.get("disputed_officer_ref"),
    }


def unit_result(event: Event) -> Document:
    """A unit's published figures of one period. Raises Unreadable."""
    data = event.data
    if not isinstance(data.get("elements"), list):
        raise Unreadable("missing_elements")
    return {
        "unit": _text(data, "unit"),
        "period": _text(data, "period"),
        "starts_on": _text(data, "starts_on"),
        "ends_on": _text(data, "ends_on"),
        "version": _number(data, "version", least=1),
        "told_at": event.time,
        "event_id": event.id,
        "facts": _kept(data),
    }


def person_result(event: Event) -> Document:
    """What citizens answered about one person in one period. Raises Unreadable."""
    data = event.data
    if not isinstance(data.get("elements"), Mapping):
        raise Unreadable("missing_elements")
    return {
        "staff_ref": _text(data, "staff_ref"),
        "unit": _text(data, "unit"),
        "period": _text(data, "period"),
        "service_type": _text(data, "service_type"),
        "n": _number(data, "n", least=0),
        "told_at": event.time,
        "event_id": event.id,
        "facts": _kept(data),
    }


def named(event: Event) -> Document:
    """Our copy of a unit or a service. Raises Unreadable."""
    data = event.data
    name = data.get("name")
    if not isinstance(name, Mapping) or not isinstance(name.get("id"), str):
        raise Unreadable("missing_name")
    code = _text(data, "unit" if event.type == UNIT_CHANGED else "service_code")
    row: Document = {
        "_id": code,
        "version": _number(data, "version", least=0),
        "name": {"id": name["id"], "en": name.get("en") or name["id"]},
        "active": data.get("active") is not False,
    }
    if event.type == SERVICE_CHANGED:
        row |= {"kind": data.get("kind"), "unit": data.get("unit")}
    return row


def department(event: Event) -> Document:
    """What a department may publish, and for which units. Raises Unreadable."""
    data = event.data
    units = data.get("units")
    types = data.get("types")
    return {
        "_id": _text(data, "department"),
        "version": _number(data, "version", least=0),
        "unit": data.get("unit"),
        "units": [unit for unit in units if isinstance(unit, str)] if isinstance(units, list) else [],
        "types": [one for one in types if isinstance(one, str)] if isinstance(types, list) else [],
        "active": data.get("active") is True,
    }


def _kept(data: Mapping[str, Any]) -> Document:
    """What an event says, to be kept. Raises Unreadable for what no database holds."""
    if not _holds(data, DEEPEST):
        raise Unreadable("unstorable")
    return dict(data)


def _holds(value: Any, depth: int) -> bool:
    if isinstance(value, Mapping):
        names = all("\x00" not in name for name in value)
        return names and depth > 0 and all(_holds(inner, depth - 1) for inner in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_holds(inner, depth - 1) for inner in value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"missing_{name}")
    return value


def _number(data: Mapping[str, Any], name: str, *, least: int) -> int:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise Unreadable(f"missing_{name}")
    return value


def _time(data: Mapping[str, Any], name: str) -> datetime:
    found = _optional_time(data, name)
    if found is None:
        raise Unreadable(f"missing_{name}")
    return found


def _optional_time(data: Mapping[str, Any], name: str) -> datetime | None:
    value = data.get(name)
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unreadable(f"invalid_{name}") from None
    if at.tzinfo is None:
        raise Unreadable(f"invalid_{name}")
    return at
