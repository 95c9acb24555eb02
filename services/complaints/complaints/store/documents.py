"""Documents ↔ domain. Absent means None; times are UTC with millisecond precision, as MongoDB keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from complaints.domain.calendar import WorkingCalendar
from complaints.domain.case import Answer, Case, Entry, Location, PublicText, Question, Stay
from complaints.domain.course import next_due
from complaints.domain.deadlines import Clock, DeadlineRecord, Escalation, Pause, Span
from complaints.domain.history import Link
from complaints.domain.view import Notice, month_of, rounded_point

Document = dict[str, Any]

# Sorts after every deadline: cases without one come last in a queue.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)

_COMPOSED = frozenset(
    "code location attributes public review_reasons clocks stays waits timeline question answer".split()
)
_PLAIN = tuple(f.name for f in fields(Case) if f.name not in _COMPOSED)
_SINGLE = (("location", Location), ("public", PublicText), ("question", Question), ("answer", Answer))


def case_to_document(case: Case, calendar: WorkingCalendar | None) -> Document:
    """The case, and beside it the few fields that lists are found by."""
    values = vars(case)
    document: Document = {"_id": case.code}
    document.update({name: values[name] for name in _PLAIN if values[name] is not None})
    if case.location is not None:
        document["location"] = _present(case.location)
    if case.attributes:
        # Pairs, because a citizen's attribute code may be no valid field name.
        document["attributes"] = [[code, value] for code, value in case.attributes]
    if case.review_reasons:
        document["review_reasons"] = list(case.review_reasons)
    if case.public is not None:
        document["public"] = _present(case.public)
    if case.question is not None:
        document["question"] = _present(case.question)
    if case.answer is not None:
        document["answer"] = _present(case.answer)
    document["clocks"] = [_clock(clock) for clock in case.clocks]
    document["stays"] = [_present(stay) for stay in case.stays]
    if case.waits:
        document["waits"] = [_present(wait) for wait in case.waits]
    document["timeline"] = [_present(entry) for entry in case.timeline]
    due = next_due(case)
    document["sort_due"] = due.due_at if due else NEVER
    document["month"] = month_of(case, calendar)
    if case.is_released:
        document["released"] = True
        document["released_at"] = next(
            (entry.at for entry in reversed(case.timeline) if entry.type == "verified"), case.updated_at
        )
        point = rounded_point(case)
        if point is not None:
            document["public_point"] = {"lat": point[0], "lon": point[1]}
    return document


def _present(value: Any) -> Document:
    found = {name: getattr(value, name) for name in value.__slots__}
    return {name: item for name, item in found.items() if item is not None and item is not False}


def _clock(clock: Clock) -> Document:
    document: Document = {
        "stage": clock.stage,
        "number": clock.number,
        "record": _record(clock.record),
        "started_at": clock.started_at,
        "due_at": clock.due_at,
    }
    if clock.remaining_minutes is not None:
        document["remaining_minutes"] = clock.remaining_minutes
    if clock.pauses:
        document["pauses"] = [_present(pause) for pause in clock.pauses]
    if clock.fired:
        document["fired"] = list(clock.fired)
    if clock.stopped_at is not None:
        document["stopped_at"] = clock.stopped_at
    if clock.basis:
        document["basis"] = clock.basis
    return document


@lru_cache(maxsize=1024)
def _record(record: DeadlineRecord) -> Document:
    """Shared between documents: a city has few records and many cases. Never changed by anybody."""
    return {
        "id": record.id,
        "kind": record.kind,
        "class": record.supervisory_class,
        "amount": record.span.amount,
        "unit": record.span.unit,
        "warn_before": [[span.amount, span.unit] for span in record.warn_before],
        "escalate_after": [
            [step.after.amount, step.after.unit, step.to_role] for step in record.escalate_after
        ],
        "source": record.source,
        "effective_from": record.effective_from.isoformat(),
        "effective_to": record.effective_to.isoformat() if record.effective_to else None,
    }


def case_from_document(document: Mapping[str, Any]) -> Case:
    values: dict[str, Any] = {name: document[name] for name in _PLAIN if name in document}
    values["review_reasons"] = tuple(document.get("review_reasons", ()))
    for name, kind in _SINGLE:
        if name in document:
            values[name] = _restored(kind, document[name])
    return Case(
        code=document["_id"],
        attributes=tuple((code, value) for code, value in document.get("attributes", ())),
        clocks=tuple(_restored_clock(item) for item in document["clocks"]),
        stays=tuple(_restored(Stay, item) for item in document["stays"]),
        waits=tuple(_restored(Pause, item) for item in document.get("waits", ())),
        timeline=tuple(_restored(Entry, item) for item in document["timeline"]),
        **values,
    )


_EMPTY: dict[type, Document] = {
    PublicText: {"title": None},
    Answer: {"by": None},
    Stay: {"unit": None, "handler": None},
    Pause: {"ended_at": None},
}


def _restored(kind: type, document: Mapping[str, Any]) -> Any:
    return kind(**{**_EMPTY.get(kind, {}), **document})


def _restored_clock(document: Mapping[str, Any]) -> Clock:
    stored = document["record"]
    record = DeadlineRecord(
        id=stored["id"],
        stage=document["stage"],
        kind=stored["kind"],
        supervisory_class=stored["class"],
        span=Span(stored["amount"], stored["unit"]),
        warn_before=tuple(Span(amount, unit) for amount, unit in stored["warn_before"]),
        escalate_after=tuple(
            Escalation(Span(amount, unit), to_role) for amount, unit, to_role in stored["escalate_after"]
        ),
        source=stored["source"],
        effective_from=date.fromisoformat(stored["effective_from"]),
        effective_to=date.fromisoformat(stored["effective_to"]) if stored["effective_to"] else None,
    )
    return Clock(
        stage=document["stage"],
        number=document["number"],
        record=record,
        started_at=document["started_at"],
        due_at=document["due_at"],
        remaining_minutes=document.get("remaining_minutes"),
        pauses=tuple(_restored(Pause, item) for item in document.get("pauses", ())),
        fired=tuple(document.get("fired", ())),
        stopped_at=document.get("stopped_at"),
        basis=document.get("basis", ""),
    )


def link_to_document(code: str, link: Link) -> Document:
    document = {name: getattr(link, name) for name in Link.__slots__}
    return {"_id": f"{code}:{link.seq:06d}", **document}


def link_from_document(document: Mapping[str, Any]) -> Link:
    return Link(**{name: document[name] for name in Link.__slots__})


def notice_to_document(code: str, notice: Notice) -> Document:
    return {"_id": f"{code}:{notice.id}", **_present(notice)}


def notice_from_document(document: Mapping[str, Any]) -> Notice:
    return Notice(**{name: value for name, value in document.items() if name in Notice.__slots__})
