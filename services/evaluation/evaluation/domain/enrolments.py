"""The way into a training and through it: asked by the person, approved by the rater, confirmed by HR.

    requested ──approve──▶ approved ──confirm──▶ confirmed ──complete──▶ completed
                                        └─ full ─▶ waiting ──a place is free──▶ confirmed
    every state before `completed` ──withdraw──▶ withdrawn

Source: evaluation.md §7.3. An internship completes only with a report and a plan for use in the own unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from evaluation.domain.payloads import Payload
from evaluation.errors import NotAllowed

REQUESTED, APPROVED, CONFIRMED, WAITING, COMPLETED, WITHDRAWN = (
    "requested",
    "approved",
    "confirmed",
    "waiting",
    "completed",
    "withdrawn",
)
LIVE = (REQUESTED, APPROVED, CONFIRMED, WAITING)
OPEN, CLOSED, CANCELLED = "open", "closed", "cancelled"
OFFER_STATES = (OPEN, CLOSED, CANCELLED)
LOCATIONS = ("national", "international")
INTERNSHIP_FIELDS = ("university", "agreement_ref", "supervisor_role", "learning_goals", "placement_unit")

POSSIBLE: Mapping[str, tuple[str, ...]] = {
    "approve": (REQUESTED,),
    "confirm": (APPROVED, WAITING),
    "complete": (CONFIRMED,),
    "withdraw": LIVE,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One training, workshop or internship that people can enrol in. Days are the city's."""

    offer_id: str
    form: str
    title: str
    organiser: str
    place: str | None
    start: date
    end: date
    location: str
    status: str
    days: int | None = None
    sessions: int | None = None
    programme_jp: int | None = None
    capacity: int | None = None
    competencies: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    service_types: tuple[str, ...] = ()
    internship: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One person's way through one offer."""

    id: str
    offer_id: str
    staff_ref: str
    unit: str
    rater_ref: str | None
    state: str
    requested_at: datetime
    changed_at: datetime
    recommendation_id: str | None = None
    waiting_since: datetime | None = None
    report_ref: str | None = None
    back_home_project: str | None = None
    evidence_ref: str | None = None
    entry_id: str | None = None


def read_offer(
    value: Any, offer_id: str, forms: Mapping[str, Any], internship_forms: frozenset[str]
) -> Offer:
    """An offer as BKPSDM writes it. Raises NotValid naming every wrong field."""
    read = Payload(value)
    form = read.one_of("form", tuple(forms))
    start, end = read.day("start"), read.day("end")
    if start and end and end < start:
        read.fault("end", "before_start", "It ends before it begins.")
    internship = None
    if form in internship_forms:
        part = Payload(read.value("internship"), "/internship")
        if read.value("internship") is None:
            part.fault("", "required", "An internship names university, agreement, supervisor and goals.")
        else:
            internship = {name: part.text(name) or "" for name in INTERNSHIP_FIELDS}
        read.take(part)
    elif read.value("internship") is not None:
        read.fault("internship", "no_internship", "Only an internship has this part.")
    offer = Offer(
        offer_id=offer_id,
        form=form or "",
        title=read.text("title", limit=200) or "",
        organiser=read.text("organiser", limit=200) or "",
        place=read.text("place", required=False, limit=200),
        start=start or date.min,
        end=end or date.min,
        location=read.one_of("location", LOCATIONS, required=False) or LOCATIONS[0],
        status=read.one_of("status", OFFER_STATES, required=False) or OPEN,
        days=read.count("days", least=1, most=366),
        sessions=read.count("sessions", least=1, most=1000),
        programme_jp=read.count("programme_jp", least=1, most=2000),
        capacity=read.count("capacity", least=1, most=100_000),
        competencies=tuple(read.texts("competencies", limit=60)),
        elements=tuple(read.texts("elements", limit=60)),
        service_types=tuple(read.texts("service_types", limit=60)),
        internship=internship,
    )
    read.check()
    return offer


def request(
    id: str, offer: Offer, staff_ref: str, unit: str, rater_ref: str | None, at: datetime, today: date
) -> Enrolment:
    """Ask for a place. Raises NotAllowed when the offer takes nobody any more."""
    if offer.status != OPEN:
        raise NotAllowed("offer_closed", "This offer takes no enrolments.")
    if offer.end < today:
        raise NotAllowed("too_late", "This offer is over.")
    return Enrolment(id, offer.offer_id, staff_ref, unit, rater_ref, REQUESTED, at, at)


def check_state(enrolment: Enrolment, action: str) -> None:
    """Raises NotAllowed when the action means nothing in the enrolment's state."""
    if enrolment.state not in POSSIBLE[action]:
        raise NotAllowed("wrong_state", f"Not possible while the enrolment is {enrolment.state}.")


def approve(enrolment: Enrolment, actor_ref: str, at: datetime) -> Enrolment:
    """The rating officer or head of unit agrees; nobody approves for oneself."""
    if actor_ref == enrolment.staff_ref:
        raise NotAllowed("conflict_of_interest", "Nobody approves one's own enrolment.")
    return replace(enrolment, state=APPROVED, changed_at=at)


def confirm(enrolment: Enrolment, offer: Offer, taken: int, at: datetime) -> Enrolment:
    """A place, or a place on the waiting list when `taken` places are all there are."""
    if offer.status == CANCELLED:
        raise NotAllowed("offer_cancelled", "This offer was cancelled.")
    if offer.capacity is not None and taken >= offer.capacity:
        if enrolment.state == WAITING:
            raise NotAllowed("full", "Every place is taken.")
        return replace(enrolment, state=WAITING, waiting_since=at, changed_at=at)
    return replace(enrolment, state=CONFIRMED, changed_at=at)


def promote(enrolment: Enrolment, at: datetime) -> Enrolment:
    """The first on the waiting list gets the place that became free."""
    return replace(enrolment, state=CONFIRMED, changed_at=at)


def complete(enrolment: Enrolment, offer: Offer, payload: Any, at: datetime, today: date) -> Enrolment:
    """It was attended to its end. Raises NotValid when an internship lacks its report or its plan."""
    if today < offer.start:
        raise NotAllowed("not_begun", "It has not begun yet.")
    read = Payload(payload)
    needed = offer.internship is not None
    report = read.text("report_ref", required=needed, limit=200)
    project = read.text("back_home_project", required=needed)
    evidence = read.text("evidence_ref", required=False, limit=200)
    read.check()
    return replace(
        enrolment,
        state=COMPLETED,
        changed_at=at,
        report_ref=report,
        back_home_project=project,
        evidence_ref=evidence or report,
    )


def withdraw(enrolment: Enrolment, at: datetime) -> Enrolment:
    return replace(enrolment, state=WITHDRAWN, changed_at=at)
