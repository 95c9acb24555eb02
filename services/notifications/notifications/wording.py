"""The words of a message: codes as people read them, dates, names of units and services.

`VALUES` is the list of everything a template may insert, each with the event fields it is made from.
A template is refused when one of its keys is not in this list, or needs a field its event does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from notifications.contacts import one_line
from notifications.domain.intents import Recipient
from notifications.domain.template import Value, normal_key

LANGUAGES = ("id", "en")
_DATE_TIME = {"id": "EEEE, d MMMM y 'pukul' HH.mm", "en": "EEEE, d MMMM y 'at' HH:mm"}
_LOCALES = {"id": "id_ID", "en": "en_GB"}
_NOBODY = {"id": "Bapak/Ibu", "en": "Sir or Madam"}
_DEAR = {"id": "Yth.", "en": "Dear"}
_NEUTRAL_UNIT = {"id": "unit yang menangani", "en": "the responsible unit"}
_NEUTRAL_SERVICE = {"id": "layanan yang Anda pilih", "en": "the service you chose"}


@dataclass(frozen=True, slots=True)
class City:
    """What the templates take from the city's own files."""

    name: str
    timezone: ZoneInfo
    words: Mapping[str, Mapping[str, Mapping[str, Any]]]
    """wording.yaml: list → code → {id, en, text?: {id, en}}."""

    def word(self, words: str, code: Any, language: str) -> str | None:
        entry = self.words.get(words, {}).get(str(code))
        return str(entry[language]) if entry and language in entry else None

    def explanation(self, words: str, code: Any, language: str) -> str | None:
        text = self.words.get(words, {}).get(str(code), {}).get("text")
        return str(text[language]) if isinstance(text, Mapping) and language in text else None


