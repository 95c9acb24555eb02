"""The city's days, to place what a sample holds relative to the day of loading."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays


@dataclass(frozen=True)
class Calendar:
    """The city's working days, to place the sample's days relative to today."""

    timezone: ZoneInfo
    office_days: frozenset[int]
    days_off: frozenset[date]
    overrides: dict[date, bool]

    @classmethod
    def of(cls, bundle: dict[str, Any], today: date) -> "Calendar":
        rules, hours = bundle["calendar"], bundle["city"]["office_hours"]
        categories = ("public", "government") if rules.get("joint_leave") else ("public",)
        years = range(today.year - 1, today.year + 2)
        known = holidays.country_holidays(rules["country"], years=years, categories=categories)
        overrides = {as_date(row["date"]): bool(row["working"]) for row in rules.get("overrides") or []}
        zone = ZoneInfo(bundle["city"]["timezone"])
        return cls(zone, frozenset(hours["days"]), frozenset(known), overrides)

    def is_working(self, day: date) -> bool:
        return self.overrides.get(day, day.weekday() in self.office_days and day not in self.days_off)

    def move(self, day: date, working_days: int) -> date:
        """So many working days later, or earlier when negative; 0 is the day itself."""
        step = timedelta(days=1 if working_days > 0 else -1)
        left = abs(working_days)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def at(self, day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), self.timezone)


def as_date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


@dataclass(frozen=True)
class Quarter:
    """A quarter of a year, as periods of surveys are named."""

    code: str
    starts_on: date
    ends_on: date

    @classmethod
    def of(cls, today: date, away: int) -> "Quarter":
        """The quarter of a day, or so many before it when negative."""
        place = today.year * 4 + (today.month - 1) // 3 + away
        year, number = divmod(place, 4)
        following = divmod(place + 1, 4)
        starts_on = date(year, number * 3 + 1, 1)
        ends_on = date(following[0], following[1] * 3 + 1, 1) - timedelta(days=1)
        return cls(f"{year}-Q{number + 1}", starts_on, ends_on)

    def day(self, number: int, of: int, not_after: date) -> date:
        """The day of one of so many that are spread evenly over the quarter."""
        span = (self.ends_on - self.starts_on).days
        return min(self.starts_on + timedelta(days=span * number // max(of, 1)), not_after)
