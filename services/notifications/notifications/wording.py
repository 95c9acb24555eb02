"""The words of a message: codes as people read them, dates, names of units and services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from notifications.contacts import one_line
from notifications.domain.intents import Recipient
from notifications.domain.template import Value

LANGUAGES = ("id", "en")
_DATE = {"id": "EEEE, d MMMM y", "en": "EEEE, d MMMM y"}
_DATE_TIME = {"id": "EEEE, d MMMM y 'pukul' HH.mm", "en": "EEEE, d MMMM y 'at' HH:mm"}
_LOCALES = {"id": "id_ID", "en": "en_GB"}
_NEUTRAL_UNIT = {"id": "unit yang menangani", "en": "the responsible unit"}


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
    """Our own copies of the names of units, services and departments, and of their cities."""

    units: Mapping[str, Mapping[str, str]]
    services: Mapping[str, Mapping[str, str]]
    departments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cities: Mapping[str, str] = field(default_factory=dict)
    """The code of a city by the code of a service or unit."""

    def city_of(self, data: Mapping[str, Any]) -> str | None:
        """The city that an event is about, by its service or unit."""
        codes = [str(data.get(name)) for name in ("service_code", "unit")]
        return next((self.cities[code] for code in codes if code in self.cities), None)


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a value may be made from."""

    type: str
    data: Mapping[str, Any]
    recipient: Recipient
    city: City
    names: Names
    public_url: str
    stop_url: str | None = field(default=None, repr=False)

    @property
    def language(self) -> str:
        return self.recipient.language


@dataclass(frozen=True, slots=True)
class ValueOf:
    make: Callable[[Context], Value | None]
    needs: tuple[str, ...] = ()
    yes_no: bool = False
    """Whether it can decide about a conditional text."""


@lru_cache(maxsize=4096)
def spoken_time(at: str, language: str, timezone: ZoneInfo) -> str:
    """Selasa, 24 November 2026 pukul 09.00 WIB."""
    moment = datetime.fromisoformat(at).astimezone(timezone)
    text = format_datetime(moment, _DATE_TIME[language], tzinfo=timezone, locale=_LOCALES[language])
    # Babel knows WIB in Indonesian only; the zone's own abbreviation is the same in both languages.
    return f"{text} {moment.tzname()}"


def spoken_date(day: date, language: str) -> str:
    """Selasa, 24 November 2026."""
    return format_date(day, _DATE[language], locale=_LOCALES[language])


def spoken_period(code: str, language: str) -> str | None:
    """2026-Q3 as people say it; None for what is no period of a survey."""
    year, _, part = code.partition("-")
    part, _, rolling = part.partition("-")
    if language == "id":
        ordinal = {"1": "I", "2": "II", "3": "III", "4": "IV"}.get(part[1:], "")
        words = {"": f"tahun {year}", "Q": f"triwulan {ordinal} {year}", "H": f"semester {ordinal} {year}"}
        whole = "satu tahun sampai {}"
    else:
        ordinal = {"1": "first", "2": "second", "3": "third", "4": "fourth"}.get(part[1:], "")
        words = {"": f"the year {year}", "Q": f"the {ordinal} quarter of {year}"}
        words["H"] = f"the {ordinal} half of {year}"
        whole = "the four quarters up to {}"
    spoken = words.get(part[:1]) if year.isdigit() and bool(part) is bool(ordinal) else None
    return whole.format(spoken) if spoken and rolling else spoken


# How a value is made, for the list in `values`.


def time_of(name: str) -> ValueOf:
    def make(c: Context) -> str | None:
        at = c.data.get(name)
        return spoken_time(at, c.language, c.city.timezone) if isinstance(at, str) else None

    return ValueOf(make, (name,))


def day_of(name: str) -> ValueOf:
    """A field that holds a date."""

    def make(c: Context) -> str | None:
        day = c.data.get(name)
        return spoken_date(date.fromisoformat(day), c.language) if isinstance(day, str) else None

    return ValueOf(make, (name,))


def last_day_of(name: str) -> ValueOf:
    """The last day that is whole before a moment: what ends at midnight is open until the day before."""

    def make(c: Context) -> str | None:
        at = c.data.get(name)
        if not isinstance(at, str):
            return None
        moment = datetime.fromisoformat(at).astimezone(c.city.timezone) - timedelta(microseconds=1)
        return spoken_date(moment.date(), c.language)

    return ValueOf(make, (name,))


def period_of(name: str) -> ValueOf:
    """A period of a survey, by its code, or of an evaluation, by its first and last day."""

    def make(c: Context) -> str | None:
        period = c.data.get(name)
        if isinstance(period, Mapping):
            ends = [date.fromisoformat(period[end]) for end in ("start", "end")]
            days = [format_date(day, "d MMMM y", locale=_LOCALES[c.language]) for day in ends]
            return (" sampai " if c.language == "id" else " to ").join(days)
        return spoken_period(period, c.language) if isinstance(period, str) else None

    return ValueOf(make, (name,))


def unit_of(name: str) -> ValueOf:
    def make(c: Context) -> str | None:
        code = c.data.get(name)
        if not code:
            return None
        return one_line(c.names.units.get(code, {}).get(c.language) or _NEUTRAL_UNIT[c.language])

    return ValueOf(make, (name,))


def word_of(words: str, name: str) -> ValueOf:
    return ValueOf(lambda c: c.city.word(words, c.data.get(name), c.language), (name,))


def is_code(name: str, code: Any) -> ValueOf:
    return ValueOf(lambda c: c.data.get(name) == code, (name,), yes_no=True)


def lists_code(name: str, code: str) -> ValueOf:
    return ValueOf(lambda c: code in (c.data.get(name) or ()), (name,), yes_no=True)


def has(name: str) -> ValueOf:
    return ValueOf(lambda c: c.data.get(name) is not None, (name,), yes_no=True)


def lower(value: ValueOf) -> ValueOf:
    def make(c: Context) -> str | None:
        text = value.make(c)
        return text[:1].lower() + text[1:] if isinstance(text, str) else None

    return ValueOf(make, value.needs)


def text_of(name: str) -> ValueOf:
    def make(c: Context) -> str | None:
        value = c.data.get(name)
        return one_line(value) if value is not None else None

    return ValueOf(make, (name,))