@dataclass(frozen=True, slots=True)
class Names:
    """Our own copies of the names of units and services."""

    units: Mapping[str, Mapping[str, str]]
    services: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a value may be made from."""

    data: Mapping[str, Any]
    code: str
    recipient: Recipient
    city: City
    names: Names
    public_url: str

    @property
    def language(self) -> str:
        return self.recipient.language


@dataclass(frozen=True, slots=True)
class ValueOf:
    make: Callable[[Context], Value | None]
    needs: tuple[str, ...] = ()
    yes_no: bool = False
    """Whether it can decide about a conditional text."""


def shown_code(code: str) -> str:
    """7K3M9QXD4TRWH as people read it: 7K3M-9QXD-4TRW-H."""
    return "-".join((code[:4], code[4:8], code[8:12], code[12:])) if len(code) == 13 else code


@lru_cache(maxsize=4096)
def spoken_time(at: str, language: str, timezone: ZoneInfo) -> str:
    """Selasa, 24 November 2026 pukul 09.00 WIB."""
    moment = datetime.fromisoformat(at).astimezone(timezone)
    text = format_datetime(moment, _DATE_TIME[language], tzinfo=timezone, locale=_LOCALES[language])
    # Babel knows WIB in Indonesian only; the zone's own abbreviation is the same in both languages.
    return f"{text} {moment.tzname()}"


def _time(field: str) -> ValueOf:
    def make(c: Context) -> str | None:
        at = c.data.get(field)
        return spoken_time(at, c.language, c.city.timezone) if isinstance(at, str) else None

    return ValueOf(make, (field,))


def _deadline(c: Context) -> str | None:
    due = c.data.get("due")
    return spoken_time(due["due_at"], c.language, c.city.timezone) if isinstance(due, Mapping) else None


def _unit(field: str) -> ValueOf:
    def make(c: Context) -> str | None:
        code = c.data.get(field)
        if not code:
            return None
        return one_line(c.names.units.get(code, {}).get(c.language) or _NEUTRAL_UNIT[c.language])

    return ValueOf(make, (field,))


def _service(c: Context) -> str:
    code = c.data.get("service_code", "")
    return one_line(c.names.services.get(code, {}).get(c.language) or _NEUTRAL_SERVICE[c.language])


def _word(words: str, field: str) -> ValueOf:
    return ValueOf(lambda c: c.city.word(words, c.data.get(field), c.language), (field,))


def _is(field: str, code: Any) -> ValueOf:
    return ValueOf(lambda c: c.data.get(field) == code, (field,), yes_no=True)


def _has(field: str) -> ValueOf:
    return ValueOf(lambda c: c.data.get(field) is not None, (field,), yes_no=True)


def _lower(value: ValueOf) -> ValueOf:
    def make(c: Context) -> str | None:
        text = value.make(c)
        return text[:1].lower() + text[1:] if isinstance(text, str) else None

    return ValueOf(make, value.needs)


def _greeting(c: Context) -> str:
    dear, nobody = _DEAR[c.language], _NOBODY[c.language]
    if not c.recipient.name:
        return f"{dear} {nobody}"
    return f"{dear} {nobody} {c.recipient.name}" if c.language == "id" else f"{dear} {c.recipient.name}"


def _link(c: Context) -> str | None:
    if c.recipient.audience == "staff":
        return f"{c.public_url}/petugas/{shown_code(c.code)}"
    # A reporter without a link of her own (served at a counter) can still ask with the code.
    return c.recipient.link or f"{c.public_url}/lacak"


def _text_of(field: str) -> ValueOf:
    def make(c: Context) -> str | None:
        value = c.data.get(field)
        return one_line(value) if value is not None else None

    return ValueOf(make, (field,))


def _ground(c: Context) -> str:
    fallback = {"id": "dijelaskan di halaman laporan Anda", "en": "explained on the page of your case"}
    return c.city.word("ground", c.data.get("ground"), c.language) or fallback[c.language]


_KIND = _word("kind", "kind")

VALUES: dict[str, ValueOf] = {
    normal_key(key): value
    for key, value in {
        "greeting": ValueOf(_greeting),
        "city": ValueOf(lambda c: c.city.name),
        "code": ValueOf(lambda c: shown_code(c.code), ("complaint_id",)),
        "link": ValueOf(_link, ("complaint_id",)),
        "public_url": ValueOf(lambda c: c.public_url),
        "service": ValueOf(_service, ("service_code",)),
        "kind": _KIND,
        "kind_lower": _lower(_KIND),
        "unit": _unit("unit"),
        "has_unit": _has("unit"),
        "from_unit": _unit("from_unit"),
        "target_unit": _unit("target_unit"),
        "has_due": _has("due"),
        "due": ValueOf(_deadline, ("due",)),
        "received": _time("received_at"),
        "deadline": _time("due_at"),
        "stage": _word("stage", "stage"),
        "stage_lower": _lower(_word("stage", "stage")),
        "waiting_until": _time("waiting_until"),
        "respond_by": _time("respond_by"),
        "granted": _is("outcome", "granted"),
        "partial": _is("outcome", "partial"),
        "refused": _is("outcome", "refused"),
        "outcome": _word("outcome", "outcome"),
        "ground": ValueOf(_ground, ("ground",)),
        "ground_text": ValueOf(
            lambda c: c.city.explanation("ground", c.data.get("ground"), c.language) or "", ("ground",)
        ),
        "referred_to": _text_of("referred_to"),
        "into": ValueOf(lambda c: shown_code(str(c.data["into"])) if c.data.get("into") else None, ("into",)),
        "bounces": _text_of("bounces"),
        "disputes": _text_of("disputes"),
        "level": _text_of("level"),
        "over_dispute": _is("cause", "disputed"),
        "over_deadline": _is("cause", "overdue"),
        "binding": _is("binding", True),
        "confidential": _is("confidential", True),
    }.items()
}


def values_for(keys: frozenset[str], context: Context) -> dict[str, Value]:
    """The values of these keys; one that has none is left out, so that the template can name it."""
    found: dict[str, Value] = {}
    for key in keys:
        value = VALUES[key].make(context) if key in VALUES else None
        if value is not None:
            found[key] = value
    return found
