"""Entries of the JP ledger: who says that something was learnt, who verified it, what it counts.

    claim by the person ──▶ claimed ──verify──▶ verified, or awaiting_rule
                                └─────reject──▶ rejected ──claim again──▶ claimed
    completed enrolment, or a department's training.completed ──▶ verified, or awaiting_rule
    verified ──reverse──▶ a reversing entry beside it: both stay, neither counts

A training is one entry for a person, form, title and first day (evaluation.md §7.1), wherever it comes from.
A department that may publish `training.completed` is trusted as the verifier: what it tells is verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from evaluation.domain.enrolments import LOCATIONS, Enrolment, Offer
from evaluation.domain.identity import stable_id
from evaluation.domain.jp import Activity, Conversion
from evaluation.domain.ledger import AWAITING_RULE, CLAIMED, REJECTED, REVERSED, VERIFIED, Line
from evaluation.domain.payloads import Payload
from evaluation.errors import Fault, NotAllowed

CLAIM, DEPARTMENT, ENROLMENT, REVERSAL = "claim", "department", "enrolment", "reversal"
_MISSING = {
    "days_missing": "days",
    "sessions_missing": "sessions",
    "programme_jp_missing": "programme_jp",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a person's ledger. Days are the city's; the year is that of the last day."""

    entry_id: str
    staff_ref: str
    form: str
    title: str
    organiser: str
    start: date
    end: date
    location: str
    status: str
    origin: str
    entered_at: datetime
    days: int | None = None
    sessions: int | None = None
    programme_jp: int | None = None
    offer_id: str | None = None
    evidence_ref: str | None = None
    jp: int | None = None
    rule_version: str | None = None
    example: bool = False
    reverses: str | None = None
    event: Mapping[str, Any] | None = None
    """The event it follows, and when its department says it was told; None for an entry of our own."""

    @property
    def activity(self) -> Activity:
        return Activity(self.form, self.end, self.location, self.days, self.sessions, self.programme_jp)

    @property
    def line(self) -> Line:
        return Line(self.entry_id, self.form, self.start, self.end, self.jp, self.status, self.reverses)

    def content(self) -> tuple[Any, ...]:
        """What two tellings of one training are compared by."""
        return (self.organiser, self.end, self.location, self.days, self.sessions, self.programme_jp)


def entry_id(staff_ref: str, form: str, title: str, start: date, again: int = 0) -> str:
    """The id of the one entry of a training. `again` counts reversed entries that a new claim replaces."""
    return stable_id(staff_ref, form, " ".join(title.casefold().split()), start.isoformat(), str(again))


def missing_quantity(conversion: Conversion) -> Fault | None:
    """The quantity that the rule counts and nobody named."""
    name = _MISSING.get(conversion.reason or "")
    if name is None:
        return None
    return Fault(f"/{name}", "required", "The rule for this form counts this quantity.")


def converted(entry: Entry, conversion: Conversion) -> Entry:
    """An entry that is vouched for: verified, or waiting for a rule. It never counts by a guess."""
    return replace(
        entry,
        jp=conversion.jp,
        rule_version=conversion.rule_version,
        example=conversion.example,
        status=AWAITING_RULE if conversion.jp is None else VERIFIED,
    )


def read_claim(value: Any, staff_ref: str, forms: Mapping[str, Any], at: datetime, today: date) -> Entry:
    """What a person says she has learnt. Raises NotValid; nothing counts before it is verified."""
    read = Payload(value)
    start, end = read.day("start"), read.day("end")
    if start and end and end < start:
        read.fault("end", "before_start", "It ends before it begins.")
    elif end and end > today:
        read.fault("end", "not_over", "Claim it when it is over.")
    entry = Entry(
        entry_id="",
        staff_ref=staff_ref,
        form=read.one_of("form", tuple(forms)) or "",
        title=read.text("title", limit=200) or "",
        organiser=read.text("organiser", limit=200) or "",
        start=start or date.min,
        end=end or date.min,
        location=read.one_of("location", LOCATIONS, required=False) or LOCATIONS[0],
        status=CLAIMED,
        origin=CLAIM,
        entered_at=at,
        days=read.count("days", least=1, most=366),
        sessions=read.count("sessions", least=1, most=1000),
        programme_jp=read.count("programme_jp", least=1, most=2000),
        evidence_ref=read.text("evidence_ref", required=False, limit=200),
    )
    read.check()
    return replace(entry, entry_id=entry_id(staff_ref, entry.form, entry.title, entry.start))


