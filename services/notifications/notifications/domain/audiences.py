"""Whom an event concerns. An inspectorate case concerns inspectors alone, whatever a rule says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifications.domain.delivery import Reason

REPORTER = "reporter"
STAFF_AUDIENCES = frozenset({"assignee", "unit", "unit_head", "escalation"})
ROLES = frozenset(
    {"coordinator", "desk", "officer", "unit_head", "inspector", "hr", "rater", "leader", "admin", "auditor"}
)


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


def is_known(audience: str) -> bool:
    if audience.startswith("role:"):
        return audience.removeprefix("role:") in ROLES
    return audience == REPORTER or audience in STAFF_AUDIENCES


def needs(audience: str) -> tuple[str, ...]:
    """The event fields an audience is resolved from; a rule may name it only for events that have them."""
    return {
        REPORTER: ("contact_ref",),
        "assignee": ("officer_ref",),
        "unit": ("unit",),
        "unit_head": ("unit",),
        "escalation": ("to_role", "to_unit"),
    }.get(audience, ())


def resolve_staff(audience: str, data: Mapping[str, Any], staff: Sequence[Staff]) -> Resolved:
    """The members of a staff audience, each once, in a stable order.

    Of an inspectorate case only inspectors hear; when that leaves nobody the reason is secrecy, so that
    an audit can tell a guarded case from an empty office.
    """
    meant = {member.ref: member for member in staff if _is_meant(audience, data, member)}
    members = [meant[ref] for ref in sorted(meant)]
    if not members:
        return Resolved(nobody=Reason.AUDIENCE_EMPTY)
    if data.get("inspectorate") is not False:
        # A field that is absent counts as guarded: telling too few is repaired, telling too many is not.
        members = [member for member in members if "inspector" in member.roles]
    return Resolved(tuple(members)) if members else Resolved(nobody=Reason.SECRECY)


def _is_meant(audience: str, data: Mapping[str, Any], member: Staff) -> bool:
    unit = data.get("unit")
    if audience.startswith("role:"):
        return audience.removeprefix("role:") in member.roles
    match audience:
        case "assignee":
            return data.get("officer_ref") == member.ref
        case "unit":
            return unit is not None and member.unit == unit and bool(member.roles & _WORKS_IN_UNIT)
        case "unit_head":
            return unit is not None and member.unit == unit and "unit_head" in member.roles
        case "escalation":
            to_unit = data.get("to_unit")
            return data.get("to_role") in member.roles and to_unit in (None, member.unit)
    raise ValueError(f"not a staff audience: {audience}")


_WORKS_IN_UNIT = frozenset({"officer", "unit_head", "inspector"})
