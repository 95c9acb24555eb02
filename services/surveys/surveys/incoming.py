"""Tolerant readers of what we consume: only the fields we use, and nothing that is wrong gets further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from servicekit.envelope import Event
from servicekit.rejections import publisher_of
from servicekit.sealing import KeyRing, SealError
from surveys.domain.submission import MODES, Submission, cut_comment
from surveys.errors import Unreadable

RECIPIENT = "surveys"
CLOSED, REOPENED = "complaint.closed.v1", "complaint.reopened.v1"
DEPARTMENTS = "/departments/"


def read_submission(event: Event, ring: KeyRing, zone: ZoneInfo) -> Submission:
    """What was handed in. Raises Unreadable where nothing of it could ever be counted or placed."""
    try:
        block = ring.open(str(event.data.get("answer_sealed") or ""), recipient=RECIPIENT, context=event.id)
    except SealError:
        raise Unreadable("unreadable") from None
    if not isinstance(block, Mapping):
        raise Unreadable("unreadable")
    mode, scores = block.get("mode"), block.get("answers")
    received_on = event.time.astimezone(zone).date()
    consents = block.get("consents")
    consents = consents if isinstance(consents, Mapping) else {}
    return Submission(
        submission_id=_text(block.get("submission_id"), 80) or "",
        body_hash=_text(block.get("body_hash"), 128) or "",
        mode=mode if mode in MODES else "",
        day=_date(block.get("date")) or received_on,
        received_on=received_on,
        scores=scores if isinstance(scores, Mapping) else {},
        respondent=_texts(block.get("respondent")),
        token=_text(block.get("token"), 200),
        unit=_text(block.get("unit"), 40),
        service_code=_text(block.get("service_code"), 60),
        comment=cut_comment(block["comment"]) if isinstance(block.get("comment"), str) else None,
        may_process=consents.get("process") is True,
        may_publish_comment=consents.get("publish_comment") is True,
        device=_text(block.get("device"), 128),
        assisted_by=_text(block.get("assisted_by"), 80),
    )


@dataclass(frozen=True, slots=True)
class Closure:
    """What a closed case or a visit means for surveys.

    `counts` is true for a user of the unit's services (the population), `invites` for one who may be asked.
    """

    source: str
    kind: str  # case or counter
    unit: str
    service_code: str | None
    service_type: str
    day: date
    contact_ref: str | None
    handler_ref: str | None
    outcome: str | None
    channel: str | None
    counts: bool
    invites: bool


def read_closure(event: Event, zone: ZoneInfo) -> Closure:
    """A closed case. Raises Unreadable. Nobody is asked about what is confidential, supervisory or was never
    answered, nor somebody who could not be reached."""
    data = event.data
    unit, closed_at = _text(data.get("unit"), 40), _time(data.get("closed_at"))
    if unit is None or closed_at is None:
        raise Unreadable("missing_unit_or_time")
    hushed = any(data.get(name) is not False for name in ("confidential", "inspectorate", "supervisory"))
    unasked = data.get("reason") in ("unreachable", "info_not_provided") or data.get("outcome") is None
    contact_ref = _text(data.get("contact_ref"), 80)
    return Closure(
        source=_source(event),
        kind="case",
        unit=unit,
        service_code=_text(data.get("service_code"), 60),
        service_type=_text(data.get("kind"), 60) or "complaint",
        day=closed_at.astimezone(zone).date(),
        contact_ref=contact_ref,
        handler_ref=_text(data.get("handler_ref"), 80),
        outcome=_text(data.get("outcome"), 30),
        channel=_text(data.get("channel"), 30),
        counts=not hushed and data.get("outcome") is not None,
        invites=contact_ref is not None and not hushed and not unasked,
    )


def read_reopening(event: Event) -> str:
    """The source whose invitation ends. Raises Unreadable."""
    return _source(event)


def _source(event: Event) -> str:
    code, number = _text(event.data.get("complaint_id"), 40), event.data.get("closure_no")
    if code is None or not isinstance(number, int) or isinstance(number, bool):
        raise Unreadable("missing_case")
    return f"case:{code}:{number}"


def read_visit(event: Event, service_type: str) -> Closure:
    """A visit that has passed its schema."""
    data = event.data
    contact_ref = _text(data.get("contact_ref"), 80)
    return Closure(
        source=source_of(event),
        kind="counter",
        unit=data["unit"],
        service_code=data["service_code"],
        service_type=service_type,
        day=date.fromisoformat(data["date"]),
        contact_ref=contact_ref,
        handler_ref=_text(data.get("handler_ref"), 80),
        outcome=None,
        channel=_text(data.get("channel"), 30),
        counts=True,
        invites=contact_ref is not None,
    )


def source_of(event: Event) -> str:
    """What a visit is known by: the department's own reference."""
    return f"visit:{department_of(event)}:{event.data.get('visit_ref')}"


def department_of(event: Event) -> str:
    """The department whose user published an event; the kit has checked that it is this one."""
    return publisher_of(event, DEPARTMENTS)


def read_copy(event: Event) -> tuple[str, dict[str, Any]]:
    """Our copy of a unit, a service or a department: (collection, document). Raises Unreadable."""
    data = event.data
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise Unreadable("missing_version")
    active = data.get("active") is not False
    match event.type:
        case "unit.changed.v1":
            return "units", {"_id": _required(data, "unit"), "version": version, "active": active}
        case "service.changed.v1":
            return "services", {
                "_id": _required(data, "service_code"),
                "version": version,
                "unit": _required(data, "unit"),
                "kind": _required(data, "kind"),
                "supervisory": data.get("supervisory") is True,
                "active": active,
            }
        case "department.changed.v1":
            return "departments", {
                "_id": _required(data, "department"),
                "version": version,
                "units": sorted({_required(data, "unit"), *_words(data.get("units"))}),
                "types": _words(data.get("types")),
                "active": active,
            }
        case _:
            raise Unreadable("unknown_type")


def _required(data: Mapping[str, Any], name: str) -> str:
    value = _text(data.get(name), 80)
    if value is None:
        raise Unreadable(f"missing_{name}")
    return value


def _words(value: Any) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _text(value: Any, longest: int) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= longest else None


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(key): item for key, item in value.items() if isinstance(item, str)}


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None
