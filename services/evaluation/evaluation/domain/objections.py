"""Objections against a result, and their decision by the rater's superior, once and for good.

Source: PP 30/2019 Pasal 59 (in writing, with reasons, within 14 days of receiving the result, to the
superior of the rating officer; his decision is final). Calendar or working days: a city's policy.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from evaluation.domain.evaluations import (
    DECIDED,
    IMPORTED,
    OBJECTED,
    RATINGS,
    Evaluation,
    Objection,
    Predikat,
    PredikatOf,
    Rating,
    Step,
)
from evaluation.domain.payloads import Payload
from evaluation.errors import NotAllowed

FILED, REFUSED_LATE = "filed", "refused_late"
UPHELD, CHANGED = "upheld", "changed"
CALENDAR, WORKING = "calendar", "working"


def last_day(
    received_on: date, days: int, mode: str, weekdays: Container[int], days_off: Container[date]
) -> date:
    """The last day on which an objection is in time: the day of receipt does not count.

    `weekdays` (0 is Monday) and `days_off` matter for working days alone.
    """
    if mode != WORKING:
        return received_on + timedelta(days=days)
    day, left = received_on, days
    while left:
        day += timedelta(days=1)
        if day.weekday() in weekdays and day not in days_off:
            left -= 1
    return day


def file_objection(
    evaluation: Evaluation, payload: Any, objection_id: str, at: datetime, today: date, until: date
) -> Step:
    """File an objection with reasons. One that comes too late is kept as such and opens nothing.

    Whoever objects has seen the result: a clock that was not started starts now, until `until`.
    """
    if evaluation.objection is not None:
        raise NotAllowed("objected_already", "An objection was filed already; there is one, once.")
    read = Payload(payload)
    reason = read.text("reason")
    read.check()
    if evaluation.clock_started_at is None:
        evaluation = replace(evaluation, clock_started_at=at, clock_by="read", object_until=until)
    late = evaluation.object_until is not None and today > evaluation.object_until
    if not late and evaluation.decider_ref is None:
        raise NotAllowed("no_decider", "The staff record names no superior of the rating officer yet.")
    objection = Objection(objection_id, REFUSED_LATE if late else FILED, at, reason or "")
    changed = replace(
        evaluation,
        version=evaluation.version + 1,
        objection=objection,
        state=evaluation.state if late else OBJECTED,
    )
    return Step(changed, reason, told=() if late else ("objection_filed",))


def check_decider(evaluation: Evaluation, actor_ref: str | None) -> None:
    """Raises NotAllowed unless the actor is the rater's superior, and neither the rater nor the person."""
    if actor_ref in (evaluation.rater_ref, evaluation.staff_ref):
        raise NotAllowed("conflict_of_interest", "Neither the rating officer nor the person decides.")
    if actor_ref is None or actor_ref != evaluation.decider_ref:
        raise NotAllowed("not_the_decider", "The superior of the rating officer decides this objection.")


def decide(
    evaluation: Evaluation,
    payload: Any,
    *,
    predikat_of: PredikatOf,
    labels: Mapping[str, Mapping[str, str]],
    warnings_for: Any,
    at: datetime,
) -> Step:
    """Uphold or change the result, with a reason both ways. Final.

    A changed result is a new version: by both axes where Tanggap keeps the official record, else by the
    predikat and reference that the national application now shows. `warnings_for(predikat_key)` runs the
    distribution again; its warnings are kept and move nothing.
    """
    objection = evaluation.objection
    if objection is None or objection.state != FILED:
        raise NotAllowed("nothing_to_decide", "There is no open objection.")
    read = Payload(payload)
    decision = read.one_of("decision", (UPHELD, CHANGED))
    reason = read.text("reason")
    changes: dict[str, Any] = {}
    if decision == CHANGED:
        changes = _changed(evaluation, read, predikat_of, labels, reason or "", at)
    read.check()
    decided = replace(objection, state="decided", decision=decision, decision_reason=reason, decided_at=at)
    changed = replace(evaluation, version=evaluation.version + 1, objection=decided, state=DECIDED, **changes)
    if changes:
        found: Sequence[Mapping[str, Any]] = warnings_for(changed)
        changed = replace(changed, warnings=tuple(found))
    return Step(changed, reason, told=("objection_decided",), sealed=bool(changes))


def _changed(
    evaluation: Evaluation,
    read: Payload,
    predikat_of: PredikatOf,
    labels: Mapping[str, Mapping[str, str]],
    reason: str,
    at: datetime,
) -> dict[str, Any]:
    before = evaluation.predikat
    if before is not None and before.origin == IMPORTED:
        key = read.one_of("predikat", tuple(labels))
        reference = read.text("reference", limit=200)
        if read.faults or key is None:
            return {}
        if key == before.key:
            read.fault("predikat", "unchanged", "A changed result differs from the one before.")
        return {
            "predikat": Predikat(key, labels[key], before.matrix_version, IMPORTED),
            "reference": reference,
        }
    nested = Payload(read.value("ratings"), "/ratings")
    results = nested.one_of("results", RATINGS)
    behaviour = nested.one_of("behaviour", RATINGS)
    read.take(nested)
    rating = evaluation.rating
    if read.faults or results is None or behaviour is None or rating is None:
        return {}
    if (results, behaviour) == (rating.results, rating.behaviour):
        read.fault("ratings", "unchanged", "A changed result differs from the one before.")
    reasons = {**rating.reasons, "decision": reason}
    return {
        "rating": Rating(results, behaviour, reasons, rating.evidence, at),
        "predikat": predikat_of(results, behaviour),
    }
