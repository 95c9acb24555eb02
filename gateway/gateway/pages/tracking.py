"""Following a case: anybody by its code, the reporter by its link, where she also answers and decides."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.codes import canonical, shown
from gateway.problems import FieldError, Problem

from . import words
from .forms import Form, errors_of, usable_key, values_of
from .guard import as_public, as_reporter, take_form
from .rendering import View, page, see_other

LINK = re.compile(r"/(?:lacak|tanda-terima)/([^/\s]+)/([0-9a-z]{26})")
# The reporter's forms: action of the address → name of the action, its one text field and the pointer to it.
ACTIONS: Mapping[str, tuple[str, str | None]] = {
    "keterangan": ("provide_info", "text"),
    "selesai": ("confirm", None),
    "belum-selesai": ("dispute", "reason"),
    "komentar": ("comment", "text"),
    "buka-kembali": ("reopen", "reason"),
}


async def lookup(request: Request) -> Response:
    """Ask for a code and go to its page; a pasted link leads to the reporter's page."""
    typed = request.query_params.get("kode")
    if typed is None:
        return page(request, "lookup.html", form=Form(), errors=[])
    link = LINK.search(typed)
    if link and canonical(link[1]):
        return see_other(request, f"/lacak/{shown(canonical(link[1]) or '')}/{link[2]}")
    code = canonical(typed)
    if code:
        return see_other(request, f"/lacak/{shown(code)}")
    gettext = View(request).gettext
    message = (
        gettext(
            "Kode ini tidak lengkap atau salah ketik. Kode lacak terdiri atas 13 huruf dan "
            "angka, misalnya 7K3M-9QXD-4TRW-H"
        )
        if typed.strip()
        else gettext("Tulis kode lacak Anda")
    )
    return page(
        request,
        "lookup.html",
        422,
        form=Form({"kode": [typed]}, {"kode": message}),
        errors=[("kode", message)],
    )


async def public(request: Request) -> Response:
    """Show what everybody may know about a case."""
    case = await request.app.state.cases.view(request.path_params["code"], as_public(request))
    return page(request, "case_public.html", case=case, done=done_of(request))


async def support(request: Request) -> Response:
    """Count one more person who has the same problem."""
    caller = as_public(request)
    form, fresh = await take_form(request)
    code = request.path_params["code"]
    if fresh:
        await request.app.state.cases.act(code, "support", {}, None, caller, usable_key(form.get("key")))
    return see_other(request, f"/lacak/{quote(code)}" + ("?sudah=support" if fresh else ""), secret=False)


async def reporter(request: Request) -> Response:
    """Show the reporter her whole case, and the forms for what she may do now."""
    caller = as_reporter(request, request.path_params["secret"])
    case = await request.app.state.cases.view(request.path_params["code"], caller)
    return show(request, case)


async def reporter_act(request: Request) -> Response:
    """Take one of the reporter's forms: 303 back to her page, or the page with her text and what is wrong."""
    code, secret = request.path_params["code"], request.path_params["secret"]
    caller = as_reporter(request, secret)
    try:
        action, field = ACTIONS[request.path_params["action"]]
    except KeyError:
        raise Problem("not-found") from None
    form, fresh = await take_form(request)
    values = values_of(form)
    cases = request.app.state.cases
    if not fresh:
        return show(
            request,
            await cases.view(code, caller),
            status=403,
            notice="expired",
            action=action,
            form=Form(values),
        )
    payload = {field: values.get(field, [""])[0].replace("\r\n", "\n").strip()} if field else {}
    try:
        if field and not payload[field]:
            raise missing(field)
        await cases.act(code, action, payload, version_of(values), caller, usable_key(form.get("key")))
    except Problem as problem:
        if problem.status not in (409, 422, 429, 503, 504):
            raise
        errors = (
            errors_of(problem, {f"/payload/{field}": field, f"/{field}": field}, View(request).gettext)
            if field
            else {}
        )
        case = problem.extensions.get("current") if problem.status == 409 else None
        return show(
            request,
            case if isinstance(case, Mapping) and "status" in case else await cases.view(code, caller),
            status=problem.status,
            notice={422: None, 409: "changed"}.get(problem.status, "again"),
            action=action,
            form=Form(values, errors),
            headers=problem.headers,
        )
    return see_other(request, f"/lacak/{quote(code)}/{quote(secret)}?sudah={action}")


def show(
    request: Request,
    case: Mapping[str, Any],
    status: int = 200,
    *,
    notice: str | None = None,
    action: str | None = None,
    form: Form | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    form = form or Form()
    code, secret = request.path_params["code"], request.path_params["secret"]
    return page(
        request,
        "case_reporter.html",
        status,
        secret=True,
        path=f"/lacak/{quote(code)}/{quote(secret)}",
        headers=headers,
        case=case,
        done=done_of(request),
        notice=notice,
        tried=action,
        form=form,
        errors=list(form.errors.items()),
    )


def missing(field: str) -> Problem:
    return Problem("invalid-input", errors=[FieldError(pointer=f"/{field}", code="required", detail="")])


def done_of(request: Request) -> str | None:
    """Return which action the page thanks for, only one that we know: the address is anybody's to write."""
    done = request.query_params.get("sudah", "")
    return done if done in words.LABELS["done"] else None


def version_of(values: Mapping[str, list[str]]) -> int | None:
    text = values.get("version", [""])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
