"""The one function that decides what of a case an actor sees.

Values stay Python values (datetimes); `events.py` and `service.py` write them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from complaints.domain.access import (
    NO_ACCESS,
    PUBLIC_LEVEL,
    REPORTER_LEVEL,
    STAFF_LEVEL,
    Actor,
    Permissions,
    access_level,
    granted,
)
from complaints.domain.calendar import WorkingCalendar
from complaints.domain.case import Case, Entry
from complaints.domain.course import awaited, next_due
from complaints.domain.deadlines import Clock
from complaints.domain.personal_data import redact
from complaints.domain.workflow import possible

_PUBLIC_DECIMALS, _ANONYMOUS_DECIMALS = 3, 2


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of one message about the case."""

    id: str
    at: datetime
    channel: str
    state: str
    audience: str
    template: str | None = None
    reason: str | None = None


def shown_code(code: str) -> str:
    return "-".join((code[:4], code[4:8], code[8:12], code[12:])) if len(code) == 13 else code


def view(
    case: Case,
    actor: Actor,
    permissions: Permissions,
    *,
    now: datetime,
    calendar: WorkingCalendar | None = None,
    notices: Sequence[Notice] = (),
    access: str | None = None,
) -> dict[str, Any] | None:
    """The case as this actor may see it; None when for her it does not exist.

    Before verification the public sees a status and nothing else. Afterwards: category, area, month,
    status, the released text and public answers, and a rounded point.
    """
    level = access or access_level(permissions, actor, case)
    if level == NO_ACCESS and access is None:
        return None
    if level in (STAFF_LEVEL, REPORTER_LEVEL):
        return _private(case, actor, permissions, level, now, calendar, notices)
    return _public(case, actor, permissions, level, calendar)


def actions_of(case: Case, actor: Actor, permissions: Permissions) -> list[str]:
    """The actions that this actor may do on the case now."""
    if case.bound and "bounce" in possible(case):
        return [n for n in possible(case) if n != "bounce" and granted(permissions, actor, n, case)]
    return [name for name in possible(case) if granted(permissions, actor, name, case)]


def may_reveal(case: Case, actor: Actor, permissions: Permissions) -> bool:
    """Whether the actor may learn who reported. The unit of an anonymous case never may."""
    opened = granted(permissions, actor, "reveal", case)
    return bool(opened) and not (case.anonymous and opened == {"unit"})


def _looks(case: Case, actor: Actor, permissions: Permissions) -> list[str]:
    """What staff may look at beside the case itself; a page offers exactly what is named here."""
    reveal = case.reporter_ref is not None and may_reveal(case, actor, permissions)
    history = granted(permissions, actor, "history", case)
    return [*(["reveal"] if reveal else []), *(["history"] if history else [])]


def _private(
    case: Case,
    actor: Actor,
    permissions: Permissions,
    level: str,
    now: datetime,
    calendar: WorkingCalendar | None,
    notices: Sequence[Notice],
) -> dict[str, Any]:
    staff = level == STAFF_LEVEL
    clock = next_due(case) or awaited(case) if staff else awaited(case)
    shown = _common(case, level) | {
        "kind": case.kind,
        "service_code": case.service_code,
        "unit": case.unit,
        "channel": case.channel,
        "month": month_of(case, calendar),
        "received_at": case.received_at,
        "accepted_at": case.accepted_at,
        "updated_at": case.updated_at,
        "closed_at": case.closed_at,
        "due": None if clock is None else _due(clock, now),
        "title": case.title,
        "description": case.description,
        "public_text": _public_text(case),
        "location": _location(case),
        "attributes": dict(case.attributes),
        "answer": _answer(case),
        "question": _question(case),
        "explanation": case.explanation,
        "needs_review": case.needs_review if staff else False,
        "review_reasons": list(case.review_reasons) if staff and case.needs_review else [],
        "timeline": _timeline(case, staff, notices),
        "actions": actions_of(case, actor, permissions),
    }
    if staff:
        shown |= {
            "officer_ref": case.officer,
            "inspectorate": case.inspectorate,
            "filed_by": case.filed_by,
            "binding": case.bound,
            "deadlines": [_due(c, now) for c in case.clocks if c.stopped_at is None],
        }
        shown["actions"] += _looks(case, actor, permissions)
        if "verify" in shown["actions"]:
            shown["proposed_public"] = proposed_public(case)
    return shown


def _public(
    case: Case, actor: Actor, permissions: Permissions, level: str, calendar: WorkingCalendar | None
) -> dict[str, Any]:
    released = case.is_released and level == PUBLIC_LEVEL
    day = _day(calendar)
    text = case.public if released else None
    return _common(case, level) | {
        "kind": case.kind if released else None,
        "service_code": case.service_code if released else None,
        "unit": case.unit if released else None,
        "channel": None,
        "month": month_of(case, calendar),
        "received_at": _month_start(case.received_at, calendar),
        "accepted_at": _month_start(case.accepted_at, calendar),
        "updated_at": day(case.updated_at),
        "closed_at": None if case.closed_at is None else day(case.closed_at),
        "due": None,
        "title": text.title if text else None,
        "description": text.description if text else None,
        "public_text": _public_text(case) if released else None,
        "location": _rounded(case) if released else None,
        "attributes": {},
        "answer": _answer(case, day) if released else None,
        "question": None,
        "explanation": case.explanation if released else None,
        "needs_review": False,
        "review_reasons": [],
        "timeline": [_public_entry(entry, released, day, case, calendar) for entry in _told_to_public(case)],
        "actions": [] if level == NO_ACCESS else actions_of(case, actor, permissions),
        "ground": case.ground if released else None,
        "referred_to": case.referred_to if released else None,
        "reason": case.reason if released else None,
    }


