"""Period codes, and the days they stand for in the city's zone.

`2026-Q3`, `2026-H2`, `2026`, and `2026-Q3-R4`: the four quarters that end with 2026-Q3.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_CODE = re.compile(r"^(\d{4})(?:-(?:Q([1-4])(-R4)?|H([12])))?$")


def quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def days_of(code: str) -> tuple[date, date] | None:
    """The first and the last day of a period; None for a text that is no period code."""
    match = _CODE.match(code)
    if match is None:
        return None
    year, quarter, rolling, half = match.groups()
    number = int(year)
    if not 1900 <= number <= 9000:
        return None
    if quarter is not None:
        start = date(number, int(quarter) * 3 - 2, 1)
        end = _month_end(date(number, int(quarter) * 3, 1))
        if rolling:
            start = end + timedelta(days=1)
            start = start.replace(year=start.year - 1)
        return start, end
    if half is not None:
        last = int(half) * 6
        return date(number, last - 5, 1), _month_end(date(number, last, 1))
    return date(number, 1, 1), date(number, 12, 31)


def _month_end(day: date) -> date:
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=1)


def ends_within(code: str, start: date, end: date) -> bool:
    """Whether a period's last day lies in the span: its evidence belongs to that span and to no other."""
    days = days_of(code)
    return days is not None and start <= days[1] <= end


def quarters_within(start: date, end: date) -> list[str]:
    """The quarters whose last day lies in the span, oldest first."""
    found = []
    day = start
    while day <= end:
        code = quarter_of(day)
        days = days_of(code)
        if days is None:
            break
        if days[1] <= end:
            found.append(code)
        day = days[1] + timedelta(days=1)
    return found
