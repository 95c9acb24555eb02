"""Whom an event concerns. An inspectorate case concerns inspectors alone, whatever a rule says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifications.domain.delivery import Reason

REPORTER, VISITOR, DEPARTMENT = "reporter", "visitor", "department"
CITIZENS = frozenset({REPORTER, VISITOR})
"""Whoever left a contact: with a case, or at a counter."""
NAMED = {
    "assignee": "officer_ref",
    "person": "staff_ref",
    "rater": "rater_ref",
    "decider": "decider_ref",
    "owner": "owner_ref",
}
"""Audiences of one member of staff, and the field that names her."""
STAFF_AUDIENCES = frozenset({*NAMED, "unit", "unit_head", "escalation"})
ROLES = frozenset(
    {"coordinator", "desk", "officer", "unit_head", "inspector", "hr", "rater", "leader", "admin", "auditor"}
)
CHAIN = ("survey.", "improvement.", "evaluation.", "training.", "event.rejected.")
"""Events about surveys, staff and departments. Every other event is about a case."""


@dataclass(frozen=True, slots=True)
class Staff:
    ref: str
    roles: frozenset[str] = frozenset()
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    staff: tuple[Staff, ...] = field(default=())
    nobody: Reason | None = None
    """Why there is nobody, when there is nobody."""


def about_case(event_type: str) -> bool:
    """Whether events of a type are about a case, which has a code, a timeline and perhaps secrecy."""
    return not event_type.startswith(CHAIN)


def is_known(audience: str) -> bool:
    if audience.startswith("role:"):
        return audience.removeprefix("role:") in ROLES
    return audience in CITIZENS or audience in STAFF_AUDIENCES or audience == DEPARTMENT


def needs(audience: str) -> tuple[str, ...]:
    """The event fields an audience is resolved from; a rule may name it only for events that have them."""
    if audience in NAMED:
        return (NAMED[audience],)
    return {
        REPORTER: ("contact_ref",),
        VISITOR: ("contact_ref",),
        DEPARTMENT: ("department",),
        "unit": ("unit",),
        "unit_head": ("unit",),
        "escalation": ("to_role", "to_unit"),
    }.get(audience, ())


def resolve_staff(
    audience: str, data: Mapping[str, Any], staff: Sequence[Staff], *, case: bool = True
) -> Resolved:
    """The members of a staff audience, each once, in a stable order.

    Of an inspectorate case only inspectors hear; when that leaves nobody the reason is secrecy, so that
    an audit can tell a guarded case from an empty office. `case`: whether the event is about one.
    """
    meant = {member.ref: member for member in staff if _is_meant(audience, data, member)}
    members = [meant[ref] for ref in sorted(meant)]
    if not members:
        return Resolved(nobody=Reason.AUDIENCE_EMPTY)
    if case and data.get("inspectorate") is not False:
        # A field that is absent counts as guarded: telling too few is repaired, telling too many is not.
        members = [member for member in members if "inspector" in member.roles]
    return Resolved(tuple(members)) if members else Resolved(nobody=Reason.SECRECY)


def _is_meant(audience: str, data: Mapping[str, Any], member: Staff) -> bool:
    unit = data.get("unit")
    if audience.startswith("role:"):
        return audience.removeprefix("role:") in member.roles
    if audience in NAMED:
        return data.get(NAMED[audience]) == member.ref
    match audience:
        case "unit":
            return unit is not None and member.unit == unit and bool(member.roles & _WORKS_IN_UNIT)
        case "unit_head":
            return unit is not None and member.unit == unit and "unit_head" in member.roles
        case "escalation":
            to_unit = data.get("to_unit")
            return data.get("to_role") in member.roles and to_unit in (None, member.unit)
    raise ValueError(f"not a staff audience: {audience}")


_WORKS_IN_UNIT = frozenset({"officer", "unit_head", "inspector"})
