from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.complaints.factories import calendar, local

PLAIN = calendar()

moments = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=PLAIN.zone)
)


def test_the_day_of_receipt_is_day_zero_and_the_deadline_ends_at_closing_time() -> None:
    assert PLAIN.due_in_working_days(local(2, "09:00"), 3) == local(5, "16:00")


def test_what_comes_before_opening_counts_as_that_day() -> None:
    assert PLAIN.due_in_working_days(local(2, "05:00"), 1) == local(3, "16:00")


@pytest.mark.parametrize("arrival", [local(2, "16:00"), local(2, "23:59"), local(3, "07:00")])
def test_what_comes_after_closing_counts_from_the_next_working_day(arrival: datetime) -> None:
    assert PLAIN.due_in_working_days(arrival, 1) == local(4, "16:00")


def test_a_city_may_count_the_evening_to_its_day() -> None:
    lenient = calendar(receives_after_hours=True)

    assert lenient.due_in_working_days(local(2, "20:00"), 1) == local(3, "16:00")


@pytest.mark.parametrize("day", [6, 7, 8])
def test_a_weekend_is_jumped_over_and_never_day_zero(day: int) -> None:
    expected = local(9, "16:00") if day == 6 else local(10, "16:00")

    assert PLAIN.due_in_working_days(local(day, "10:00"), 1) == expected


def test_joint_leave_and_local_closures_are_no_working_days() -> None:
    closed = calendar((date(2026, 11, 3), date(2026, 11, 4)))

    assert closed.due_in_working_days(local(2), 1) == local(5, "16:00")


def test_a_day_off_on_a_weekend_changes_nothing() -> None:
    assert calendar((date(2026, 11, 7),)).due_in_working_days(local(6), 1) == local(9, "16:00")


def test_a_deadline_crosses_the_turn_of_the_year() -> None:
    closed = calendar((date(2026, 12, 31), date(2027, 1, 1)))

    assert closed.due_in_working_days(local(30, month=12), 1).astimezone(closed.zone).date() == date(
        2027, 1, 4
    )


def test_only_office_hours_count_as_working_minutes() -> None:
    assert PLAIN.working_minutes(local(2, "15:00"), local(3, "09:30")) == 60 + 90
    assert PLAIN.working_minutes(local(7, "00:00"), local(8, "23:00")) == 0
    assert PLAIN.working_minutes(local(3), local(2)) == 0


def test_minutes_are_counted_through_the_change_to_summer_time() -> None:
    from zoneinfo import ZoneInfo

    baltimore = calendar(zone=ZoneInfo("America/New_York"), weekdays=frozenset(range(7)))
    start = datetime(2026, 3, 7, 8, tzinfo=baltimore.zone)

    assert baltimore.working_minutes(start, start + timedelta(days=2)) == 2 * 480


def test_a_calendar_without_a_working_day_is_refused_instead_of_searched_for_ever() -> None:
    with pytest.raises(ValueError):
        calendar(weekdays=frozenset())
    never = calendar(tuple(date(2026, 1, 1) + timedelta(days=n) for n in range(5000)))
    with pytest.raises(ValueError):
        never.due_in_working_days(local(2), 1)


@given(start=moments, minutes=st.integers(0, 20_000))
def test_adding_working_minutes_and_counting_them_agree(start: datetime, minutes: int) -> None:
    assert PLAIN.working_minutes(start, PLAIN.add_working_minutes(start, minutes)) == minutes


@given(start=moments, days=st.integers(1, 80))
def test_every_deadline_ends_at_closing_time_of_a_later_working_day(start: datetime, days: int) -> None:
    due = PLAIN.due_in_working_days(start, days)

    assert due > start
    assert due == PLAIN.closing(PLAIN.local_day(due))
    assert PLAIN.is_working_day(PLAIN.local_day(due))
    assert sum(_is_working(start, due)) == days


def _is_working(start: datetime, due: datetime) -> list[bool]:
    """For each day after the day of receipt, up to and with that of the deadline."""
    zero, last = PLAIN.day_zero(start), PLAIN.local_day(due)
    return [PLAIN.is_working_day(zero + timedelta(days=n)) for n in range(1, (last - zero).days + 1)]


@given(a=moments, b=moments, c=moments)
def test_working_time_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    a, b, c = sorted((a, b, c))

    assert PLAIN.working_minutes(a, b) + PLAIN.working_minutes(b, c) == PLAIN.working_minutes(a, c)