def of_enrolment(enrolment: Enrolment, offer: Offer, at: datetime) -> Entry:
    """The entry that a completed enrolment makes."""
    return Entry(
        entry_id=entry_id(enrolment.staff_ref, offer.form, offer.title, offer.start),
        staff_ref=enrolment.staff_ref,
        form=offer.form,
        title=offer.title,
        organiser=offer.organiser,
        start=offer.start,
        end=offer.end,
        location=offer.location,
        status=VERIFIED,
        origin=ENROLMENT,
        entered_at=at,
        days=offer.days,
        sessions=offer.sessions,
        programme_jp=offer.programme_jp,
        offer_id=offer.offer_id,
        evidence_ref=enrolment.evidence_ref,
    )


def read_completed(
    data: Mapping[str, Any], event: Mapping[str, Any], at: datetime
) -> tuple[Entry, list[Fault]]:
    """A department's training.completed, after its schema has been checked. JP it names is not believed."""
    faults = []
    quantities: dict[str, int | None] = {}
    for name in ("days", "sessions", "programme_jp"):
        value = data.get(name)
        if value is not None and value != int(value):
            faults.append(Fault(f"/{name}", "not_whole", "The rules count whole units."))
            value = None
        quantities[name] = None if value is None else int(value)
    start, end = date.fromisoformat(data["start"]), date.fromisoformat(data["end"])
    if end < start:
        faults.append(Fault("/end", "before_start", "It ends before it begins."))
    entry = Entry(
        entry_id=entry_id(data["staff_ref"], data["form"], data["title"], start),
        staff_ref=data["staff_ref"],
        form=data["form"],
        title=data["title"],
        organiser=data["organiser"],
        start=start,
        end=end,
        location=data["location"],
        status=VERIFIED,
        origin=DEPARTMENT,
        entered_at=at,
        offer_id=data.get("offer_id"),
        evidence_ref=data.get("evidence_ref"),
        event=dict(event),
        days=quantities["days"],
        sessions=quantities["sessions"],
        programme_jp=quantities["programme_jp"],
    )
    return entry, faults


def verify(entry: Entry, conversion: Conversion) -> Entry:
    """BKPSDM vouches for a claim, or converts an entry that waited for its rule."""
    if entry.status not in (CLAIMED, AWAITING_RULE):
        raise NotAllowed("wrong_state", f"Not possible while the entry is {entry.status}.")
    if entry.status == AWAITING_RULE and conversion.jp is None:
        raise NotAllowed("awaiting_rule", "No enabled rule converts this form of learning yet.")
    return converted(entry, conversion)


def reject(entry: Entry) -> Entry:
    if entry.status != CLAIMED:
        raise NotAllowed("wrong_state", f"Not possible while the entry is {entry.status}.")
    return replace(entry, status=REJECTED)


def reverse(entry: Entry, id: str, at: datetime) -> Entry:
    """The reversing entry. The one it names stays as it is."""
    if entry.status not in (VERIFIED, AWAITING_RULE) or entry.reverses is not None:
        raise NotAllowed("wrong_state", f"Not possible while the entry is {entry.status}.")
    return replace(
        entry,
        entry_id=id,
        status=REVERSED,
        origin=REVERSAL,
        reverses=entry.entry_id,
        entered_at=at,
        event=None,
    )
