"""The city's rules as the service uses them: zone, calendar, and the versioned tables of its folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from evaluation.domain import reading_tables
from evaluation.domain.objections import last_day
from evaluation.domain.tables import (
    DistributionRules,
    JpTable,
    Policy,
    PredikatMatrix,
    Setting,
    in_force,
)
from servicekit.errors import ConfigurationError
from servicekit.yaml_files import read_yaml

T = TypeVar("T")


@dataclass(frozen=True)
class CityRules:
    """What a city has decided. Every figure comes from a file with source and date; none is in code."""

    zone: ZoneInfo
    weekdays: frozenset[int]
    days_off: DaysOff
    matrices: Sequence[PredikatMatrix]
    distributions: Sequence[DistributionRules]
    jp: JpTable
    settings: Sequence[Setting]
    sample: bool

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def policy(self, day: date) -> Policy:
        """The policy of a day; before the first one was decided, that first one."""
        return _policy(tuple(self.settings), max(day, _decided_on(tuple(self.settings))))

    def matrix(self, day: date) -> PredikatMatrix:
        """The matrix in force on the last day of the period that is rated."""
        found = in_force(self.matrices, day)
        if found is None:
            raise ConfigurationError("evaluation/matrix.yaml: no matrix applies on that day")
        return found

    def distribution(self, day: date) -> DistributionRules:
        found = in_force(self.distributions, day)
        if found is None:
            raise ConfigurationError("evaluation/distribution.yaml: no rules apply on that day")
        return found

    def object_until(self, received_on: date) -> date:
        """The last day on which a result received on a day may be objected to."""
        policy = self.policy(received_on)
        return last_day(
            received_on, policy.objection_days, policy.objection_counting, self.weekdays, self.days_off
        )


@lru_cache(maxsize=8)
def _decided_on(settings: tuple[Setting, ...]) -> date:
    """The first day on which every figure is decided."""
    first: dict[str, date] = {}
    for setting in settings:
        first[setting.key] = min(setting.valid_from, first.get(setting.key, date.max))
    return max(first.values(), default=date.min)


@lru_cache(maxsize=64)
def _policy(settings: tuple[Setting, ...], day: date) -> Policy:
    return reading_tables.policy_on(settings, day)


def load_city(city_dir: Path, *, sample: bool) -> CityRules:
    """Read a city's folder. Raises ConfigurationError naming the file and the place in it."""
    city = _yaml(city_dir / "city.yaml")
    calendar = _yaml(city_dir / "calendar.yaml")
    folder = city_dir / "evaluation"
    try:
        zone = ZoneInfo(city["timezone"])
        weekdays = frozenset(int(day) for day in city["office_hours"]["days"])
    except (KeyError, TypeError, ValueError, ZoneInfoNotFoundError):
        raise ConfigurationError("city.yaml: needs timezone and office_hours.days") from None
    rules = CityRules(
        zone=zone,
        weekdays=weekdays,
        days_off=DaysOff(calendar),
        matrices=_table(folder / "matrix.yaml", reading_tables.matrices),
        distributions=_table(folder / "distribution.yaml", reading_tables.distributions),
        jp=_table(folder / "jp_rules.yaml", reading_tables.jp_table),
        settings=_table(folder / "policy.yaml", reading_tables.settings),
        sample=sample,
    )
    try:
        rules.policy(date.today())  # not stored: whether every figure is there
    except reading_tables.BadTable as bad:
        raise ConfigurationError(f"evaluation/policy.yaml{bad.pointer}: {bad.why}") from None
    return rules


class DaysOff:
    """The country's holidays with the city's corrections, read only where somebody counts working days."""

    def __init__(self, calendar: Mapping[str, Any]) -> None:
        self._calendar = calendar
        self._known: dict[int, frozenset[date]] = {}
        self._overrides = {_day(row["date"]): bool(row["working"]) for row in calendar.get("overrides") or ()}

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        if day in self._overrides:
            return not self._overrides[day]
        if day.year not in self._known:
            self._known[day.year] = self._holidays(day.year)
        return day in self._known[day.year]

    def _holidays(self, year: int) -> frozenset[date]:
        # Large, and needed by cities that count working days alone.
        import holidays

        country = self._calendar["country"]
        categories = {"public"}
        if self._calendar.get("joint_leave"):
            # The library lists Indonesia's "cuti bersama" as days off of the government.
            supported = holidays.country_holidays(country).supported_categories
            categories |= {"government"} & set(supported)
        found = holidays.country_holidays(country, years=year, categories=tuple(sorted(categories)))
        return frozenset(found.keys())


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _table(path: Path, read: Callable[[object], T]) -> T:
    try:
        return read(_yaml(path))
    except reading_tables.BadTable as bad:
        raise ConfigurationError(f"{path.parent.name}/{path.name}{bad.pointer}: {bad.why}") from None


def _yaml(path: Path) -> Any:
    try:
        return read_yaml(path)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except yaml.YAMLError:
        raise ConfigurationError(f"{path}: is no YAML") from None
