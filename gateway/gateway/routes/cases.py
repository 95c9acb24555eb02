"""Cases, the catalogue and messages: parse, publish or call, respond."""

from __future__ import annotations

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from gateway import catalogue_views, queries
from gateway.bodies import answer, read_object
from gateway.callers import Caller
from gateway.cases import ACTIONS, Cases
from gateway.codes import canonical
from gateway.notices import Notices
from gateway.problems import Problem
from gateway.queries import Query
from gateway.routes.common import FOR_A_MINUTE, action_of, invalid, key_of, next_link, version_of
from gateway.schemas import MarkRead, Reveal, load, parse_time

_REVEAL, _MARK_READ = Reveal(), MarkRead()
_VERSIONLESS = {"comment", "support"}


def _cases(request: Request) -> Cases:
    return cast(Cases, request.app.state.cases)


def _notices(request: Request) -> Notices:
    return cast(Notices, request.app.state.notices)


async def file_complaint(request: Request, caller: Caller) -> Response:
    body = await read_object(request)
    receipt = await _cases(request).file(body, caller, key_of(request), channel="api")
    return answer(
        {
            "tracking_code": receipt.tracking_code,
            "secret": receipt.secret,
            "status": receipt.status,
            "links": receipt.links,
            "idempotency_key": receipt.idempotency_key,
        },
        caller.language,
        status=202,
        headers={"Location": receipt.links["self"], "Idempotency-Key": receipt.idempotency_key},
    )


async def get_complaint(request: Request, caller: Caller) -> Response:
    return answer(await _cases(request).view(request.path_params["code"], caller), caller.language)


async def list_complaints(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, queries.LIST_PARAMETERS)
    filters, cursor, limit = queries.list_filters(query), query.cursor(), query.limit()
    query.done()
    page = await _cases(request).list(caller, filters, cursor, limit)
    return answer(page, caller.language, headers=next_link(request, page))


async def act_on_complaint(request: Request, caller: Caller) -> Response:
    action = action_of(request, ACTIONS)
    payload = await read_object(request, optional=True)
    if payload.get("version") is None and action not in _VERSIONLESS:
        raise invalid("/version", "required", caller)
    version = version_of(payload, caller)
    view = await _cases(request).act(
        request.path_params["code"], action, payload, version, caller, key_of(request)
    )
    return answer(view, caller.language)


async def reveal_reporter(request: Request, caller: Caller) -> Response:
    body, errors = load(_REVEAL, await read_object(request), caller.language)
    if errors:
        raise Problem("invalid-input", errors=errors)
    revealed = await _cases(request).reveal(
        request.path_params["code"], body["reason"], caller, key_of(request)
    )
    return answer(revealed, caller.language)


async def get_history(request: Request, caller: Caller) -> Response:
    return answer(await _cases(request).history(request.path_params["code"], caller), caller.language)


async def get_figures(request: Request, caller: Caller) -> Response:
    return answer(await _cases(request).figures(caller), caller.language)


async def list_services(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("kind", "unit", "city"))
    wanted = {name: query.codes(name) for name in ("kind", "unit", "city")}
    query.done()
    catalogue = _cases(request).catalogue
    items = [
        service
        for service in catalogue_views.services(catalogue, caller.language)
        if all(codes is None or service[name] in codes for name, codes in wanted.items())
    ]
    return answer({"items": items, "version": catalogue.version}, caller.language, headers=FOR_A_MINUTE)


async def get_service(request: Request, caller: Caller) -> Response:
    service = _cases(request).catalogue.service(request.path_params["code"])
    if service is None:
        raise Problem("not-found")
    return answer(
        catalogue_views.service_view(service, caller.language), caller.language, headers=FOR_A_MINUTE
    )


async def list_units(request: Request, caller: Caller) -> Response:
    items = catalogue_views.units(_cases(request).catalogue, caller.language)
    return answer({"items": items}, caller.language, headers=FOR_A_MINUTE)


async def put_catalogue(request: Request, caller: Caller) -> Response:
    bundle = await read_object(request)
    city = bundle.get("city")
    if not isinstance(city, dict) or city.get("code") != request.path_params["city"]:
        raise invalid("/city/code", "invalid", caller)
    outcome = await _cases(request).import_catalogue(bundle, caller, key_of(request))
    return answer(outcome, caller.language)


async def submit_contact(request: Request, caller: Caller) -> Response:
    accepted = await _notices(request).submit_contact(await read_object(request), caller, key_of(request))
    return answer(
        accepted, caller.language, status=202, headers={"Idempotency-Key": accepted["idempotency_key"]}
    )


async def get_inbox(request: Request, caller: Caller) -> Response:
    query = Query(request.query_params, caller.language, ("cursor", "limit", "unread_only"))
    cursor, limit, unread_only = query.cursor(), query.limit(), bool(query.flag("unread_only"))
    query.done()
    page = await _notices(request).inbox(caller, cursor, limit, unread_only)
    return answer(page, caller.language, headers=next_link(request, page))


async def mark_inbox_read(request: Request, caller: Caller) -> Response:
    body, errors = load(_MARK_READ, await read_object(request, optional=True), caller.language)
    if errors:
        raise Problem("invalid-input", errors=errors)
    marked = await _notices(request).mark_read(caller, body.get("ids"), key_of(request))
    return answer(marked, caller.language)


async def list_deliveries(request: Request, caller: Caller) -> Response:
    named = ("complaint_id", "event_id", "state", "channel", "audience", "reason")
    query = Query(request.query_params, caller.language, (*named, "counts", "cursor", "limit"))
    filters: dict[str, Any] = {name: query.text(name, 80) for name in named}
    filters |= {"counts": query.flag("counts"), "cursor": query.cursor(), "limit": query.limit()}
    query.done()
    if filters["complaint_id"]:
        filters["complaint_id"] = canonical(filters["complaint_id"]) or filters["complaint_id"]
    filters = {name: value for name, value in filters.items() if value is not None}
    page = await _notices(request).deliveries(caller, filters)
    return answer(page, caller.language, headers=next_link(request, page))


async def dry_run_event(request: Request, caller: Caller) -> Response:
    return answer(await _notices(request).dry_run(caller, await read_object(request)), caller.language)


async def reload_notifications(request: Request, caller: Caller) -> Response:
    return answer(await _notices(request).reload_city(caller, key_of(request)), caller.language)


async def sweep(request: Request, caller: Caller) -> Response:
    body = await read_object(request)
    as_of, codes = parse_time(body.get("as_of")), body.get("codes")
    if as_of is None or as_of.tzinfo is None:
        raise invalid("/as_of", "not_a_time", caller)
    if codes is not None and not (isinstance(codes, list) and all(isinstance(code, str) for code in codes)):
        raise invalid("/codes", "not_a_list", caller)
    for number, code in enumerate(codes or ()):
        if canonical(code) is None:
            raise invalid(f"/codes/{number}", "not_a_code", caller)
    return answer(
        await _cases(request).sweep(as_of.isoformat(), codes, caller, key_of(request)), caller.language
    )
