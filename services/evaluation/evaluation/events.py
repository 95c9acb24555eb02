"""What evaluation tells the others: ids and codes only. A rating, a predikat or a figure is in none of them.

`NEVER` names what no event of ours may hold; a test walks every event and every example.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from evaluation.domain.enrolments import Enrolment
from evaluation.domain.evaluations import Evaluation
from servicekit.envelope import Event, format_time
from servicekit.ids import uuid7

SOURCE = "/evaluation"
_SCHEMAS = "https://tanggap.id/contracts/evaluation"

NEVER = frozenset(
    {
        "rating",
        "ratings",
        "results",
        "behaviour",
        "behaviours",
        "predikat",
        "value",
        "interval",
        "n",
        "reason_codes",
        "evidence",
        "evidence_ids",
        "warnings",
        "decision",
        "score",
    }
)


def opened(evaluation: Evaluation, at: datetime) -> Event:
    return _about(
        "evaluation.opened.v1",
        evaluation,
        at,
        {
            "period": {"start": evaluation.start.isoformat(), "end": evaluation.end.isoformat()},
            "official_record": evaluation.record,
        },
    )


def told(name: str, evaluation: Evaluation, at: datetime) -> Event:
    """The event of a step, by the name the domain gives it."""
    match name:
        case "finalised":
            kind = evaluation.predikat.origin if evaluation.predikat else "issued"
            more: dict[str, Any] = {"version": evaluation.version, "kind": kind}
            return _about("evaluation.finalised.v1", evaluation, at, more)
        case "objection_filed":
            more = {"filed_at": format_time(at), "decide_by": None}
            return _objection("evaluation.objection_filed.v1", evaluation, at, more)
        case "objection_decided":
            changed = evaluation.objection is not None and evaluation.objection.decision == "changed"
            more = {"new_version": evaluation.version if changed else None}
            return _objection("evaluation.objection_decided.v1", evaluation, at, more)
        case _:
            raise ValueError(f"no event is called {name}")


def _about(type_: str, evaluation: Evaluation, at: datetime, more: Mapping[str, Any]) -> Event:
    data = {
        "evaluation_id": evaluation.id,
        "staff_ref": evaluation.staff_ref,
        "rater_ref": evaluation.rater_ref,
        **more,
    }
    return event(type_, evaluation.id, at, data, version=evaluation.version)


def _objection(type_: str, evaluation: Evaluation, at: datetime, more: Mapping[str, Any]) -> Event:
    objection = evaluation.objection
    about = {
        "objection_id": objection.objection_id if objection else None,
        "decider_ref": evaluation.decider_ref,
    }
    return _about(type_, evaluation, at, {**about, **more})


def recommended(recommendation: Mapping[str, Any], at: datetime) -> Event:
    return event(
        "training.recommended.v1",
        recommendation["_id"],
        at,
        {
            "recommendation_id": recommendation["_id"],
            "staff_ref": recommendation["staff_ref"],
            "unit": recommendation["unit"],
            "rater_ref": recommendation["rater_ref"],
            "kind": recommendation["kind"],
            "rule_version": recommendation["rule_version"],
        },
    )


def approved(recommendation: Mapping[str, Any], offer_ids: list[str], at: datetime) -> Event:
    return event(
        "training.approved.v1",
        recommendation["_id"],
        at,
        {
            "recommendation_id": recommendation["_id"],
            "kind": recommendation["kind"],
            "staff_ref": recommendation["staff_ref"],
            "unit": recommendation["unit"],
            "offer_ids": list(offer_ids),
        },
    )


def enrolled(enrolment: Enrolment, at: datetime) -> Event:
    return event(
        "training.enrolled.v1",
        enrolment.id,
        at,
        {
            "enrolment_id": enrolment.id,
            "offer_id": enrolment.offer_id,
            "staff_ref": enrolment.staff_ref,
            "status": enrolment.state,
            "rater_ref": enrolment.rater_ref,
        },
    )


def completed(entry: Mapping[str, Any], at: datetime) -> Event:
    """A completed training with its JP, as the ledger has it."""
    names: tuple[str, ...] = ("staff_ref", "offer_id", "form", "title", "organiser", "start", "end")
    names += ("days", "sessions", "programme_jp", "location", "evidence_ref", "rule_version")
    data: dict[str, Any] = {name: entry.get(name) for name in names}
    data |= {"entry_ref": entry["_id"], "jp": entry.get("jp")}
    return event("training.completed.v1", entry["_id"], at, data)


def event(
    type_: str,
    subject: str,
    at: datetime,
    data: Mapping[str, Any],
    *,
    version: int | None = None,
) -> Event:
    id_ = uuid7()
    return Event(
        id=id_,
        source=SOURCE,
        type=type_,
        subject=subject,
        time=at,
        data=data,
        aggregateversion=version,
        correlationid=id_,
        dataschema=f"{_SCHEMAS}/{type_}.json",
    )
