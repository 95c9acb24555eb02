"""Actions as forms: which fields each has, what payload they make, and what happens when one is sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request

from gateway.problems import FieldError, Problem

from .forms import Form, errors_of, first, in_order, usable_key, values_of
from .guard import take_form
from .rendering import View

Kind = Literal[
    "line",
    "text",
    "unit",
    "service",
    "outcome",
    "ground",
    "check",
    "number",
    "date",
    "choice",
    "many",
    "hidden",
]
# What leaves the page standing, with everything that was typed on it.
KEPT = (409, 422, 429, 503, 504)
MOST_DIGITS = 9


@dataclass(frozen=True)
class Field:
    """One input of an action's form. `name` is the key in the payload.

    A `choice` or `many` offers what `words` names, a group of codes, or what the page hands in under its
    name.
    """

    name: str
    kind: Kind
    label: str
    hint: str = ""
    required: bool = False
    words: str = ""


@dataclass(frozen=True)
class Action:
    name: str
    fields: Sequence[Field] = ()
    explanation: str = ""
    warning: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a form: `done` holds the service's answer, or the form comes back."""

    done: Mapping[str, Any] | None = None
    form: Form = field(default_factory=Form)
    status: int = 200
    notice: str | None = None
    problem: Problem | None = None
    tried: str | None = None
    errors: Sequence[tuple[str, str]] = ()


Values = Mapping[str, Sequence[str]]
Send = Callable[[dict[str, Any], str], Awaitable[Mapping[str, Any]]]


async def take(
    request: Request,
    action: Action,
    send: Send,
    tried: str = "",
    *,
    build: Callable[[Values], dict[str, Any]] | None = None,
    pointers: Callable[[Values], dict[str, str]] | None = None,
    before: Callable[[Values], None] = lambda _: None,
) -> Outcome:
    """Take an action's form and send its payload with the form's key.

    `build` and `pointers` stand for forms that are more than a list of fields; `before` sees the values
    first, for what a form carries beside its payload.

    What the service refuses, and what may be repeated, comes back as an outcome that still holds what was
    typed; a refusal that no typing can mend (unknown, not logged in) is raised.
    """
    tried = tried or action.name
    fields, fresh = await take_form(request)
    values = values_of(fields)
    if not fresh:
        return Outcome(form=Form(values), status=403, notice="expired", tried=tried)
    before(values)
    payload = build(values) if build else payload_of(action, values)
    try:
        require(action, payload)
        return Outcome(done=await send(payload, usable_key(fields.get("key"))))
    except Problem as problem:
        refused = problem.status == 403 and problem.extensions.get("code")
        if problem.status not in KEPT and not refused:
            raise
        view = View(request)
        errors = errors_of(problem, pointers(values) if pointers else fields_by_pointer(action), view.gettext)
        if problem.status == 422 and not errors:
            errors = {"": problem.explanation(view.lang)}
        notice = {403: "refused", 409: "changed", 422: None}.get(problem.status, "again")
        names = [one.name for one in action.fields] or list(values)
        return Outcome(
            form=Form(values, errors),
            status=problem.status,
            notice=notice,
            problem=problem,
            tried=tried,
            errors=in_order(errors, names),
        )


def require(action: Action, payload: Mapping[str, Any]) -> None:
    """Raise invalid-input for the fields that must be filled in and are not, before anything is sent."""
    missing = [one for one in action.fields if one.required and payload.get(one.name) in (None, "", [])]
    if missing:
        raise Problem(
            "invalid-input",
            errors=[FieldError(pointer=f"/{one.name}", code="required", detail="") for one in missing],
        )


def payload_of(action: Action, values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The payload; empty fields are left out, so that the service names those it needs.

    What is no number is passed on as typed, so that one place refuses it.
    """
    payload: dict[str, Any] = {}
    for one in action.fields:
        typed = first(values, one.name).strip()
        if one.kind == "check":
            payload[one.name] = typed == "yes"
        elif one.kind == "many":
            payload[one.name] = [value for value in values.get(one.name, ()) if value]
        elif typed:
            payload[one.name] = whole_number(typed) if one.kind == "number" else typed
    return payload


def whole_number(typed: str) -> int | str:
    """`1.200` and `1200` are numbers as they are written here."""
    plain = typed.replace(".", "").replace(" ", "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= MOST_DIGITS else typed


def fields_by_pointer(action: Action) -> dict[str, str]:
    """Which field a refusal's pointer belongs to; services point into the payload or at the argument."""
    return {f"{prefix}/{one.name}": one.name for one in action.fields for prefix in ("", "/payload")}
