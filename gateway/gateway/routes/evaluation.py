"""Staff, evidence, evaluations, trainings and the ledger of learning hours."""

from __future__ import annotations

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from gateway import csv_files
from gateway.bodies import answer, read_object
from gateway.callers import Caller
from gateway.evaluation import (
    ENROLMENT_ACTIONS,
    ENTRY_ACTIONS,
    RECOMMENDATION_DECISIONS,
    Evaluation,
)
from gateway.queries import Query
from gateway.routes.common import (
    FORMATS,
    action_of,
    body_of,
    csv_body,
    invalid,
    key_of,
    next_link,
    table,
    text,
    version_of,
)
from gateway.schemas import REFERENCE, UNIT
from gateway.schemas_chain import Comment, Decision, Enrol, StaffImport

_IMPORT, _COMMENT, _ENROL, _DECISION = StaffImport(), Comment(), Enrol(), Decision()
EVALUATION_STATES = ("opened", "agreed", "rated", "finalised", "objected", "decided")
RECOMMENDATION_STATES = ("proposed", "approved", "declined", "enrolled", "done", "expired")


def _evaluation(request: Request) -> Evaluation:
    return cast(Evaluation, request.app.state.evaluation)


async def get_my_record(request: Request, caller: Caller) -> Response:
    return answer(await _evaluation(request).me(caller), caller.language)


