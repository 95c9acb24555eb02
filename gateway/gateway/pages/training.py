"""The catalogue of trainings with the way into them, and recommendations that a person decides on."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.callers import Caller
from gateway.problems import Problem

from . import words
from .action_forms import Action, Field, Outcome, take
from .evaluation import done_of, unless_unknown
from .guard import may, staff_of
from .language import N_
from .lists import PAGE_SIZE, first_link, next_link
from .rendering import page, see_other

LIST = "/pelatihan"
RECOMMENDATIONS = "/rekomendasi"
MOST_ENROLMENTS = 100
# What is taken up comes with the page; nobody types it.
ENROL = Action("enrol", (Field("recommendation_id", "hidden", ""),))
ENROLMENT_ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        Action("approve"),
        Action("confirm"),
        Action(
            "complete",
            (
                Field("report_ref", "line", N_("Nomor atau alamat laporan"), N_("Wajib untuk magang.")),
                Field(
                    "back_home_project",
                    "text",
                    N_("Rencana penerapan di unit sendiri"),
                    N_("Wajib untuk magang."),
                ),
                Field("evidence_ref", "line", N_("Nomor sertifikat atau bukti lain")),
            ),
        ),
        Action("withdraw", warning=True),
    )
}
# State of an enrolment → what can follow.
FOLLOWING = {
    "requested": ("approve", "withdraw"),
    "approved": ("confirm", "withdraw"),
    "waiting": ("confirm", "withdraw"),
    "confirmed": ("complete", "withdraw"),
}
PERMISSION = {"approve": "approve_enrolment", "confirm": "confirm", "complete": "complete"}
DECISIONS: Mapping[str, Action] = {
    "approve": Action(
        "approve",
        (
            Field(
                "offer_ids",
                "many",
                N_("Pelatihan yang disetujui"),
                N_("Kosongkan bila rekomendasinya bukan pelatihan."),
            ),
            Field("reason", "text", N_("Catatan")),
        ),
    ),
    "decline": Action("decline", (Field("reason", "text", N_("Alasan"), required=True),), warning=True),
}
STATES = ("proposed", "approved", "declined", "enrolled", "done", "expired")


async def catalogue(request: Request) -> Response:
    return await show(request, staff_of(request))


async def enrol(request: Request) -> Response:
    """Ask for a place in a training, for oneself."""
    caller = staff_of(request)
    offer_id = request.path_params["offer_id"]

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.evaluation.enrol(
            caller, offer_id, payload.get("recommendation_id"), key=key
        )
        return done

    return await finish(request, caller, ENROL, send, "enrol", f"{offer_id}-enrol")


async def act(request: Request) -> Response:
    """Approve, confirm, complete or withdraw an enrolment."""
    caller = staff_of(request)
    enrolment_id = request.path_params["enrolment_id"]
    action = ENROLMENT_ACTIONS.get(request.path_params["action"])
    if action is None:
        raise Problem("not-found")

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.evaluation.act_on_enrolment(
            caller, enrolment_id, action.name, payload, key=key
        )
        return done

    return await finish(request, caller, action, send, action.name, f"{enrolment_id}-{action.name}")


async def finish(
    request: Request, caller: Caller, action: Action, send: Any, said: str, tried: str
) -> Response:
    outcome = await take(request, action, send, tried)
    if outcome.done is None:
        return await show(request, caller, outcome)
    return see_other(request, f"{LIST}?sudah={said}")


async def show(request: Request, caller: Caller, outcome: Outcome | None = None) -> Response:
    """Show what is on offer, one's own way into it, and the enrolments that wait for the caller."""
    outcome = outcome or Outcome()
    evaluation = request.app.state.evaluation
    asked = request.query_params.get("bentuk", "")
    form = asked if asked in words.LABELS["training_form"] else None
    offers = await evaluation.trainings(
        caller, form=form, cursor=request.query_params.get("cursor"), limit=PAGE_SIZE
    )
    enrolments, advice = await asyncio.gather(
        evaluation.enrolments(caller, limit=MOST_ENROLMENTS),
        unless_unknown(evaluation.recommendations(caller, state="approved", staff_ref=caller.ref)),
    )
    items = enrolments["items"]
    titles = {str(offer["offer_id"]): str(offer["title"]) for offer in offers["items"]}
    own = [one for one in items if one.get("staff_ref") == caller.ref]
    return page(
        request,
        "evaluation/trainings.html",
        outcome.status,
        staff=True,
        path=LIST,
        headers=outcome.problem.headers if outcome.problem else None,
        offers=offers["items"],
        form=form,
        titles=titles,
        recommended=recommended(advice.get("items") or ()),
        own=own,
        joined={one["offer_id"]: one for one in own if state_of(one) != "withdrawn"},
        waiting=[
            one for one in items if one.get("staff_ref") != caller.ref and following(request, caller, one)
        ],
        following=lambda one: [ENROLMENT_ACTIONS[name] for name in following(request, caller, one)],
        state_of=state_of,
        enrol=ENROL if may(request, "evaluation", "enrol") else None,
        next_link=next_link(request, offers.get("next_cursor")),
        first_link=first_link(request),
        outcome=outcome,
        errors=outcome.errors,
        done=done_of(request),
    )


