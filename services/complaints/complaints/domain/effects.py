"""What each action changes. Guards that need more than a state are here, beside the change they protect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from complaints.domain.actions import (
    Assign,
    Bounce,
    Comment,
    Confirm,
    Dispute,
    Merge,
    Progress,
    ProvideInfo,
    Reject,
    Reopen,
    RequestInfo,
    Resolve,
    Situation,
    Support,
    Verify,
)
from complaints.domain.case import (
    ASSIGNED,
    FILED,
    FINAL,
    REPORTER,
    STAFF,
    SYSTEM,
    VERIFIED,
    Answer,
    Case,
    Fact,
    PublicText,
    Question,
)
from complaints.domain.city import City
from complaints.domain.course import rebased, restarted
from complaints.domain.deadlines import (
    CALENDAR_DAY,
    FIRST_RESPONSE,
    INFO_WAIT,
    MAX_BOUNCES,
    MAX_PAUSES,
    REOPEN_WINDOW,
    RESOLVE,
    Span,
    after,
)
from complaints.errors import NotAllowed, invalid

NOT_OURS = "bukan_wewenang"
# A case is one document: it must not grow for ever.
MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Effect:
    """A changed case and what the step leaves behind. `details` go to the history, `text` to the timeline."""

    case: Case
    facts: tuple[Fact, ...]
    details: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    unit: str | None = None
    reason: str | None = None
    internal: bool = False
    public: bool = False
    other: Case | None = None


def _known_city(situation: Situation) -> City:
    if situation.city is None:
        raise NotAllowed("service_unknown", "The case has no known service yet: verify it with one.")
    return situation.city


def _known_unit(city: City, unit: str, pointer: str) -> None:
    if unit not in city.units:
        raise invalid(pointer, "unknown_unit", "This unit is not in the city's catalogue, or not active.")


def verify(case: Case, action: Verify, situation: Situation) -> Effect:
    """Release the public text, settle the service and the supervisory class; the review is done."""
    code = action.service_code or case.service_code
    service = situation.catalogue.services.get(code)
    if service is None or not (service.active or action.service_code is None):
        raise invalid("/service_code", "unknown_service", "This service is not in the catalogue.")
    city = situation.catalogue.cities[service.city]
    supervisory = service.supervisory if code != case.service_code or not case.city else case.inspectorate
    if action.supervisory is not None:
        supervisory = action.supervisory
    changed = replace(
        case,
        city=city.code,
        service_code=code,
        kind=service.kind,
        inspectorate=supervisory,
        unit=city.inspectorate_unit if supervisory else None,
        public=PublicText(action.public_title, action.public_text),
        area=case.area or city.area_of(case.location),
        needs_review=False,
    )
    if (service.kind, supervisory, code) != (case.kind, case.inspectorate, case.service_code):
        changed = rebased(changed, situation.catalogue, city, situation.at)
    details: dict[str, Any] = {
        "public_title": action.public_title,
        "public_text": action.public_text,
        "note": action.note,
    }
    if code != case.service_code:
        details |= {"service_code": code, "service_code_before": case.service_code}
    if action.supervisory is not None:
        details |= {"supervisory": action.supervisory, "supervisory_reason": action.supervisory_reason}
    fact = Fact("verified", {"supervisory": supervisory, "verified_at": situation.at})
    return Effect(changed, (fact,), details, text=action.note, internal=action.note is not None)


def assign(case: Case, action: Assign, situation: Situation) -> Effect:
    city = _known_city(situation)
    _known_unit(city, action.unit, "/unit")
    if situation.scopes == {"unit"} and action.unit != case.unit:
        raise NotAllowed("other_unit", "A unit hands a case on by sending it back with a target.")
    if case.inspectorate and action.unit != city.inspectorate_unit:
        raise invalid("/unit", "inspectorate_only", "A case of the inspectorate stays with the inspectorate.")
    limit = city.limit(MAX_BOUNCES, case.kind, case.supervisory_class, city.calendar.local_day(situation.at))
    binding = limit is not None and case.bounces >= limit and bool(situation.scopes - {"unit"})
    changed = replace(case, unit=action.unit, officer=action.officer, bound=case.bound or binding)
    if action.unit != case.unit or case.status == VERIFIED:
        changed = restarted(replace(changed, unit_reacted=False), city, FIRST_RESPONSE, situation.at)
    initial = not any(stay.stage == RESOLVE for stay in case.stays)
    fact = Fact(
        "assigned",
        {
            "assigned_at": situation.at,
            "cause": "initial" if initial else "reassigned",
            "binding": changed.bound,
        },
    )
    details = {"unit": action.unit, "officer": action.officer, "note": action.note, "binding": binding}
    return Effect(
        changed, (fact,), details, text=action.note, unit=action.unit, internal=action.note is not None
    )


def bounce(case: Case, action: Bounce, situation: Situation) -> Effect:
    city = _known_city(situation)
    if case.inspectorate:
        raise NotAllowed("inspectorate_only", "A case of the inspectorate stays with the inspectorate.")
    if case.bound:
        raise NotAllowed("bound", "The coordinator's decision is final: this case was sent back too often.")
    _known_unit(city, action.target_unit, "/target_unit")
    if action.target_unit == case.unit:
        raise invalid("/target_unit", "same_unit", "Name the unit that is responsible instead of yours.")
    from_unit = case.unit
    changed = replace(case, unit=None, officer=None, bounces=case.bounces + 1)
    fact = Fact(
        "bounced",
        {
            "from_unit": from_unit,
            "target_unit": action.target_unit,
            "bounces": changed.bounces,
            "bounced_at": situation.at,
        },
    )
    details = {"from_unit": from_unit, "target_unit": action.target_unit, "reason": action.reason}
    return Effect(changed, (fact,), details, text=action.reason, unit=action.target_unit, internal=True)


def request_info(case: Case, action: RequestInfo, situation: Situation) -> Effect:
    city = _known_city(situation)
    day = city.calendar.local_day(situation.at)
    limit = city.limit(MAX_PAUSES, case.kind, case.supervisory_class, day)
    if limit is not None and case.questions >= limit:
        raise NotAllowed("too_many_questions", "The citizen was asked as often as the city's rules allow.")
    record = city.record(INFO_WAIT, case.kind, case.supervisory_class, day, None)
    until = after(city.calendar, situation.at, record.span if record else Span(30, CALENDAR_DAY))
    changed = replace(
        case,
        status_before=case.status,
        question=Question(action.question, situation.at, until),
        questions=case.questions + 1,
    )
    if situation.scopes & {"unit", "inspectorate"} and case.status not in (FILED, VERIFIED):
        changed = _reacted(changed, situation.at)
    fact = Fact("info_requested", {"asked_at": situation.at, "waiting_until": until})
    return Effect(changed, (fact,), {"question": action.question}, text=action.question)


def _reacted(case: Case, at: datetime) -> Case:
    """The unit did something that the citizen can see."""
    return replace(case, unit_reacted=True, first_answer_at=case.first_answer_at or at)


def provide_info(case: Case, action: ProvideInfo, situation: Situation) -> Effect:
    city = _known_city(situation)
    asked_at = case.question.at if case.question else situation.at
    fact = Fact(
        "info_provided",
        {
            "provided_at": situation.at,
            "paused_minutes": city.calendar.working_minutes(asked_at, situation.at),
        },
    )
    return Effect(replace(case, status_before=None), (fact,), {"text": action.text}, text=action.text)


def progress(case: Case, action: Progress, situation: Situation) -> Effect:
    first = case.status == ASSIGNED
    fact = Fact("progressed", {"progressed_at": situation.at, "first": first})
    details = {"note": action.note, "public": action.public}
    return Effect(
        _reacted(case, situation.at),
        (fact,),
        details,
        text=action.note,
        internal=action.note is not None and not action.public,
        public=action.public,
    )


def resolve(case: Case, action: Resolve, situation: Situation) -> Effect:
    changed = replace(
        _reacted(case, situation.at),
        outcome=action.outcome,
        answer=Answer(action.answer, action.outcome, situation.at, situation.actor_ref),
        resolved_at=situation.at,
        answer_event=None,
        answer_backdated=False,
        answer_sent_at=None,
        answer_seen_at=None,
    )
    # respond_by is the due time of the silence clock, which starts with the state: workflow.py adds it.
    fact = Fact("resolved", {"outcome": action.outcome, "resolved_at": situation.at})
    details = {"outcome": action.outcome, "answer": action.answer}
    return Effect(changed, (fact,), details, text=action.answer, public=True)


def confirm(case: Case, action: Confirm, situation: Situation) -> Effect:
    closed_by = REPORTER if situation.by == REPORTER else STAFF
    return closed(case, situation, closed_by, "confirmed")


def closed(case: Case, situation: Situation, closed_by: str, reason: str) -> Effect:
    """Close with the facts that workflow.py completes once stays and waits are settled."""
    if reason == "info_not_provided":
        case = replace(case, outcome=None, status_before=None)
    changed = replace(
        case,
        closed_at=situation.at,
        closed_by=closed_by,
        reason=reason,
        closures=case.closures + 1,
    )
    details = {"closed_by": closed_by, "reason": reason, "closure_no": changed.closures}
    return Effect(changed, (Fact("closed", {}),), details, reason=reason)


def dispute(case: Case, action: Dispute, situation: Situation) -> Effect:
    changed = replace(case, disputes=case.disputes + 1, unit_reacted=False, outcome=None, answer_event=None)
    facts = [
        Fact(
            "disputed",
            {
                "disputes": changed.disputes,
                "disputed_at": situation.at,
                "stage": RESOLVE,
                "disputed_unit": case.unit,
                "disputed_officer_ref": case.officer,
            },
        )
    ]
    if changed.disputes >= 2:
        level = changed.disputes - 1
        facts.append(escalated(case, situation.city, "disputed", RESOLVE, level, "unit_head", situation.at))
    return Effect(changed, tuple(facts), {"reason": action.reason}, text=action.reason)


def escalated(
    case: Case, city: City | None, cause: str, stage: str, level: int, to_role: str, at: datetime
) -> Fact:
    """Who is told next. A case of the inspectorate is never named to anybody outside it."""
    to_unit = case.unit
    if case.inspectorate:
        to_role = "inspector"
    elif to_role == "unit_head" and case.unit is None:
        # No unit has the case yet, so the next level that exists is the coordinator.
        to_role = "coordinator"
    if to_role == "coordinator":
        to_unit = city.coordinator_unit if city else None
    elif to_role == "leader":
        to_unit = None
    return Fact(
        "escalated",
        {
            "cause": cause,
            "stage": stage,
            "level": level,
            "to_role": to_role,
            "to_unit": to_unit,
            "escalated_at": at,
        },
    )


def reject(case: Case, action: Reject, situation: Situation) -> Effect:
    if action.ground == NOT_OURS and not action.referred_to:
        raise invalid("/referred_to", "required", "Name the organisation that is responsible instead.")
    changed = replace(
        case,
        ground=action.ground,
        explanation=action.explanation,
        referred_to=action.referred_to,
        closed_at=situation.at,
        closed_by=STAFF,
        reason=action.ground,
        needs_review=False,
    )
    fact = Fact(
        "rejected",
        {"ground": action.ground, "referred_to": action.referred_to, "rejected_at": situation.at},
    )
    details = {"ground": action.ground, "explanation": action.explanation, "referred_to": action.referred_to}
    return Effect(changed, (fact,), details, text=action.explanation, reason=action.ground, public=True)


def reopen(case: Case, action: Reopen, situation: Situation) -> Effect:
    if case.city:
        city = _known_city(situation)
        closed_at = case.closed_at or case.updated_at
        record = city.record(
            REOPEN_WINDOW, case.kind, case.supervisory_class, city.calendar.local_day(closed_at), None
        )
        if record is not None and situation.at > after(city.calendar, closed_at, record.span):
            raise NotAllowed("window_over", "The time for reopening this case is over: file a new one.")
    changed = replace(
        case,
        closed_at=None,
        closed_by=None,
        reason=None,
        outcome=None,
        ground=None,
        explanation=None,
        referred_to=None,
        resolved_at=None,
        unit_reacted=False,
        answer_event=None,
    )
    fact = Fact(
        "reopened",
        {
            "closure_no": case.closures if case.status != "rejected" else 0,
            "reopened_at": situation.at,
            "reopened_by": REPORTER if situation.by == REPORTER else STAFF,
        },
    )
    return Effect(changed, (fact,), {"reason": action.reason}, text=action.reason)


def merge(case: Case, action: Merge, situation: Situation) -> Effect:
    """Join another case of the same visibility, which gains the supporters and the reporter of this one."""
    other = situation.other
    if other is None or other.code == case.code:
        raise invalid("/into", "unknown_case", "Name another case that you can see.")
    if (other.inspectorate, other.confidential) != (case.inspectorate, case.confidential):
        raise invalid("/into", "other_visibility", "Only cases that the same people may see can be joined.")
    if other.status in FINAL:
        raise invalid("/into", "not_open", "The other case is no longer open.")
    changed = replace(case, merged_into=other.code, closed_at=situation.at, needs_review=False)
    fact = Fact("merged", {"into": other.code, "merged_at": situation.at})
    gained = replace(other, supporters=other.supporters + case.supporters + 1)
    return Effect(changed, (fact,), {"into": other.code}, other=gained)


def comment(case: Case, action: Comment, situation: Situation) -> Effect:
    if len(case.timeline) >= MOST_ENTRIES:
        raise NotAllowed("too_many_comments", "This case has too many entries for another comment.")
    internal = action.internal and situation.by == STAFF
    by = STAFF if situation.by == SYSTEM else situation.by
    fact = Fact("commented", {"by": by, "internal": internal, "commented_at": situation.at})
    details = {"text": action.text, "internal": internal}
    return Effect(case, (fact,), details, text=action.text, internal=internal)


def support(case: Case, action: Support, situation: Situation) -> Effect:
    changed = replace(case, supporters=case.supporters + 1)
    fact = Fact("supported", {"supporters": changed.supporters, "supported_at": situation.at})
    return Effect(changed, (fact,))


def state_after_info(case: Case, action: Any) -> str:
    return case.status_before or FILED


def state_after_reopening(case: Case, action: Any) -> str:
    """Back to the unit that had it; a case that no unit ever had goes where it was: verified, or filed."""
    if case.unit is not None and any(stay.stage == RESOLVE for stay in case.stays):
        return ASSIGNED
    return VERIFIED if case.public is not None else FILED
