"""The list of everything a template may insert, each with the event fields it is made from.

A template is refused when one of its keys is not in this list, or needs a field its event does not have.
"""

from __future__ import annotations

from collections.abc import Mapping

from notifications.contacts import one_line
from notifications.domain.audiences import about_case
from notifications.domain.rules import PRIVATE_LINK
from notifications.domain.template import Value, normal_key
from notifications.pages import page_of, shown_code
from notifications.wording import (
    Context,
    ValueOf,
    day_of,
    has,
    is_code,
    last_day_of,
    lists_code,
    lower,
    period_of,
    spoken_time,
    text_of,
    time_of,
    unit_of,
    word_of,
)

_NOBODY = {"id": "Bapak/Ibu", "en": "Sir or Madam"}
_DEAR = {"id": "Yth.", "en": "Dear"}
STOP_LINK = "stop_link"
_NEUTRAL_SERVICE = {"id": "layanan yang Anda pilih", "en": "the service you chose"}


def values_for(keys: frozenset[str], context: Context) -> dict[str, Value]:
    """The values of these keys; one that has none is left out, so that the template can name it."""
    found: dict[str, Value] = {}
    for key in keys:
        value = VALUES[key].make(context) if key in VALUES else None
        if value is not None:
            found[key] = value
    return found


def _greeting(c: Context) -> str:
    dear, nobody = _DEAR[c.language], _NOBODY[c.language]
    if not c.recipient.name:
        return f"{dear} {nobody}"
    return f"{dear} {nobody} {c.recipient.name}" if c.language == "id" else f"{dear} {c.recipient.name}"


def _link(c: Context) -> str | None:
    if c.recipient.audience == "reporter" and about_case(c.type):
        # A reporter without a link of her own (served at a counter) can still ask with the code.
        return c.recipient.link or f"{c.public_url}/lacak"
    page = page_of(c.type, c.data)
    return f"{c.public_url}{page}" if page else None


def _code(field: str) -> ValueOf:
    return ValueOf(lambda c: shown_code(str(c.data[field])) if c.data.get(field) else None, (field,))


def _service(c: Context) -> str:
    code = c.data.get("service_code", "")
    return one_line(c.names.services.get(code, {}).get(c.language) or _NEUTRAL_SERVICE[c.language])


def _deadline(c: Context) -> str | None:
    due = c.data.get("due")
    return spoken_time(due["due_at"], c.language, c.city.timezone) if isinstance(due, Mapping) else None


def _ground(c: Context) -> str:
    fallback = {"id": "dijelaskan di halaman laporan Anda", "en": "explained on the page of your case"}
    return c.city.word("ground", c.data.get("ground"), c.language) or fallback[c.language]


def _department(c: Context) -> str:
    code = str(c.data.get("department"))
    return one_line(c.names.departments.get(code, {}).get(c.language) or code)


def _refusal(c: Context) -> str | None:
    message = c.data.get("message")
    text = message.get(c.language) if isinstance(message, Mapping) else None
    return one_line(text, 500) if isinstance(text, str) else None


_KIND = word_of("kind", "kind")

_ANY = {
    "greeting": ValueOf(_greeting),
    "city": ValueOf(lambda c: c.city.name),
    "link": ValueOf(_link),
    "public_url": ValueOf(lambda c: c.public_url),
    "unit": unit_of("unit"),
    "has_unit": has("unit"),
    "service": ValueOf(_service, ("service_code",)),
}

_CASES = {
    "code": _code("complaint_id"),
    "kind": _KIND,
    "kind_lower": lower(_KIND),
    "from_unit": unit_of("from_unit"),
    "target_unit": unit_of("target_unit"),
    "has_due": has("due"),
    "due": ValueOf(_deadline, ("due",)),
    "received": time_of("received_at"),
    "deadline": time_of("due_at"),
    "stage": word_of("stage", "stage"),
    "stage_lower": lower(word_of("stage", "stage")),
    "waiting_until": time_of("waiting_until"),
    "respond_by": time_of("respond_by"),
    "granted": is_code("outcome", "granted"),
    "partial": is_code("outcome", "partial"),
    "refused": is_code("outcome", "refused"),
    "outcome": word_of("outcome", "outcome"),
    "ground": ValueOf(_ground, ("ground",)),
    "ground_text": ValueOf(
        lambda c: c.city.explanation("ground", c.data.get("ground"), c.language) or "", ("ground",)
    ),
    "referred_to": text_of("referred_to"),
    "into": _code("into"),
    "bounces": text_of("bounces"),
    "disputes": text_of("disputes"),
    "level": text_of("level"),
    "over_dispute": is_code("cause", "disputed"),
    "over_deadline": is_code("cause", "overdue"),
    "binding": is_code("binding", True),
    "confidential": is_code("confidential", True),
}

_SURVEYS = {
    "has_service": has("service_code"),
    STOP_LINK: ValueOf(lambda c: c.stop_url, (PRIVATE_LINK,)),
    "after_case": ValueOf(lambda c: c.data.get("kind") == "case", (PRIVATE_LINK, "kind"), yes_no=True),
    "after_visit": ValueOf(lambda c: c.data.get("kind") == "counter", (PRIVATE_LINK, "kind"), yes_no=True),
    "open_until": last_day_of("expires_at"),
    "period": period_of("period"),
    "element": word_of("element", "element"),
    "due_day": day_of("due_on"),
    "has_figures": has("ikm"),
    "no_figures": ValueOf(lambda c: c.data.get("ikm") is None, ("ikm",), yes_no=True),
    **{
        f"lacks_{code}": lists_code("missing", code)
        for code in (
            "below_minimum_n",
            "element_below_minimum",
            "element_without_answers",
        )
    },
    **{
        f"caution_{code}": lists_code("cautions", code)
        for code in (
            "below_sample_target",
            "population_unknown",
            "band_unsure",
            "assisted_share_high",
        )
    },
}

_STAFF = {
    "recorded_elsewhere": is_code("official_record", "e-kinerja"),
    "has_decide_by": has("decide_by"),
    "decide_by": time_of("decide_by"),
    "for_person": ValueOf(
        lambda c: c.data.get("kind") == "person", ("recommendation_id", "kind"), yes_no=True
    ),
    "enrolment": word_of("enrolment", "status"),
    **{
        f"is_{code}": is_code("status", code)
        for code in ("requested", "approved", "confirmed", "waiting", "withdrawn")
    },
}

_DEPARTMENTS = {
    "department": ValueOf(_department, ("department",)),
    "refused_event": text_of("event_id"),
    "has_refused_event": has("event_id"),
    "refused_type": text_of("event_type"),
    "has_refused_type": has("event_type"),
    "refusal": ValueOf(_refusal, ("message",)),
    "pointer": text_of("pointer"),
    "has_pointer": has("pointer"),
}

VALUES: dict[str, ValueOf] = {
    normal_key(key): value for key, value in {**_ANY, **_CASES, **_SURVEYS, **_STAFF, **_DEPARTMENTS}.items()
}
