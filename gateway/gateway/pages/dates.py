"""Dates as people of the city read them: its own time zone, long forms, no order of numbers to guess."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

SHORT_ZONES = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


def parse(value: str | datetime) -> datetime:
    """Return an aware datetime; raises ValueError for anything that is none."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment


def local(value: str | datetime, zone: str) -> datetime:
    return parse(value).astimezone(ZoneInfo(zone))


def day(value: str | datetime, zone: str, language: str) -> str:
    """`Selasa, 24 November 2026`"""
    return format_date(local(value, zone).date(), "EEEE, d MMMM y", locale=language)


def plain_day(value: str | date, language: str) -> str:
    """`24 November 2026` from a date without a time; anything else unchanged."""
    try:
        found = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        return str(value)
    return format_date(found, "d MMMM y", locale=language)


def month(value: str, language: str) -> str:
    """`November 2026` from `2026-11`; anything else unchanged."""
    try:
        first = datetime.strptime(value, "%Y-%m")
    except ValueError:
        return value
    return format_date(first.date(), "MMMM y", locale=language)


def moment(value: str | datetime, zone: str, language: str) -> str:
    """`24 November 2026 pukul 09.14 WIB`"""
    pattern = "d MMMM y 'pukul' HH.mm" if language == "id" else "d MMMM y 'at' HH:mm"
    short = SHORT_ZONES.get(zone) or format_datetime(local(value, zone), "zzz", locale=language)
    return f"{format_datetime(local(value, zone), pattern, locale=language)} {short}"