def recommended(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Which of one's own approved recommendations an enrolment in an offer takes up."""
    found: dict[str, str] = {}
    for item in items:
        named = {str(one["offer_id"]) for one in item.get("options") or ()}
        for offer_id in named | {str(one) for one in item.get("offer_ids") or ()}:
            found.setdefault(offer_id, str(item["recommendation_id"]))
    return found


def state_of(enrolment: Mapping[str, Any]) -> str:
    return str(enrolment.get("status") or enrolment.get("state") or "")


def following(request: Request, caller: Caller, enrolment: Mapping[str, Any]) -> list[str]:
    """What this person may do with an enrolment now: as the service says, else by its state and the roles."""
    known = enrolment.get("actions")
    if isinstance(known, Sequence) and not isinstance(known, str):
        return [name for name in ENROLMENT_ACTIONS if name in known]
    mine = enrolment.get("staff_ref") == caller.ref
    return [
        name
        for name in FOLLOWING.get(state_of(enrolment), ())
        if (
            mine or "hr" in caller.roles
            if name == "withdraw"
            else may(request, "evaluation", PERMISSION[name]) and not (mine and name == "approve")
        )
    ]


async def recommendations(request: Request) -> Response:
    return await show_recommendations(request, staff_of(request))


async def decide(request: Request) -> Response:
    """Approve a recommendation with the trainings chosen, or decline it with a reason."""
    caller = staff_of(request)
    id_ = request.path_params["recommendation_id"]
    action = DECISIONS.get(request.path_params["decision"])
    if action is None:
        raise Problem("not-found")

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.evaluation.decide_recommendation(
            caller, id_, action.name, payload.get("reason"), payload.get("offer_ids"), key=key
        )
        return done

    outcome = await take(request, action, send, f"{id_}-{action.name}")
    if outcome.done is None:
        return await show_recommendations(request, caller, outcome)
    return see_other(request, f"{RECOMMENDATIONS}?sudah=recommend")


async def show_recommendations(request: Request, caller: Caller, outcome: Outcome | None = None) -> Response:
    outcome = outcome or Outcome()
    asked = request.query_params.get("keadaan", "")
    state = asked if asked in STATES else None
    found = await request.app.state.evaluation.recommendations(
        caller, state=state, cursor=request.query_params.get("cursor"), limit=PAGE_SIZE
    )
    return page(
        request,
        "evaluation/recommendations.html",
        outcome.status,
        staff=True,
        path=RECOMMENDATIONS,
        headers=outcome.problem.headers if outcome.problem else None,
        items=found["items"],
        state=state,
        states=STATES,
        decisions=DECISIONS if may(request, "evaluation", "approve") else {},
        own_ref=caller.ref,
        next_link=next_link(request, found.get("next_cursor")),
        first_link=first_link(request),
        outcome=outcome,
        errors=outcome.errors,
        done=done_of(request),
    )
