"""Lists of cases: the public one, the staff's queue, the staff's notices; filters live in the address."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import Problem

from . import words
from .guard import as_public, staff_of, take_form
from .rendering import page, see_other
from .tracking import done_of

PAGE_SIZE = 20
TEXT_LENGTH = 200
PUBLIC_FILTERS = ("service_code", "status", "unit", "text", "month")
STAFF_FILTERS = (*PUBLIC_FILTERS, "kind", "overdue", "mine", "needs_review")
FLAGS = ("overdue", "mine", "needs_review")
MANY = ("status", "kind", "service_code", "unit")


def filters_of(request: Request, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the filters that are set; empty fields of the form mean no filter."""
    filters: dict[str, Any] = {}
    for name in names:
        values = [
            value.strip()[:TEXT_LENGTH] for value in request.query_params.getlist(name) if value.strip()
        ]
        if not values:
            continue
        if name in FLAGS:
            filters[name] = True
        elif name in MANY:
            filters[name] = values
        else:
            filters[name] = values[0]
    return filters


def next_link(request: Request, cursor: str | None) -> str | None:
    if not cursor:
        return None
    kept = [
        (k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "lang", "sudah") and v
    ]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"


def first_link(request: Request) -> str | None:
    """Return the address of the list's beginning, when this is not it."""
    if "cursor" not in request.query_params:
        return None
    kept = [
        (k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "lang", "sudah") and v
    ]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


def chosen(filters: Mapping[str, Any], name: str) -> str:
    value = filters.get(name, "")
    return str(value[0]) if isinstance(value, list) else str(value)


async def public_list(request: Request) -> Response:
    """Show released cases, newest first, through the same public view as everything else."""
    filters = filters_of(request, PUBLIC_FILTERS)
    return await listing(request, "list.html", as_public(request), filters)


async def queue(request: Request) -> Response:
    """Show the cases of the caller's scope by due time, what is late first."""
    caller = staff_of(request)
    return await listing(request, "staff/queue.html", caller, filters_of(request, STAFF_FILTERS), staff=True)


async def listing(
    request: Request, template: str, caller: Any, filters: dict[str, Any], *, staff: bool = False
) -> Response:
    cases = request.app.state.cases
    found = await cases.list(caller, filters, request.query_params.get("cursor"), PAGE_SIZE)
    return page(
        request,
        template,
        staff=staff,
        items=found["items"],
        counts=found.get("counts") or {},
        filters=filters,
        chosen=lambda name: chosen(filters, name),
        statuses=words.STATUSES,
        kinds=tuple(words.LABELS["kind"]),
        services=cases.catalogue.services(),
        units=cases.catalogue.units(),
        next_link=next_link(request, found.get("next_cursor")),
        first_link=first_link(request),
        done=done_of(request),
    )


async def inbox(request: Request) -> Response:
    """Show the notices of the member of staff who is logged in."""
    caller = staff_of(request)
    unread = request.query_params.get("belum_dibaca") == "1"
    found = await request.app.state.notices.inbox(
        caller, request.query_params.get("cursor"), PAGE_SIZE, unread
    )
    return page(
        request,
        "staff/inbox.html",
        staff=True,
        items=found["items"],
        page_link=lambda link: page_link(request, link),
        unread=found.get("unread", 0),
        unread_only=unread,
        done=done_of(request),
        next_link=next_link(request, found.get("next_cursor")),
        first_link=first_link(request),
    )


def page_link(request: Request, link: Any) -> str | None:
    """Return where a notice leads, if that is a page of ours."""
    path = link.removeprefix(request.app.state.pages.public_url) if isinstance(link, str) else ""
    return path if path.startswith("/") and not path.startswith(("//", "/v1/")) else None


async def inbox_read(request: Request) -> Response:
    """Mark notices as read: those named, or all."""
    caller = staff_of(request)
    form, fresh = await take_form(request)
    if not fresh:
        raise Problem("forbidden")
    ids = [str(value) for value in form.getlist("id")]
    await request.app.state.notices.mark_read(caller, ids or None)
    return see_other(request, "/petugas/kotak-masuk?sudah=read")
