"""Converting a completed activity to JP by the rule in force on its last day (evaluation.md §7.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from evaluation.domain.tables import Certainty, JpRule

NATIONAL, INTERNATIONAL = "national", "international"
PROGRAMME, DAY, SESSION, ACTIVITY = "programme", "day", "session", "activity"

AWAITING_RULE = "awaiting_rule"


@dataclass(frozen=True, slots=True)
class Activity:
    """What counts of a training. `end` is the city's date; the year of the ledger is its year."""

    form: str
    end: date
    location: str = NATIONAL
    days: int | None = None
    sessions: int | None = None
    programme_jp: int | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """`jp` is None unless an enabled rule gave it; `reason` then says why:
    no_rule, rule_disabled, days_missing, sessions_missing or programme_jp_missing."""

    jp: int | None
    rule_version: str | None
    certainty: Certainty | None
    example: bool
    reason: str | None

    @property
    def awaiting_rule(self) -> bool:
        return self.reason in ("no_rule", "rule_disabled")


def rule_for(rules: Iterable[JpRule], form: str, location: str, day: date) -> JpRule | None:
    """The newest rule for the form and location that applies on `day`, enabled or not."""
    raise NotImplementedError


def convert(rules: Iterable[JpRule], activity: Activity, *, sample: bool = False) -> Conversion:
    """JP of the activity, rounded half-up once to whole JP. `sample`: sample data is loaded, so that rules
    marked `sample` count. Never a guess: without an enabled rule, or without what it counts, jp is None."""
    raise NotImplementedError
