"""The questionnaire: opened by a link or a code, answered on one page, thanked for.

Looking never spends a link; only an answer that was taken does. The answer is the public's, whoever is
logged in at this browser, and nothing of the person goes with it.
"""

import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import Problem

from .filing import TRY_AGAIN
from .forms import Form, errors_of, first, in_order, values_of
from .guard import as_public, take_form
from .language import N_
from .questionnaire import answer_of, field_names, field_of_pointer, submission_id_of
from .rendering import View, page, see_other
from .settings import PageSettings

TOKEN = re.compile(r"[0-9a-zA-Z]{44}")
LINK = re.compile(r"/survei/([0-9a-zA-Z]{44})(?![0-9a-zA-Z])")
THANKS = "/survei/terima-kasih"
DEVICE_COOKIE = "tanggap_survei"
DEVICE_SECONDS = 86400
DEVICE = re.compile(r"[A-Za-z0-9_-]{22}")
# Problem of a link → what its page is about.
STATES = {
    "link-unknown": "unknown",
    "link-expired": "expired",
    "link-revoked": "revoked",
    "already-answered": "spent",
    "period-closed": "closed",
    "submission-conflict": "spent",
    "questionnaire-unavailable": "away",
    "service-unavailable": "away",
}
STATUS = {"unknown": 404, "away": 503}
NO_CODE = N_("Tulis kode survei Anda")
NOT_A_CODE = N_("Kode ini tidak lengkap atau salah ketik. Kode survei terdiri atas 44 huruf dan angka")


async def enter(request: Request) -> Response:
    """Ask for a code, as printed beside the QR code, and go to its page; a pasted link is as good."""
    typed = request.query_params.get("kode")
    if typed is None:
        return page(request, "survey/enter.html", form=Form(), errors=[])
    token = token_in(typed)
    if token:
        return see_other(request, f"/survei/{token}")
    message = View(request).gettext(NOT_A_CODE if typed.strip() else NO_CODE)
    form = Form({"kode": [typed[:400]]}, {"kode": message})
    return page(request, "survey/enter.html", 422, secret=True, form=form, errors=[("kode", message)])


async def form(request: Request) -> Response:
    """Show the questionnaire, its submission id already in it; why not, where a link opens none."""
    caller = as_public(request)
    surveys = request.app.state.surveys
    try:
        invitation = await surveys.invitation(request.path_params["token"], caller)
        questions = surveys.questionnaire(caller, invitation.get("questionnaire_version"))
    except Problem as problem:
        return closed(request, problem)
    return show(request, invitation, questions, Form({"submission_id": [str(uuid.uuid4())]}))


async def answer(request: Request) -> Response:
    """Take the answer: 303 to the thanks, or the same page with all answers and what to do about them."""
    caller = as_public(request)
    surveys = request.app.state.surveys
    fields, fresh = await take_form(request)
    values = values_of(fields)
    values["submission_id"] = [submission_id_of(values)]
    try:
        questions = surveys.questionnaire(caller, first(values, "questionnaire_version") or None)
        if not fresh:
            return await again(request, questions, Form(values), 403, "expired")
        body = answer_of(questions, values, caller.language)
        await surveys.submit(
            body | {"token": request.path_params["token"]}, caller, device=device_of(request)
        )
    except Problem as problem:
        if problem.status == 422:
            errors = errors_of(problem, field_of_pointer(questions), View(request).gettext)
            return await again(request, questions, Form(values, errors), 422, None)
        if problem.status in TRY_AGAIN and problem.slug not in STATES:
            return await again(request, questions, Form(values), problem.status, "again", problem)
        return closed(request, problem)
    unit = first(values, "unit")
    return see_other(request, f"{THANKS}?unit={quote(unit)}" if known_unit(request, unit) else THANKS)


async def thanks(request: Request) -> Response:
    """Say what happens with the answer. The address names at most the unit, as its results' page does."""
    unit = request.query_params.get("unit", "")
    return page(request, "survey/thanks.html", secret=True, unit=unit if known_unit(request, unit) else None)


async def again(
    request: Request,
    questions: Mapping[str, Any],
    form: Form,
    status: int,
    notice: str | None,
    problem: Problem | None = None,
) -> Response:
    """Show the form once more with what was typed; the link is looked at afresh for its unit's name."""
    try:
        invitation = await request.app.state.surveys.invitation(
            request.path_params["token"], as_public(request)
        )
    except Problem as gone:
        return closed(request, gone)
    return show(request, invitation, questions, form, status, notice, problem)


def show(
    request: Request,
    invitation: Mapping[str, Any],
    questions: Mapping[str, Any],
    form: Form,
    status: int = 200,
    notice: str | None = None,
    problem: Problem | None = None,
) -> Response:
    response = page(
        request,
        "survey/form.html",
        status,
        secret=True,
        headers=problem.headers if problem else None,
        invitation=invitation,
        questionnaire=questions,
        services=services_of(request, invitation),
        form=form,
        errors=in_order(form.errors, field_names(questions)),
        notice=notice,
        problem=problem,
    )
    keep_device(request, response)
    return response


def closed(request: Request, problem: Problem) -> Response:
    """Say why this link opens no questionnaire. A problem that is not the link's is raised again."""
    state = STATES.get(problem.slug)
    if state is None:
        raise problem
    return page(
        request,
        "survey/closed.html",
        STATUS.get(state, 410),
        secret=True,
        headers=problem.headers,
        state=state,
        invitation=problem.extensions.get("invitation") or {},
    )


def services_of(request: Request, invitation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The unit's services to choose from, where the link does not know which it was."""
    unit = invitation.get("unit")
    if not unit or invitation.get("service_code"):
        return []
    services = View(request).catalogue.services()
    return [one for one in services if one.get("unit") == unit and one.get("active", True)]


def known_unit(request: Request, unit: str) -> bool:
    return View(request).catalogue.unit(unit) is not None


def token_in(typed: str) -> str | None:
    """The token in what somebody typed or pasted: a code, however it was grouped, or a whole link."""
    link = LINK.search(typed)
    if link:
        return link[1].lower()
    plain = re.sub(r"[\s-]", "", typed)
    return plain.lower() if TOKEN.fullmatch(plain) else None


def device_of(request: Request) -> str | None:
    known = request.cookies.get(DEVICE_COOKIE, "")
    return known if DEVICE.fullmatch(known) else None


def keep_device(request: Request, response: Response) -> None:
    """Give this browser a random value for a day, so that one device cannot flood a counter's survey."""
    if device_of(request):
        return
    settings: PageSettings = request.app.state.pages
    response.set_cookie(
        DEVICE_COOKIE,
        secrets.token_urlsafe(16),
        max_age=DEVICE_SECONDS,
        path="/survei",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )
