"""Filing a case: choose a service, fill in one form, get a receipt that says to keep the link."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from gateway.callers import Caller
from gateway.codes import canonical, fresh_key, shown
from gateway.problems import Problem

from .catalogue import known_service, to_choose_from
from .deadlines import promises
from .filing_form import attributes_of, field_names, field_of_pointer, submission_of
from .forms import Form, errors_of, in_order, usable_key, values_of
from .guard import as_public, as_reporter, caller_of, take_form
from .rendering import View, page, see_other

# Answers that mean "not yet, and you may send the same again": the form comes back with everything in it.
TRY_AGAIN = (429, 503, 504)
SECRET = re.compile(r"[0-9a-z]{26}")
DESK_ROLES = ("desk", "coordinator", "inspector")
CHANNELS = ("desk", "phone", "whatsapp", "sms", "email", "letter", "social", "other")


async def choose(request: Request) -> Response:
    """Help the citizen to the right service, by words or by group."""
    return page(request, "choose.html", **to_choose_from(request))


async def form(request: Request) -> Response:
    """Show the empty form, its idempotency key already in it."""
    caller = caller_of(request)
    service = known_service(request, request.path_params["service_code"])
    return show(request, service, caller, Form({"key": [fresh_key()], "language": [View(request).lang]}))


async def file(request: Request) -> Response:
    """Take the form: 303 to the receipt, or the same form with its answers and what to do about them."""
    caller = caller_of(request)
    service = known_service(request, request.path_params["service_code"])
    fields, fresh = await take_form(request)
    values = values_of(fields)
    values["key"] = [usable_key(values.get("key", [""])[0])]
    if not fresh:
        return show(request, service, caller, Form(values), status=403, notice="expired")
    view = View(request)
    filer = caller if may_file_for_others(caller) else as_public(request)
    try:
        submission = submission_of(service, values, view.zone, for_others=filer.is_staff)
        receipt = await request.app.state.cases.file(submission, filer, values["key"][0])
    except Problem as problem:
        if problem.status in TRY_AGAIN:
            return show(
                request,
                service,
                caller,
                Form(values),
                problem.status,
                notice="again",
                problem=problem,
                headers=problem.headers,
            )
        if problem.status != 422:
            raise
        questions = {
            f"attr-{one['code']}": view.text(one.get("description")) for one in attributes_of(service)
        }
        errors = errors_of(problem, field_of_pointer(service), view.gettext, questions)
        return show(request, service, caller, Form(values, errors), status=422)
    kept = f"/tanda-terima/{quote(receipt.tracking_code)}/{quote(receipt.secret)}"
    return see_other(request, f"{kept}?{urlencode({'layanan': service['code']})}")


async def receipt(request: Request) -> Response:
    """Show what to keep and what happens next, as often as the citizen opens it.

    The case is durable before she gets here, so the receipt shows its link even while the service that
    knows the case does not answer.
    """
    code, secret = canonical(request.path_params["code"]), request.path_params["secret"]
    if code is None or not SECRET.fullmatch(secret):
        raise Problem("not-found")
    try:
        case = await request.app.state.cases.view(code, as_reporter(request, secret))
    except Problem as problem:
        if problem.status not in TRY_AGAIN:
            raise
        case = {}
    view = View(request)
    # Not stored yet, a case has no service to show; the address remembers which form it came from.
    service = view.catalogue.service(case.get("service_code") or request.query_params.get("layanan", ""))
    return page(
        request,
        "receipt.html",
        secret=True,
        case=case,
        code=shown(code),
        service=service,
        link=f"{view.settings.public_url}/lacak/{shown(code)}/{secret}",
        promises=promises(service, view.catalogue.document.get("deadlines") or ()) if service else [],
    )


def show(
    request: Request,
    service: Mapping[str, Any],
    caller: Caller,
    form: Form,
    status: int = 200,
    *,
    notice: str | None = None,
    problem: Problem | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    return page(
        request,
        "file.html",
        status,
        headers=headers,
        service=service,
        form=form,
        errors=in_order(form.errors, field_names(service)),
        notice=notice,
        problem=problem,
        for_others=may_file_for_others(caller),
        channels=CHANNELS,
    )


def may_file_for_others(caller: Caller) -> bool:
    return caller.is_staff and any(role in DESK_ROLES for role in caller.roles)
