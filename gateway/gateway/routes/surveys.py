"""Questionnaires, answers, results, periods and improvements."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from gateway import paper
from gateway.bodies import answer, read_object
from gateway.callers import Caller
from gateway.problems import Problem
from gateway.queries import Query
from gateway.routes.common import (
    FOR_A_MINUTE,
    FORMATS,
    action_of,
    body_of,
    csv_body,
    key_of,
    next_link,
    table,
    text,
)
from gateway.schemas import UNIT
from gateway.schemas_chain import PERIOD, Moderation, Reason
from gateway.surveys import (
    COMMENT_DECISIONS,
    HELD_DECISIONS,
    IMPROVEMENT_ACTIONS,
    PERIOD_ACTIONS,
    Surveys,
)

MOST_ANSWERS = 1000
_MODERATION, _REASON = Moderation(), Reason()
PERIOD_STATES = ("open", "closed", "published", "corrected")


def _surveys(request: Request) -> Surveys:
    return cast(Surveys, request.app.state.surveys)


def _place(request: Request) -> tuple[str, str]:
    """Unit and period of the path; what cannot be either is not found."""
    unit, period = text(request, "unit"), text(request, "period")
    if not UNIT.fullmatch(unit) or not PERIOD.fullmatch(period):
        raise Problem("not-found")
    return unit, period


async def get_questionnaire(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("version",))
    version = query.text("version", 60)
    query.done()
    return answer(_surveys(request).questionnaire(caller, version), caller.language, headers=FOR_A_MINUTE)


async def get_invitation(request: Request, caller: Caller) -> Response:
    return answer(await _surveys(request).invitation(text(request, "token"), caller), caller.language)


async def submit_survey_response(request: Request, caller: Caller) -> Response:
    receipt = await _surveys(request).submit(await read_object(request), caller)
    return answer(receipt, caller.language, status=202)


async def import_paper(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit", "order"))
    unit = query.required("unit", query.matching("unit", UNIT))
    order = query.choice("order", paper.ORDERS)
    query.done()
    outcome = await _surveys(request).paper(caller, unit, order, await csv_body(request), key_of(request))
    complete = outcome["accepted"] == len(outcome["rows"])
    return answer(
        outcome,
        caller.language,
        status=202 if complete else 200,
        headers={"Idempotency-Key": outcome["batch"]},
    )


async def list_results(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit", "year"))
    unit, year = query.matching("unit", UNIT), query.number("year", 2000, 2200, "not_a_year")
    query.done()
    return answer(await _surveys(request).results(caller, unit, year), caller.language)


async def get_result(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("format",))
    form = query.choice("format", FORMATS)
    query.done()
    unit, period = _place(request)
    if form == "csv":
        content = await _surveys(request).result_csv(unit, period, caller)
        return table(content, f"skm-{unit}-{period}", caller.language)
    return answer(await _surveys(request).result(unit, period, caller), caller.language)


async def list_periods(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit", "state", "cursor", "limit"))
    unit, state = query.matching("unit", UNIT), query.choice("state", PERIOD_STATES)
    cursor, limit = query.cursor(), query.limit()
    query.done()
    page = await _surveys(request).periods(caller, unit, state, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def act_on_period(request: Request, caller: Caller) -> Response:
    unit, period = _place(request)
    action = action_of(request, PERIOD_ACTIONS)
    payload = await read_object(request, optional=True)
    view = await _surveys(request).act_on_period(caller, unit, period, action, payload, key_of(request))
    return answer(view, caller.language)


async def list_answers(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("cursor", "limit"))
    cursor, limit = query.cursor(), query.limit(MOST_ANSWERS)
    query.done()
    unit, period = _place(request)
    page = await _surveys(request).answers(caller, unit, period, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def list_counters(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit",))
    unit = query.matching("unit", UNIT)
    query.done()
    return answer(await _surveys(request).counters(caller, unit), caller.language)


async def create_counter(request: Request, caller: Caller) -> Response:
    body = await read_object(request)
    created = await _surveys(request).create_counter(caller, body, key_of(request))
    return answer(created, caller.language, status=201)


async def revoke_counter(request: Request, caller: Caller) -> Response:
    revoked = await _surveys(request).revoke_counter(caller, text(request, "counter_id"), key_of(request))
    return answer(revoked, caller.language)


async def list_comments(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit", "period", "state", "cursor", "limit"))
    unit, period = query.matching("unit", UNIT), query.matching("period", PERIOD, "not_a_period")
    state, cursor, limit = query.text("state", 30), query.cursor(), query.limit()
    query.done()
    page = await _surveys(request).comments(caller, unit, period, state, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def moderate_comment(request: Request, caller: Caller) -> Response:
    decision = action_of(request, COMMENT_DECISIONS)
    body = await body_of(request, _MODERATION, caller, optional=True)
    moderated = await _surveys(request).moderate(
        caller, text(request, "comment_id"), decision, body["text"], key_of(request)
    )
    return answer(moderated, caller.language)


async def list_held(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit",))
    unit = query.matching("unit", UNIT)
    query.done()
    return answer(await _surveys(request).held(caller, unit), caller.language)


async def review_held(request: Request, caller: Caller) -> Response:
    decision = action_of(request, HELD_DECISIONS)
    body = await body_of(request, _REASON, caller, optional=True)
    reviewed = await _surveys(request).review_held(
        caller, text(request, "held_id"), decision, body["reason"], key_of(request)
    )
    return answer(reviewed, caller.language)


async def list_improvements(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("unit", "period"))
    unit, period = query.matching("unit", UNIT), query.matching("period", PERIOD, "not_a_period")
    query.done()
    return answer(await _surveys(request).improvements(caller, unit, period), caller.language)


async def plan_improvement(request: Request, caller: Caller) -> Response:
    planned = await _surveys(request).plan(caller, await read_object(request), key_of(request))
    return answer(planned, caller.language, status=201)


async def act_on_improvement(request: Request, caller: Caller) -> Response:
    action = action_of(request, IMPROVEMENT_ACTIONS)
    payload = await read_object(request, optional=True)
    changed = await _surveys(request).act_on_improvement(
        caller, text(request, "rtl_id"), action, payload, key_of(request)
    )
    return answer(changed, caller.language)
