from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.domain.objections import CALENDAR, WORKING, last_day

WEEK = frozenset(range(5))


def test_fourteen_calendar_days_do_not_count_the_day_of_receipt() -> None:
    assert last_day(date(2026, 10, 5), 14, CALENDAR, WEEK, ()) == date(2026, 10, 19)


def test_working_days_leave_out_weekends_and_holidays() -> None:
    friday = date(2026, 10, 2)

    assert last_day(friday, 1, WORKING, WEEK, ()) == date(2026, 10, 5)
    assert last_day(friday, 1, WORKING, WEEK, {date(2026, 10, 5)}) == date(2026, 10, 6)
    assert last_day(friday, 14, WORKING, WEEK, ()) == date(2026, 10, 22)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(1, 60))
def test_a_working_deadline_is_a_working_day_and_never_before_the_calendar_one(day: date, days: int) -> None:
    until = last_day(day, days, WORKING, WEEK, ())

    assert until.weekday() in WEEK
    assert until >= last_day(day, days, CALENDAR, WEEK, ())
    between = (day + timedelta(days=n) for n in range(1, (until - day).days + 1))
    assert sum(one.weekday() in WEEK for one in between) == days


@pytest.mark.parametrize("mode", [CALENDAR, WORKING])
def test_no_days_end_on_the_day_itself(mode: str) -> None:
    assert last_day(date(2026, 10, 3), 0, mode, WEEK, ()) == date(2026, 10, 3)
