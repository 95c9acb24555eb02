"""Periods: their codes, their days, the one a date belongs to. All dates are days of the city's time zone.

2026-Q3 quarter · 2026-H2 half year · 2026 year · 2026-Q3-R4 the four quarters that end with 2026-Q3
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

QUARTER, HALF_YEAR, YEAR, ROLLING_YEAR = "quarter", "half_year", "year", "rolling_year"
KINDS = (QUARTER, HALF_YEAR, YEAR, ROLLING_YEAR)
DRAFT, OPEN, CLOSED, PUBLISHED, CORRECTED = "draft", "open", "closed", "published", "corrected"
SHOWN = (PUBLISHED, CORRECTED)

_CODE = re.compile(r"^(20\d\d)(?:-(Q[1-4]|H[12]))?(-R4)?$")
_MONTHS = {QUARTER: 3, HALF_YEAR: 6, YEAR: 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days with its code. `closes_on` is the last day on which it takes answers."""

    code: str
    kind: str
    starts_on: date
    ends_on: date
    closes_on: date

    def holds(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    @property
    def is_pooled(self) -> bool:
        """Made of other periods' answers; takes none itself."""
        return self.kind == ROLLING_YEAR


def collecting(kind: str) -> str:
    """The kind of period in which a unit of this kind collects answers: a rolling year pools quarters."""
    return QUARTER if kind == ROLLING_YEAR else kind


def period_of(day: date, kind: str, stays_open_days: int) -> Period:
    """The collecting period that a day belongs to."""
    kind = collecting(kind)
    months = _MONTHS[kind]
    number = (day.month - 1) // months
    starts_on = date(day.year, number * months + 1, 1)
    ends_on = _before_next(starts_on, months)
    label = {QUARTER: f"-Q{number + 1}", HALF_YEAR: f"-H{number + 1}", YEAR: ""}[kind]
    return Period(f"{day.year}{label}", kind, starts_on, ends_on, ends_on + timedelta(days=stays_open_days))


def following(period: Period, stays_open_days: int) -> Period:
    """The collecting period after this one."""
    return period_of(period.ends_on + timedelta(days=1), period.kind, stays_open_days)


def parse(code: str, stays_open_days: int) -> Period:
    """The period of a code. Raises ValueError for a text that is none."""
    match = _CODE.match(code) if isinstance(code, str) else None
    if match is None:
        raise ValueError("not_a_period")
    year, part, rolling = int(match[1]), match[2], match[3]
    if rolling:
        if part is None or not part.startswith("Q"):
            raise ValueError("not_a_period")
        return rolling_year(parse(f"{year}-{part}", stays_open_days))
    if part is None:
        return period_of(date(year, 1, 1), YEAR, stays_open_days)
    kind = QUARTER if part[0] == "Q" else HALF_YEAR
    return period_of(date(year, (int(part[1]) - 1) * _MONTHS[kind] + 1, 1), kind, stays_open_days)


def rolling_year(last: Period) -> Period:
    """The four quarters that end with this one."""
    starts_on = date(last.ends_on.year - 1, last.ends_on.month, 1)
    starts_on = _before_next(starts_on, 1) + timedelta(days=1)
    return Period(f"{last.code}-R4", ROLLING_YEAR, starts_on, last.ends_on, last.closes_on)


def quarters_of(code: str) -> list[str]:
    """The codes of the quarters that a rolling year pools, oldest first; the code itself for any other."""
    if not code.endswith("-R4"):
        return [code]
    year, number = int(code[:4]), int(code[6])
    places = [year * 4 + number - 1 - back for back in (3, 2, 1, 0)]
    return [f"{place // 4}-Q{place % 4 + 1}" for place in places]


def missing_between(first: date, last: date, kind: str, stays_open_days: int) -> Iterator[Period]:
    """Every collecting period that holds a day from `first` to `last`, oldest first."""
    period = period_of(first, kind, stays_open_days)
    while period.starts_on <= last:
        yield period
        period = following(period, stays_open_days)


def _before_next(starts_on: date, months: int) -> date:
    month = starts_on.month - 1 + months
    return date(starts_on.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
