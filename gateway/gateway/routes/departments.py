"""Events of departments, what was refused of them, and the registry."""

from __future__ import annotations

import re
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from gateway import cloud_events
from gateway.bodies import answer, read_object
from gateway.callers import Caller
from gateway.departments import ACTIONS, Departments, Verdict
from gateway.problems import Problem
from gateway.queries import Query
from gateway.routes.common import action_of, body_of, key_of, next_link, text
from gateway.schemas_chain import KeyHash

_KEY_HASH = KeyHash()
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38})[a-z0-9]")


def _departments(request: Request) -> Departments:
    return cast(Departments, request.app.state.departments)


async def publish_events(request: Request, caller: Caller) -> Response:
    departments = _departments(request)
    departments.require_publisher(caller)
    message = cloud_events.read(request.headers, await request.body(), caller.language)
    verdicts = await departments.publish(caller, message.events)
    if not message.batch:
        (verdict,) = verdicts
        if verdict.problem is not None:
            raise verdict.problem
        return answer(verdict.body(caller.language), caller.language, status=202)
    return _batch(verdicts, caller)


def _batch(verdicts: list[Verdict], caller: Caller) -> Response:
    """202 when all were accepted, 200 with the verdicts otherwise; 503 when none could be confirmed."""
    statuses = {verdict.status for verdict in verdicts}
    told = [verdict.body(caller.language) for verdict in verdicts]
    if "unavailable" in statuses and "accepted" not in statuses:
        raise Problem("event-not-confirmed", items=told)
    return answer({"items": told}, caller.language, status=200 if statuses - {"accepted"} else 202)


async def list_rejections(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("cursor", "limit"))
    cursor, limit = query.cursor(), query.limit()
    query.done()
    page = await _departments(request).rejections(caller, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def list_departments(request: Request, caller: Caller) -> Response:
    return answer(await _departments(request).registry(caller), caller.language)


async def put_department(request: Request, caller: Caller) -> Response:
    entry = await _departments(request).put(
        caller, _code(request), await read_object(request), key_of(request)
    )
    return answer(entry, caller.language)


async def act_on_department(request: Request, caller: Caller) -> Response:
    action = action_of(request, ACTIONS)
    body = await body_of(request, _KEY_HASH, caller, optional=True)
    entry = await _departments(request).act(caller, _code(request), action, body["key_hash"], key_of(request))
    return answer(entry, caller.language)


def _code(request: Request) -> str:
    code = text(request, "code")
    if not _CODE.fullmatch(code):
        raise Problem("not-found")
    return code
