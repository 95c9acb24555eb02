"""One case as staff see it: everything in their scope, and the actions that are theirs now."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import FieldError, Problem

from . import words
from .forms import Form, errors_of, in_order, usable_key, values_of
from .guard import staff_of, take_form
from .rendering import View, page, see_other
from .staff_actions import ACTIONS, fields_by_pointer, offered, payload_of
from .tracking import done_of, version_of


async def case(request: Request) -> Response:
    found = await request.app.state.cases.view(request.path_params["code"], staff_of(request))
    return await show(request, found)


async def act(request: Request) -> Response:
    """Take an action's form. The loser of a race sees what changed meanwhile and keeps the typed text."""
    caller = staff_of(request)
    code = request.path_params["code"]
    action = ACTIONS.get(request.path_params["action"])
    if action is None:
        raise Problem("not-found")
    form, fresh = await take_form(request)
    values = values_of(form)
    cases = request.app.state.cases
    if not fresh:
        return await show(request, await cases.view(code, caller), 403, "expired", action.name, Form(values))
    payload = payload_of(action, values)
    try:
        missing = [field for field in action.fields if field.required and not payload.get(field.name)]
        if missing:
            raise Problem(
                "invalid-input",
                errors=[
                    FieldError(pointer=f"/{field.name}", code="required", detail="") for field in missing
                ],
            )
        changed = await cases.act(
            code, action.name, payload, version_of(values), caller, usable_key(form.get("key"))
        )
    except Problem as problem:
        if problem.status not in (409, 422, 429, 503, 504):
            raise
        errors = errors_of(problem, fields_by_pointer(action), View(request).gettext)
        current = problem.extensions.get("current")
        notice = {422: None, 409: "changed"}.get(problem.status, "again")
        known = (
            current
            if isinstance(current, Mapping) and "status" in current
            else await cases.view(code, caller)
        )
        return await show(request, known, problem.status, notice, action.name, Form(values, errors), problem)
    # An action can take the case out of one's sight (to the inspectorate, to another unit).
    gone = changed.get("access") == "none" or not changed.get("tracking_code")
    return see_other(
        request, f"/petugas?sudah={action.name}" if gone else f"/petugas/{quote(code)}?sudah={action.name}"
    )


async def reveal(request: Request) -> Response:
    """Show who reported, to a person with the role and a reason; the service records both."""
    caller = staff_of(request)
    code = request.path_params["code"]
    form, fresh = await take_form(request)
    values = values_of(form)
    cases = request.app.state.cases
    reason = values.get("reason", [""])[0].strip()
    if not fresh or not reason:
        gettext = View(request).gettext
        errors = {} if not fresh else {"reason": gettext("Tulis alasan Anda")}
        found = await cases.view(code, caller)
        return await show(
            request,
            found,
            422 if fresh else 403,
            None if fresh else "expired",
            "reveal",
            Form(values, errors),
        )
    revealed = await cases.reveal(code, reason, caller, usable_key(form.get("key")))
    return await show(request, await cases.view(code, caller), revealed=revealed)


async def history(request: Request) -> Response:
    """Show every recorded step, and whether the record is whole."""
    caller = staff_of(request)
    code = request.path_params["code"]
    found = await request.app.state.cases.history(code, caller)
    return page(
        request, "staff/history.html", staff=True, code=code, items=found["items"], verified=found["verified"]
    )


def draft_of(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what a verification starts from: the text with personal data blanked, the service."""
    proposed = found.get("proposed_public") or {}
    return {
        "public_text": [str(proposed.get("description") or "")],
        "public_title": [str(proposed.get("title") or "")],
        "service_code": [str(found.get("service_code") or "")],
    }


async def show(
    request: Request,
    found: Mapping[str, Any],
    status: int = 200,
    notice: str | None = None,
    tried: str | None = None,
    form: Form | None = None,
    problem: Problem | None = None,
    *,
    revealed: Mapping[str, Any] | None = None,
) -> Response:
    form = form or Form()
    catalogue = request.app.state.cases.catalogue
    action = ACTIONS.get(tried or "")
    names = [field.name for field in action.fields] if action else ["reason"]
    same_city = [
        service
        for service in catalogue.services()
        if service.get("city") == found.get("city") or not found.get("city")
    ]
    return page(
        request,
        "staff/case.html",
        status,
        staff=True,
        path=f"/petugas/{quote(request.path_params['code'])}",
        headers=problem.headers if problem else None,
        case=found,
        offered=offered(found),
        services=same_city,
        units=[
            unit
            for unit in catalogue.units()
            if unit.get("city") == found.get("city") or not found.get("city")
        ],
        grounds=tuple(words.LABELS["ground"]),
        outcomes=tuple(words.LABELS["outcome"]),
        done=done_of(request),
        notice=notice,
        tried=tried,
        form=form,
        errors=in_order(form.errors, names),
        changes=found.get("changes") or (),
        revealed=revealed,
        drafts=Form(draft_of(found)),
    )
