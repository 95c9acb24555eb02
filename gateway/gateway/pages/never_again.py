"""The page behind "do not ask me again" in a survey's mail, and behind the button of a mail program.

Looking changes nothing, as programs that check mails follow every link. The address of the page is the secret
that speaks for the mail's recipient, so the form needs no cookie: a mail program has none (RFC 8058).
"""

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import Problem

from .guard import FORM_TYPES, MAX_FIELDS, as_public
from .rendering import page

FIELD, NO, YES = "pilihan", "berhenti", "lanjut"
ONE_CLICK, ONE_CLICK_VALUE = "List-Unsubscribe", "One-Click"


async def look(request: Request) -> Response:
    """Show whether this address is asked, and the button for the other choice."""
    try:
        found = await request.app.state.notices.survey_choice(
            as_public(request), request.path_params["token"]
        )
    except Problem as problem:
        return unknown(request, problem)
    return page(request, "survey/never_again.html", secret=True, asked=found["asked"], chosen=False)


async def choose(request: Request) -> Response:
    """Keep the choice and say so. No redirect: a mail program would not follow it."""
    asked = await wish(request)
    try:
        found = await request.app.state.notices.choose_surveys(
            as_public(request), request.path_params["token"], asked
        )
    except Problem as problem:
        return unknown(request, problem)
    return page(request, "survey/never_again.html", secret=True, asked=found["asked"], chosen=True)


async def wish(request: Request) -> bool:
    """Whether she wants to be asked. Raises Problem for a form that says neither."""
    if request.headers.get("content-type", "").split(";")[0].strip() not in FORM_TYPES:
        raise Problem("unsupported-media-type")
    form = await request.form(max_files=0, max_fields=MAX_FIELDS)
    if form.get(ONE_CLICK) == ONE_CLICK_VALUE or form.get(FIELD) == NO:
        return False
    if form.get(FIELD) == YES:
        return True
    raise Problem("invalid-input")


def unknown(request: Request, problem: Problem) -> Response:
    """Say that this link is none of ours. A problem that is not the link's is raised again."""
    if problem.slug != "not-found":
        raise problem
    return page(request, "survey/never_again.html", 404, secret=True, asked=None, chosen=False)