async def list_staff(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit", "cursor", "limit"))
    unit, cursor, limit = query.matching("unit", UNIT), query.cursor(), query.limit()
    query.done()
    page = await _evaluation(request).staff(caller, unit, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def get_staff_member(request: Request, caller: Caller) -> Response:
    found = await _evaluation(request).staff_member(caller, text(request, "staff_ref"))
    return answer(found, caller.language)


async def import_staff(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("dry_run",))
    dry_run = bool(query.flag("dry_run"))
    query.done()
    if request.headers.get("content-type", "").startswith("text/csv"):
        content = csv_files.read(await csv_body(request), caller.language)
        if "staff_ref" not in content.header:
            raise invalid("/staff_ref", "missing_column", caller)
        rows = csv_files.objects(content, caller.language)
        body: dict[str, Any] = {"rows": rows, "dry_run": dry_run}
    else:
        body = await body_of(request, _IMPORT, caller)
    outcome = await _evaluation(request).import_staff(
        caller, body["rows"], body["dry_run"] or dry_run, key_of(request)
    )
    return answer(outcome, caller.language)


async def list_evidence(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("subject", "period"))
    subject = query.required("subject", query.matching("subject", REFERENCE, "not_a_reference"))
    period = query.text("period", 40)
    query.done()
    return answer(await _evaluation(request).evidence(caller, subject, period), caller.language)


async def comment_evidence(request: Request, caller: Caller) -> Response:
    body = await body_of(request, _COMMENT, caller)
    item = await _evaluation(request).comment_evidence(
        caller, text(request, "evidence_id"), body["text"], key_of(request)
    )
    return answer(item, caller.language)


async def list_unit_evidence(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("period",))
    period = query.text("period", 40)
    query.done()
    found = await _evaluation(request).unit_evidence(caller, text(request, "unit"), period)
    return answer(found, caller.language)


async def list_evaluations(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("staff_ref", "state", "cursor", "limit"))
    staff_ref = query.matching("staff_ref", REFERENCE, "not_a_reference")
    state, cursor, limit = query.choice("state", EVALUATION_STATES), query.cursor(), query.limit()
    query.done()
    page = await _evaluation(request).evaluations(caller, staff_ref, state, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def open_evaluation(request: Request, caller: Caller) -> Response:
    opened = await _evaluation(request).open_evaluation(caller, await read_object(request), key_of(request))
    return answer(opened, caller.language, status=201)


async def get_evaluation(request: Request, caller: Caller) -> Response:
    found = await _evaluation(request).evaluation(caller, text(request, "evaluation_id"))
    return answer(found, caller.language)


async def act_on_evaluation(request: Request, caller: Caller) -> Response:
    action = text(request, "action")
    payload = await read_object(request, optional=True)
    version = version_of(payload, caller)
    view = await _evaluation(request).act_on_evaluation(
        caller, text(request, "evaluation_id"), action, payload, version, key_of(request)
    )
    return answer(view, caller.language)


async def check_distribution(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit", "start", "end", "organisation"))
    unit = query.required("unit", query.matching("unit", UNIT))
    start, end = query.required("start", query.day("start")), query.required("end", query.day("end"))
    organisation = query.required("organisation", query.text("organisation", 40))
    query.done()
    found = await _evaluation(request).distribution(caller, unit, start, end, organisation)
    return answer(found, caller.language)


async def list_trainings(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("form", "open", "cursor", "limit"))
    form, still_open = query.text("form", 60), query.flag("open")
    cursor, limit = query.cursor(), query.limit()
    query.done()
    page = await _evaluation(request).trainings(caller, form, still_open, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def get_training(request: Request, caller: Caller) -> Response:
    found = await _evaluation(request).training(caller, text(request, "offer_id"))
    return answer(found, caller.language)


async def offer_training(request: Request, caller: Caller) -> Response:
    offer = await read_object(request)
    if offer.get("offer_id") is not None:
        raise invalid("/offer_id", "unknown_field", caller)
    offered = await _evaluation(request).put_training(caller, offer, key_of(request))
    return answer(offered, caller.language, status=201)


async def put_training(request: Request, caller: Caller) -> Response:
    offer, offer_id = await read_object(request), text(request, "offer_id")
    if offer.setdefault("offer_id", offer_id) != offer_id:
        raise invalid("/offer_id", "invalid", caller)
    return answer(await _evaluation(request).put_training(caller, offer, key_of(request)), caller.language)


async def enrol(request: Request, caller: Caller) -> Response:
    body = await body_of(request, _ENROL, caller, optional=True)
    enrolled = await _evaluation(request).enrol(
        caller, text(request, "offer_id"), body["recommendation_id"], key_of(request)
    )
    return answer(enrolled, caller.language, status=201)


async def list_enrolments(request: Request, caller: Caller) -> Response:
    query = Query(
        request.query_params, caller.language, ("staff_ref", "offer_id", "state", "cursor", "limit")
    )
    staff_ref = query.matching("staff_ref", REFERENCE, "not_a_reference")
    offer_id = query.matching("offer_id", REFERENCE, "not_a_reference")
    state, cursor, limit = query.text("state", 30), query.cursor(), query.limit()
    query.done()
    page = await _evaluation(request).enrolments(caller, staff_ref, offer_id, state, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def act_on_enrolment(request: Request, caller: Caller) -> Response:
    action = action_of(request, ENROLMENT_ACTIONS)
    payload = await read_object(request, optional=True)
    changed = await _evaluation(request).act_on_enrolment(
        caller, text(request, "enrolment_id"), action, payload, key_of(request)
    )
    return answer(changed, caller.language)


async def get_ledger(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("staff_ref", "year", "format"))
    staff_ref = query.matching("staff_ref", REFERENCE, "not_a_reference")
    year = query.required("year", query.number("year", 2000, 2200, "not_a_year"))
    form = query.choice("format", FORMATS)
    query.done()
    if form == "csv":
        content = await _evaluation(request).ledger_csv(caller, staff_ref, year)
        return table(content, f"jp-{year}", caller.language)
    return answer(await _evaluation(request).ledger(caller, staff_ref, year), caller.language)


async def claim_entry(request: Request, caller: Caller) -> Response:
    claimed = await _evaluation(request).claim_entry(caller, await read_object(request), key_of(request))
    return answer(claimed, caller.language, status=201)


async def act_on_entry(request: Request, caller: Caller) -> Response:
    action = action_of(request, ENTRY_ACTIONS)
    payload = await read_object(request, optional=True)
    changed = await _evaluation(request).act_on_entry(
        caller, text(request, "entry_id"), action, payload, key_of(request)
    )
    return answer(changed, caller.language)


async def list_recommendations(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("state", "staff_ref", "unit", "cursor", "limit"))
    state = query.choice("state", RECOMMENDATION_STATES)
    staff_ref = query.matching("staff_ref", REFERENCE, "not_a_reference")
    unit, cursor, limit = query.matching("unit", UNIT), query.cursor(), query.limit()
    query.done()
    page = await _evaluation(request).recommendations(caller, state, staff_ref, unit, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def decide_recommendation(request: Request, caller: Caller) -> Response:
    decision = action_of(request, RECOMMENDATION_DECISIONS)
    body = await body_of(request, _DECISION, caller, optional=True)
    decided = await _evaluation(request).decide_recommendation(
        caller,
        text(request, "recommendation_id"),
        decision,
        body["reason"],
        body["offer_ids"],
        key_of(request),
    )
    return answer(decided, caller.language)
