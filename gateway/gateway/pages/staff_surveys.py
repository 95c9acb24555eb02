"""Surveys as staff see them: periods, what is missing, plans, answers held for review, comments."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.callers import Caller
from gateway.problems import Problem

from . import periods, words
from .action_forms import Action, Field, Outcome, Send, take
from .guard import may, staff_of
from .language import N_
from .lists import PAGE_SIZE, first_link, next_link
from .rendering import page, see_other
from .results import known_unit, shown

STATES = ("open", "closed", "published", "corrected")
PERIOD_ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        Action(
            "population",
            (
                Field(
                    "n",
                    "number",
                    N_("Jumlah pengguna layanan pada periode ini"),
                    N_("Hitung orang yang dilayani, bukan yang menjawab survei. Dari angka ini dihitung "
                       "sasaran sampel."),
                    True,
                ),
                Field(
                    "origin",
                    "line",
                    N_("Dari mana angka ini?"),
                    N_("Misalnya: sistem antrean, atau buku tamu."),
                    True,
                ),
            ),
        ),
        Action(
            "close",
            (),
            N_("Setelah ditutup, jawaban baru tidak diterima lagi dan hasilnya dihitung."),
            warning=True,
        ),
        Action("publish", (), N_("Hasil dapat dibaca siapa saja dan tidak dapat ditarik kembali.")),
        Action(
            "correct",
            (
                Field(
                    "reason", "text", N_("Apa yang salah, dan mengapa hasilnya dihitung lagi?"), required=True
                ),
            ),
            N_("Angka yang lama tetap terlihat, dengan alasan ini di sampingnya."),
            warning=True,
        ),
    )
}  # fmt: skip
OFFERED = {
    "open": ("population", "close"),
    "closed": ("publish", "correct"),
    "published": ("correct",),
    "corrected": ("correct",),
}
PLAN = Action(
    "plan",
    (
        Field("element", "choice", N_("Unsur yang diperbaiki"), required=True),
        Field("action", "text", N_("Apa yang akan dilakukan?"), required=True),
        Field("owner_ref", "line", N_("Kode petugas penanggung jawab"), required=True),
        Field("due_on", "date", N_("Paling lambat selesai"), required=True),
    ),
)
IMPROVEMENT_ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        Action("start"),
        Action(
            "complete",
            (
                Field(
                    "evidence_ref",
                    "line",
                    N_("Bukti selesai"),
                    N_("Nomor dokumen atau alamat tempat buktinya dapat dilihat."),
                    True,
                ),
            ),
        ),
        Action("cancel", (Field("reason", "text", N_("Alasan"), required=True),), warning=True),
    )
}
IMPROVEMENT_OFFERED = {"planned": ("start", "complete", "cancel"), "in_progress": ("complete", "cancel")}
HELD_ACTIONS: Mapping[str, Action] = {
    "accept": Action("accept", (Field("reason", "line", N_("Alasan"), required=True),)),
    "discard": Action("discard", (Field("reason", "line", N_("Alasan"), required=True),), warning=True),
}
COMMENT_ACTIONS: Mapping[str, Action] = {
    "publish": Action(
        "publish",
        (
            Field(
                "text",
                "text",
                N_("Teks yang diterbitkan"),
                N_("Hapus nama dan hal lain yang menunjukkan siapa orangnya. Jangan ubah maksudnya."),
                True,
            ),
        ),
    ),
    "hide": Action("hide"),
}


async def listing(request: Request) -> Response:
    """Show the periods of the caller's units, with how many have answered of how many should."""
    caller = staff_of(request)
    state = request.query_params.get("keadaan") or None
    unit = request.query_params.get("unit") or None
    found = await request.app.state.surveys.periods(
        caller,
        unit=unit,
        state=state if state in STATES else None,
        cursor=request.query_params.get("cursor"),
        limit=PAGE_SIZE,
    )
    return page(
        request,
        "staff/surveys.html",
        staff=True,
        items=found["items"],
        state=state,
        unit=unit,
        states=STATES,
        units=request.app.state.cases.catalogue.units(),
        counters=may(request, "surveys", "counters"),
        assist=may(request, "surveys", "assist"),
        next_link=next_link(request, found.get("next_cursor")),
        first_link=first_link(request),
        done=done_of(request),
    )


async def period(request: Request) -> Response:
    """Show one period, published or not, and the forms for what the caller may do with it."""
    return await show(request, staff_of(request))


async def act(request: Request) -> Response:
    """Record the population, close, publish or correct."""
    caller = staff_of(request)
    action = PERIOD_ACTIONS.get(request.path_params["action"])
    unit, code = place_of(request)
    if action is None:
        raise Problem("not-found")

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.surveys.act_on_period(
            caller, unit, code, action.name, payload, key=key
        )
        return done

    return await finish(request, caller, action, send, action.name)


