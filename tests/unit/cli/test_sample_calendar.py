from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanggap.sample import Calendar

JAKARTA = ZoneInfo("Asia/Jakarta")
BUNDLE = {
    "city": {"timezone": "Asia/Jakarta", "office_hours": {"days": [0, 1, 2, 3, 4]}},
    "calendar": {
        "country": "ID",
        "joint_leave": True,
        "overrides": [{"date": "2026-11-20", "name": "Hari jadi", "working": False, "source": "uji"}],
    },
}
CALENDAR = Calendar.of(BUNDLE, date(2026, 11, 24))


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
        (date(2026, 11, 24), -1, date(2026, 11, 23)),
        (date(2026, 11, 24), -2, date(2026, 11, 19)),  # over a weekend and the city's own day off
        (date(2026, 12, 24), 1, date(2026, 12, 28)),  # over Christmas
    ],
)
def test_only_working_days_count(start: date, days: int, end: date) -> None:
    assert CALENDAR.move(start, days) == end


@given(st.dates(date(2026, 1, 5), date(2027, 6, 1)), st.integers(1, 40))
def test_moving_there_and_back_ends_on_the_same_working_day(start: date, days: int) -> None:
    start = CALENDAR.move(start, 1)

    assert CALENDAR.move(CALENDAR.move(start, days), -days) == start


def test_a_clock_time_is_the_city_s() -> None:
    assert CALENDAR.at(date(2026, 11, 24), "08:30") == datetime(2026, 11, 24, 8, 30, tzinfo=JAKARTA)