def _common(case: Case, level: str) -> dict[str, Any]:
    """What every view holds, whoever reads it."""
    return {
        "tracking_code": shown_code(case.code),
        "city": case.city or None,
        "status": case.status,
        "version": case.version,
        "outcome": case.outcome,
        "closed_by": case.closed_by,
        "reason": case.reason,
        "ground": case.ground,
        "referred_to": case.referred_to,
        "anonymous": case.anonymous,
        "confidential": case.confidential,
        "supporters": case.supporters,
        "bounces": case.bounces,
        "disputes": case.disputes,
        "merged_into": shown_code(case.merged_into) if case.merged_into else None,
        "access": level,
    }


def proposed_public(case: Case) -> dict[str, Any]:
    """The text with personal data blanked, for the person who will release it."""
    title, text = redact(case.title or ""), redact(case.description or "")
    return {
        "title": title.text or None,
        "description": text.text,
        "findings": sorted({*title.findings, *text.findings}),
    }


def _due(clock: Clock, now: datetime) -> dict[str, Any]:
    return {
        "stage": clock.stage,
        "due_at": clock.due_at,
        "paused": clock.is_paused,
        "overdue": clock.is_overdue(now),
        "source": clock.record.source,
        "policy": clock.record.id,
        "effective_from": clock.record.effective_from.isoformat(),
    }


def _public_text(case: Case) -> dict[str, Any] | None:
    if case.public is None:
        return None
    return {"title": case.public.title, "description": case.public.description}


def _location(case: Case) -> dict[str, Any] | None:
    if case.location is None:
        return None if case.area is None else {"lat": None, "lon": None, "address": None, "area": case.area}
    return {
        "lat": case.location.lat,
        "lon": case.location.lon,
        "address": case.location.address,
        "area": case.area,
    }


def rounded_point(case: Case) -> tuple[float, float] | None:
    """Latitude and longitude as the public sees them."""
    if case.location is None or case.location.lat is None or case.location.lon is None:
        return None
    decimals = _ANONYMOUS_DECIMALS if case.anonymous else _PUBLIC_DECIMALS
    return round(case.location.lat, decimals), round(case.location.lon, decimals)


def _rounded(case: Case) -> dict[str, Any] | None:
    point = rounded_point(case)
    if point is None:
        return None if case.area is None else {"lat": None, "lon": None, "area": case.area}
    return {"lat": point[0], "lon": point[1], "area": case.area}


def _answer(case: Case, day: Any = None) -> dict[str, Any] | None:
    if case.answer is None:
        return None
    at = day(case.answer.at) if day else case.answer.at
    return {"text": case.answer.text, "outcome": case.answer.outcome, "at": at}


def _question(case: Case) -> dict[str, Any] | None:
    if case.question is None:
        return None
    return {"text": case.question.text, "at": case.question.at, "until": case.question.until}


def _timeline(case: Case, staff: bool, notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """Internal entries are for staff; so are messages that staff got."""
    lines = [_entry(entry, staff) for entry in case.timeline if staff or _told_to_reporter(entry)]
    lines += [
        {
            "at": notice.at,
            "type": "message",
            "status": None,
            "by": "system",
            "channel": notice.channel,
            "state": notice.state,
            "audience": notice.audience,
            "reason": notice.reason,
            "template": notice.template,
        }
        for notice in notices
        if staff or notice.audience == "reporter"
    ]
    return sorted(lines, key=lambda line: line["at"])


def _told_to_reporter(entry: Entry) -> bool:
    return entry.type not in ("due_soon", "overdue", "escalated") and not (
        entry.internal and entry.type == "commented"
    )


def _entry(entry: Entry, staff: bool) -> dict[str, Any]:
    text = entry.text if staff or not entry.internal else None
    line = {"at": entry.at, "type": entry.type, "status": entry.status, "by": entry.by, "text": text}
    line |= {"unit": entry.unit, "reason": entry.reason, "internal": entry.internal}
    return line


def _told_to_public(case: Case) -> list[Entry]:
    return [entry for entry in case.timeline if entry.type not in _NOT_PUBLIC]


_NOT_PUBLIC = frozenset({"commented", "revealed", "due_soon", "overdue", "escalated", "bounced"})


def _public_entry(
    entry: Entry, released: bool, day: Any, case: Case, calendar: WorkingCalendar | None
) -> dict[str, Any]:
    return {
        "at": _month_start(entry.at, calendar) if entry.type == "filed" else day(entry.at),
        "type": entry.type,
        "status": entry.status,
        "by": entry.by,
        "text": entry.text if released and entry.public and not entry.internal else None,
        "unit": entry.unit if released else None,
        "reason": entry.reason if released else None,
    }


def _day(calendar: WorkingCalendar | None) -> Any:
    """Times shown to the public are dates: a minute could tell who was standing there."""

    def start_of(at: datetime) -> datetime:
        if calendar is None:
            return at.replace(hour=0, minute=0, second=0, microsecond=0)
        return calendar.midnight(calendar.local_day(at))

    return start_of


def _month_start(at: datetime, calendar: WorkingCalendar | None) -> datetime:
    if calendar is None:
        return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return calendar.midnight(calendar.local_day(at).replace(day=1))


def month_of(case: Case, calendar: WorkingCalendar | None) -> str:
    """The month of receipt, as the public sees it."""
    day = calendar.local_day(case.received_at) if calendar else case.received_at.date()
    return f"{day.year:04d}-{day.month:02d}"
