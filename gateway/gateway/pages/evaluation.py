"""A person's own record, the people she rates, and one evaluation with what the caller may do in it.

Looking changes nothing: a result is opened by a button, and before that nothing of it is on the page.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.callers import Caller
from gateway.problems import Problem

from . import words
from .action_forms import Outcome, take
from .evaluation_forms import (
    ACTIONS,
    BUILT,
    COMMENT,
    OPEN,
    expect_draft,
    rate_draft,
    rows_shown,
)
from .forms import Form
from .guard import may, staff_of
from .lists import PAGE_SIZE, first_link, next_link
from .rendering import page, see_other
from .tracking import version_of


async def mine(request: Request) -> Response:
    return await show_mine(request, staff_of(request))


async def show_mine(request: Request, caller: Caller, outcome: Outcome | None = None) -> Response:
    """Show the caller's own evaluations, evidence, recommendations and hours, and the people she rates."""
    outcome = outcome or Outcome()
    evaluation = request.app.state.evaluation
    me, others = await asyncio.gather(
        evaluation.me(caller),
        unless_unknown(
            evaluation.evaluations(caller, cursor=request.query_params.get("cursor"), limit=PAGE_SIZE)
        ),
    )
    return page(
        request,
        "evaluation/mine.html",
        outcome.status,
        staff=True,
        path="/evaluasi",
        headers=outcome.problem.headers if outcome.problem else None,
        me=me,
        evidence=evidence_of(me.get("evidence") or ()),
        recommendations=me.get("recommendations") or [],
        nothing=(me.get("nothing") or {}).get("explanation"),
        others=[one for one in others.get("items") or () if one.get("staff_ref") != caller.ref],
        next_link=next_link(request, others.get("next_cursor")),
        first_link=first_link(request),
        open_form=OPEN if may(request, "evaluation", "open") else None,
        comment=COMMENT,
        outcome=outcome,
        errors=outcome.errors,
        done=done_of(request),
    )


async def unless_unknown(asked: Awaitable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What was asked, or nothing for somebody whom HR has not entered or whose role has none of it."""
    try:
        found = await asked
    except Problem as problem:
        if problem.slug not in ("not-found", "forbidden"):
            raise
        return {}
    return found


async def open_period(request: Request) -> Response:
    """Open a performance period for somebody; HR alone."""
    caller = staff_of(request)

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        body = payload | {"official_record": {"kind": payload["official_record"]}}
        opened: Mapping[str, Any] = await request.app.state.evaluation.open_evaluation(caller, body, key=key)
        return opened

    outcome = await take(request, OPEN, send)
    if outcome.done is None:
        return await show_mine(request, caller, outcome)
    return see_other(request, "/evaluasi?sudah=open")


async def comment(request: Request) -> Response:
    """Take what a person says of an item about herself."""
    caller = staff_of(request)
    evidence_id = request.path_params["evidence_id"]

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.evaluation.comment_evidence(
            caller, evidence_id, payload["text"], key=key
        )
        return done

    outcome = await take(request, COMMENT, send, f"{evidence_id}-comment")
    if outcome.done is None:
        return await show_mine(request, caller, outcome)
    return see_other(request, "/evaluasi?sudah=comment")


async def one(request: Request) -> Response:
    return await show(request, staff_of(request))


async def act(request: Request) -> Response:
    """Take one of the forms: 303 back to the evaluation, or the evaluation with the form as it was typed."""
    caller = staff_of(request)
    id_ = request.path_params["evaluation_id"]
    action = ACTIONS.get(request.path_params["action"])
    if action is None:
        raise Problem("not-found")
    build, pointers = BUILT.get(action.name, (None, None))
    seen: dict[str, int | None] = {}

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.evaluation.act_on_evaluation(
            caller, id_, action.name, payload, seen.get("version"), key=key
        )
        return done

    def note_version(values: Mapping[str, Sequence[str]]) -> None:
        seen["version"] = version_of({key: list(value) for key, value in values.items()})

    outcome = await take(request, action, send, build=build, pointers=pointers, before=note_version)
    if outcome.done is None:
        return await show(request, caller, outcome)
    return see_other(request, f"{address_of(id_)}?sudah={action.name}")


async def show(request: Request, caller: Caller, outcome: Outcome | None = None) -> Response:
    outcome = outcome or Outcome()
    id_ = request.path_params["evaluation_id"]
    found = await request.app.state.evaluation.evaluation(caller, id_)
    offered = [name for name in ACTIONS if name in (found.get("actions") or ())]
    items = found.get("evidence") or []
    return page(
        request,
        "evaluation/one.html",
        outcome.status,
        staff=True,
        path=address_of(id_),
        headers=outcome.problem.headers if outcome.problem else None,
        evaluation=found,
        is_mine=found.get("staff_ref") == caller.ref,
        offered=offered,
        actions=ACTIONS,
        evidence=evidence_of(items),
        citable=[item for item in items if item.get("value") is not None],
        expect_form=outcome.form if outcome.tried == "expect" else draft(expect_draft(found)),
        rows=rows_shown(found, outcome.form.values if outcome.tried == "expect" else {}),
        rate_form=outcome.form if outcome.tried == "rate" else Form(rate_draft(found)),
        address=address_of(id_),
        outcome=outcome,
        errors=outcome.errors,
        done=done_of(request),
    )


def draft(values: Mapping[str, str]) -> Form:
    return Form({name: [value] for name, value in values.items()})


def evidence_of(items: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Items under their period, the newest period first."""
    by_period: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        by_period.setdefault(str(item.get("period") or ""), []).append(item)
    return sorted(by_period.items(), reverse=True)


def address_of(evaluation_id: str) -> str:
    return f"/evaluasi/{quote(evaluation_id)}"


def done_of(request: Request) -> str | None:
    """Which action the page reports as done, only one that we know: the address is anybody's to write."""
    done = request.query_params.get("sudah", "")
    return done if done in words.LABELS["evaluation_done"] else None
