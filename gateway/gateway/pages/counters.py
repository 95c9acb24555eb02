"""Links for counters, to be printed with their QR code, and answers that staff type for a citizen."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.callers import Caller
from gateway.problems import Problem

from . import charts
from .action_forms import Action, Field, Outcome, take
from .filing import TRY_AGAIN
from .forms import Form, errors_of, first, in_order, values_of
from .guard import as_public, staff_of, take_form
from .language import N_
from .questionnaire import answer_of, field_names, field_of_pointer, submission_id_of
from .rendering import View, page, see_other
from .staff_surveys import done_of
from .survey import token_in

LIST = "/petugas/survei/loket"
ASSIST = "/petugas/survei/bantu"
CREATE = Action(
    "counter",
    (
        Field("unit", "choice", N_("Unit"), required=True),
        Field("service_code", "choice", N_("Layanan"), N_("Kosongkan bila loket ini melayani banyak hal.")),
        Field("counter", "line", N_("Nama loket"), N_("Misalnya: Loket 2."), True),
        Field("valid_days", "number", N_("Berlaku berapa hari")),
    ),
)
REVOKE = Action("revoke", (), N_("Kode yang sudah tercetak tidak dapat dipakai lagi."), warning=True)


async def listing(request: Request) -> Response:
    return await show(request, staff_of(request))


async def create(request: Request) -> Response:
    """Make a link for a counter and lead to its printable page."""
    caller = staff_of(request)

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        made: Mapping[str, Any] = await request.app.state.surveys.create_counter(caller, payload, key=key)
        return made

    outcome = await take(request, CREATE, send)
    if outcome.done is None:
        return await show(request, caller, outcome)
    token = token_of(outcome.done)
    return see_other(request, f"{LIST}/{quote(token)}/cetak" if token else f"{LIST}?sudah=counter")


async def revoke(request: Request) -> Response:
    """End a counter's link at once."""
    caller = staff_of(request)
    counter_id = request.path_params["counter_id"]

    async def send(_: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.surveys.revoke_counter(caller, counter_id, key=key)
        return done

    outcome = await take(request, REVOKE, send, f"{counter_id}-revoke")
    if outcome.done is None:
        return await show(request, caller, outcome)
    return see_other(request, f"{LIST}?sudah=revoke")


async def printable(request: Request) -> Response:
    """Show a counter's link as a page to be printed and put up, with its QR code."""
    staff_of(request)
    token = token_in(request.path_params["token"])
    if token is None:
        raise Problem("not-found")
    invitation = await request.app.state.surveys.invitation(token, as_public(request))
    view = View(request)
    link = f"{view.settings.public_url}/survei/{token}"
    return page(
        request,
        "staff/counter_print.html",
        staff=True,
        invitation=invitation,
        link=link,
        code=" ".join(token[start : start + 4] for start in range(0, len(token), 4)),
        qr=charts.qr(link),
    )


async def show(request: Request, caller: Caller, outcome: Outcome | None = None) -> Response:
    outcome = outcome or Outcome()
    found = await request.app.state.surveys.counters(caller)
    return page(
        request,
        "staff/counters.html",
        outcome.status,
        staff=True,
        path=LIST,
        headers=outcome.problem.headers if outcome.problem else None,
        items=found["items"],
        create=CREATE,
        revoke=REVOKE,
        choices=choices_of(request, caller),
        token_of=token_of,
        outcome=outcome,
        errors=outcome.errors,
        done=done_of(request),
    )


async def assist(request: Request) -> Response:
    """Show the questionnaire for a citizen who is helped to fill it in."""
    caller = staff_of(request)
    questions = request.app.state.surveys.questionnaire(caller)
    form = Form({"submission_id": [str(uuid.uuid4())], "unit": [caller.unit or ""]})
    return assisting(request, caller, questions, form)


async def assist_answer(request: Request) -> Response:
    """Take an answer that staff typed. It is marked as assisted, and nothing else is known of who helped."""
    caller = staff_of(request)
    surveys = request.app.state.surveys
    fields, fresh = await take_form(request)
    values = values_of(fields)
    values["submission_id"] = [submission_id_of(values)]
    questions = surveys.questionnaire(caller, first(values, "questionnaire_version") or None)
    if not fresh:
        return assisting(request, caller, questions, Form(values), 403, "expired")
    body = answer_of(questions, values, caller.language) | {"channel": "assisted"}
    if first(values, "unit"):
        body["unit"] = first(values, "unit")
    try:
        await surveys.submit(body, caller)
    except Problem as problem:
        if problem.status == 422:
            places = field_of_pointer(questions) | {"/unit": "unit", "/token": "unit"}
            errors = errors_of(problem, places, View(request).gettext)
            return assisting(request, caller, questions, Form(values, errors), 422)
        if problem.status not in TRY_AGAIN:
            raise
        return assisting(request, caller, questions, Form(values), problem.status, "again", problem)
    return see_other(request, f"{ASSIST}?sudah=assist")


def assisting(
    request: Request,
    caller: Caller,
    questions: Mapping[str, Any],
    form: Form,
    status: int = 200,
    notice: str | None = None,
    problem: Problem | None = None,
) -> Response:
    return page(
        request,
        "staff/assist.html",
        status,
        staff=True,
        path=ASSIST,
        headers=problem.headers if problem else None,
        questionnaire=questions,
        form=form,
        errors=in_order(form.errors, field_names(questions)),
        choices=choices_of(request, caller),
        notice=notice,
        problem=problem,
        done=done_of(request),
    )


def choices_of(request: Request, caller: Caller) -> dict[str, list[tuple[str, str]]]:
    """Units and services to choose from: a member of a unit has hers."""
    view = View(request)
    everywhere = any(role in ("coordinator", "desk", "admin") for role in caller.roles)
    units = [
        (str(one["code"]), view.text(one.get("name")))
        for one in view.catalogue.units()
        if one.get("active", True) and (everywhere or one["code"] == caller.unit)
    ]
    known = {code for code, _ in units}
    services = [
        (str(one["code"]), view.text(one.get("name")))
        for one in view.catalogue.services()
        if one.get("unit") in known and one.get("active", True)
    ]
    return {"unit": units, "service_code": services}


def token_of(counter: Mapping[str, Any]) -> str | None:
    """The token of a counter's link, where its record still shows it."""
    return token_in(str(counter.get("token") or counter.get("token_path") or counter.get("link") or ""))
