"""Forms of ours in, callers out: the two things each page asks before it does anything."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gateway.auth import page_caller, reporter
from gateway.callers import Caller
from gateway.problems import Problem

from . import csrf, language

MAX_FIELDS = 200
MAX_FIELD_BYTES = 64 * 1024
Endpoint = Callable[[Request], Awaitable[Response]]
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def prepared(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint with the caller found out beforehand and counted against her limits."""

    @wraps(endpoint)
    async def prepare(request: Request) -> Response:
        request.state.caller = await page_caller(request, language=language.choose(request))
        return await endpoint(request)

    return prepare


def caller_of(request: Request) -> Caller:
    """Return who looks at the page: staff with a session, otherwise the public, in the page's language."""
    known: Caller | None = getattr(request.state, "caller", None)
    return known or Caller(language=language.choose(request))


def as_public(request: Request) -> Caller:
    """Return the caller as anybody: on public pages staff see what the public sees."""
    known = caller_of(request)
    return Caller(kind="public", address=known.address, language=known.language)


def as_reporter(request: Request, secret: str) -> Caller:
    """Return the caller as the holder of a case's secret, which the owning service still has to prove."""
    known = caller_of(request)
    return reporter(secret, known.address, known.language)


def staff_of(request: Request) -> Caller:
    """Return the member of staff who is logged in; raises Problem for everybody else."""
    caller = caller_of(request)
    if not caller.is_staff:
        raise Problem("unauthenticated")
    return caller


def may(request: Request, service: str, action: str) -> bool:
    """Tell whether the caller's roles can have this action at all, so that a page offers only such.

    On whom or what is decided by the service, with every call.
    """
    allowed: bool = request.app.state.access.allows(caller_of(request), service, action)
    return allowed


async def take_form(request: Request) -> tuple[FormData, bool]:
    """Return a form's fields and whether it may take effect.

    False means that our page was open too long or the visitor's cookie is gone: nothing is done, and the
    answers are shown again under a fresh token. A form that another site sent raises Problem.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() not in FORM_TYPES:
        raise Problem("unsupported-media-type")
    caller = caller_of(request)
    form = await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    try:
        csrf.check(request, request.app.state.pages, form, caller.ref if caller.is_staff else None)
    except csrf.Refused as refusal:
        if refusal.foreign:
            raise Problem("forbidden") from None
        return form, False
    return form, True
