"""Periods by their codes and days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.domain.periods import (
    HALF_YEAR,
    QUARTER,
    ROLLING_YEAR,
    YEAR,
    following,
    missing_between,
    parse,
    period_of,
    quarters_of,
)

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
kinds = st.sampled_from([QUARTER, HALF_YEAR, YEAR, ROLLING_YEAR])


@pytest.mark.parametrize(
    ("day", "kind", "code", "first", "last", "closes"),
    [
        (date(2026, 9, 30), QUARTER, "2026-Q3", "2026-07-01", "2026-09-30", "2026-10-16"),
        (date(2026, 10, 1), QUARTER, "2026-Q4", "2026-10-01", "2026-12-31", "2027-01-16"),
        (date(2026, 6, 30), HALF_YEAR, "2026-H1", "2026-01-01", "2026-06-30", "2026-07-16"),
        (date(2028, 2, 29), YEAR, "2028", "2028-01-01", "2028-12-31", "2029-01-16"),
        (date(2026, 2, 28), ROLLING_YEAR, "2026-Q1", "2026-01-01", "2026-03-31", "2026-04-16"),
    ],
)
def test_a_day_belongs_to_a_period(
    day: date, kind: str, code: str, first: str, last: str, closes: str
) -> None:
    period = period_of(day, kind, 16)

    found = (
        period.code,
        period.starts_on.isoformat(),
        period.ends_on.isoformat(),
        period.closes_on.isoformat(),
    )
    assert found == (code, first, last, closes)


@given(days, kinds)
def test_every_day_belongs_to_exactly_one_period(day: date, kind: str) -> None:
    period = period_of(day, kind, 16)

    assert period.holds(day)
    assert following(period, 16).starts_on == period.ends_on + timedelta(days=1)
    assert parse(period.code, 16) == period


def test_a_rolling_year_holds_its_four_quarters() -> None:
    year = parse("2026-Q3-R4", 16)

    assert (year.kind, year.starts_on, year.ends_on) == (ROLLING_YEAR, date(2025, 10, 1), date(2026, 9, 30))
    assert quarters_of("2026-Q3-R4") == ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]
    assert quarters_of("2026-Q4-R4") == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    assert quarters_of("2026-H1") == ["2026-H1"]


@pytest.mark.parametrize(
    "text", ["", "2026-Q5", "2026-H3", "26-Q1", "2026-R4", "2026-H1-R4", "2026-Q1 ", None]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not_a_period"):
        parse(text, 16)


def test_periods_missed_while_nobody_ran_are_found() -> None:
    found = list(missing_between(date(2026, 3, 31), date(2026, 11, 24), QUARTER, 16))

    assert [period.code for period in found] == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