async def plan(request: Request) -> Response:
    """Plan an improvement."""
    caller = staff_of(request)
    unit, code = place_of(request)

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        body = {"unit": unit, "period": code, **payload}
        done: Mapping[str, Any] = await request.app.state.surveys.plan(caller, body, key=key)
        return done

    return await finish(request, caller, PLAN, send, "plan")


async def improve(request: Request) -> Response:
    """Start, complete or cancel an improvement."""
    caller = staff_of(request)
    rtl_id = request.path_params["rtl_id"]
    action = IMPROVEMENT_ACTIONS.get(request.path_params["action"])
    if action is None:
        raise Problem("not-found")

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.surveys.act_on_improvement(
            caller, rtl_id, action.name, payload, key=key
        )
        return done

    return await finish(request, caller, action, send, action.name, f"{rtl_id}-{action.name}")


async def review(request: Request) -> Response:
    """Accept or discard an answer that was held back."""
    caller = staff_of(request)
    held_id = request.path_params["held_id"]
    action = HELD_ACTIONS.get(request.path_params["decision"])
    if action is None:
        raise Problem("not-found")

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.surveys.review_held(
            caller, held_id, action.name, payload.get("reason"), key=key
        )
        return done

    return await finish(request, caller, action, send, action.name, f"{held_id}-{action.name}")


async def moderate(request: Request) -> Response:
    """Publish a comment, its names removed, or keep it back."""
    caller = staff_of(request)
    comment_id = request.path_params["comment_id"]
    action = COMMENT_ACTIONS.get(request.path_params["decision"])
    if action is None:
        raise Problem("not-found")

    async def send(payload: dict[str, Any], key: str) -> Mapping[str, Any]:
        done: Mapping[str, Any] = await request.app.state.surveys.moderate(
            caller, comment_id, action.name, payload.get("text"), key=key
        )
        return done

    said = {"publish": "show", "hide": "hide"}[action.name]
    return await finish(request, caller, action, send, said, f"{comment_id}-{action.name}")


async def finish(
    request: Request, caller: Caller, action: Action, send: Send, said: str, tried: str = ""
) -> Response:
    """303 back to the period, or the period with the form as it was typed."""
    outcome = await take(request, action, send, tried)
    if outcome.done is not None:
        return see_other(request, f"{address_of(request)}?sudah={said}")
    return await show(request, caller, outcome)


async def show(request: Request, caller: Caller, outcome: Outcome | None = None) -> Response:
    outcome = outcome or Outcome()
    surveys = request.app.state.surveys
    unit, code = place_of(request)
    result = await surveys.result(unit, code, caller)
    moderates = may(request, "surveys", "moderate")
    held: Mapping[str, Any] = await surveys.held(caller, unit) if moderates else {}
    comments: Mapping[str, Any] = await surveys.comments(caller, unit, code) if moderates else {}
    seen = shown(request, result)
    offered = OFFERED.get(str(result.get("state")), ()) if may(request, "surveys", "manage") else ()
    return page(
        request,
        "staff/period.html",
        outcome.status,
        staff=True,
        path=address_of(request),
        headers=outcome.problem.headers if outcome.problem else None,
        **seen,
        offered=[PERIOD_ACTIONS[name] for name in offered],
        plan=PLAN if may(request, "surveys", "plan") else None,
        improving=improvable(request),
        improvement_actions=IMPROVEMENT_ACTIONS,
        held=[item for item in held.get("items") or () if item.get("period") == code],
        held_actions=list(HELD_ACTIONS.values()),
        comments=comments.get("items") or [],
        comment_actions=COMMENT_ACTIONS,
        moderates=moderates,
        back=address_of(request),
        outcome=outcome,
        errors=outcome.errors,
        done=done_of(request),
    )


def improvable(request: Request) -> Mapping[str, tuple[str, ...]]:
    """What this person may do with a plan in each state: carrying out is a smaller right than planning."""
    plans, carries = may(request, "surveys", "plan"), may(request, "surveys", "carry_out")
    return {
        state: tuple(name for name in names if (plans if name == "cancel" else carries))
        for state, names in IMPROVEMENT_OFFERED.items()
    }


def place_of(request: Request) -> tuple[str, str]:
    code = str(request.path_params["period"])
    if not periods.is_period(code):
        raise Problem("not-found")
    return known_unit(request), code


def address_of(request: Request) -> str:
    unit, code = place_of(request)
    return f"/petugas/survei/{quote(unit)}/{quote(code)}"


def done_of(request: Request) -> str | None:
    """Which action the page reports as done, only one that we know: the address is anybody's to write."""
    done = request.query_params.get("sudah", "")
    return done if done in words.LABELS["survey_done"] else None
