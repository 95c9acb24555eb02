"""Working days and office hours.

A deadline of n working days ends at closing time of the n-th working day after the day of receipt,
which is day 0. What arrives after closing, or on a day off, is received on the next working day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_SEARCH_LIMIT_DAYS = 3660


@dataclass(frozen=True)
class WorkingCalendar:
    """Office hours of a city with its days off. Joint leave and local closures are in `days_off`.

    `receives_after_hours` is the city's policy for what arrives after closing: False moves it to the
    next working day.
    """

    zone: ZoneInfo
    weekdays: frozenset[int]
    opens: time
    closes: time
    days_off: frozenset[date] = field(default=frozenset(), repr=False)
    receives_after_hours: bool = False

    def __post_init__(self) -> None:
        if not self.weekdays or self.opens >= self.closes:
            raise ValueError("a working calendar needs a working day and opening before closing")

    def is_working_day(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.days_off

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def opening(self, day: date) -> datetime:
        return datetime.combine(day, self.opens, self.zone).astimezone(UTC)

    def closing(self, day: date) -> datetime:
        return datetime.combine(day, self.closes, self.zone).astimezone(UTC)

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)

    def day_zero(self, at: datetime) -> date:
        """The working day on which something that arrives at `at` counts as received."""
        local = at.astimezone(self.zone)
        day = local.date()
        if self.is_working_day(day) and (self.receives_after_hours or local.time() < self.closes):
            return day
        return self.working_day_after(day, 1)

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; before it when `count` is negative."""
        step = _DAY if count > 0 else -_DAY
        left = abs(count)
        for _ in range(_SEARCH_LIMIT_DAYS):
            if left == 0:
                return day
            day += step
            if self.is_working_day(day):
                left -= 1
        raise ValueError("the calendar has no working day within ten years")

    def due_in_working_days(self, start: datetime, count: int) -> datetime:
        return _closing_after(self, self.day_zero(start), count)

    def working_minutes(self, start: datetime, end: datetime) -> int:
        """Whole office minutes between two moments; 0 when `end` is not after `start`."""
        return self.working_time(start, end) // _MINUTE

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        if end <= start:
            return timedelta(0)
        day, last = self.local_day(start), self.local_day(end)
        total = timedelta(0)
        while day <= last:
            if self.is_working_day(day):
                total += max(min(end, self.closing(day)) - max(start, self.opening(day)), timedelta(0))
            day += _DAY
        return total

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime:
        """The moment at which `minutes` of office time have passed since `start`."""
        left = timedelta(minutes=minutes)
        day = self.local_day(start)
        for _ in range(_SEARCH_LIMIT_DAYS):
            if self.is_working_day(day):
                begin = max(start, self.opening(day))
                available = self.closing(day) - begin
                if available >= left and available >= timedelta(0):
                    return begin + left
                left -= max(available, timedelta(0))
            day += _DAY
        raise ValueError("the calendar has no working day within ten years")


@lru_cache(maxsize=4096)
def _closing_after(calendar: WorkingCalendar, day: date, count: int) -> datetime:
    return calendar.closing(calendar.working_day_after(day, count))
