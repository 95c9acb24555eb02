from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.domain.periods import days_of, ends_within, quarter_of, quarters_within

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("code", "start", "end"),
    [
        ("2026-Q1", "2026-01-01", "2026-03-31"),
        ("2024-Q1", "2024-01-01", "2024-03-31"),
        ("2026-Q4", "2026-10-01", "2026-12-31"),
        ("2026-H1", "2026-01-01", "2026-06-30"),
        ("2026-H2", "2026-07-01", "2026-12-31"),
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026-Q3-R4", "2025-10-01", "2026-09-30"),
        ("2026-Q4-R4", "2026-01-01", "2026-12-31"),
        ("2024-Q1-R4", "2023-04-01", "2024-03-31"),
    ],
)
def test_a_period_has_its_days(code: str, start: str, end: str) -> None:
    assert days_of(code) == (date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize("code", ["", "2026-Q5", "2026-H3", "26-Q1", "2026-Q1-R3", "2026-q1", "0001"])
def test_what_is_no_period_has_none(code: str) -> None:
    assert days_of(code) is None
    assert not ends_within(code, date.min, date.max)


@given(DAYS)
def test_every_day_is_in_its_quarter(day: date) -> None:
    days = days_of(quarter_of(day))

    assert days is not None
    assert days[0] <= day <= days[1]
    assert quarter_of(days[1] + timedelta(days=1)) != quarter_of(day)


def test_evidence_belongs_to_the_span_in_which_its_period_ends() -> None:
    quarter = (date(2026, 7, 1), date(2026, 9, 30))

    assert ends_within("2026-Q3", *quarter)
    assert ends_within("2026-Q3-R4", *quarter)
    assert not ends_within("2026-H2", *quarter)
    assert not ends_within("2026-Q2", *quarter)
    assert quarters_within(date(2026, 1, 1), date(2026, 12, 31)) == [f"2026-Q{n}" for n in range(1, 5)]
    assert quarters_within(date(2026, 7, 1), date(2026, 7, 31)) == []
