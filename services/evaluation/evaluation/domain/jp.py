"""Converting a completed activity to JP by the rule in force on its last day (evaluation.md §7.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from evaluation.domain.figures import half_up
from evaluation.domain.tables import Certainty, JpRule, in_force

NATIONAL, INTERNATIONAL = "national", "international"
PROGRAMME, DAY, SESSION, ACTIVITY = "programme", "day", "session", "activity"

AWAITING_RULE = "awaiting_rule"

_MISSING = {PROGRAMME: "programme_jp_missing", DAY: "days_missing", SESSION: "sessions_missing"}


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
    return in_force([rule for rule in rules if (rule.form, rule.location) == (form, location)], day)


def convert(rules: Iterable[JpRule], activity: Activity, *, sample: bool = False) -> Conversion:
    """JP of the activity, rounded half-up once to whole JP. `sample`: sample data is loaded, so that rules
    marked `sample` count. Never a guess: without an enabled rule, or without what it counts, jp is None.
    Raises ValueError for a negative number of what is counted."""
    usable = [rule for rule in rules if sample or not rule.sample_only]
    rule = rule_for(usable, activity.form, activity.location, activity.end)
    if rule is None:
        return Conversion(None, None, None, False, "no_rule")
    example = rule.certainty is Certainty.EXAMPLE
    if not rule.enabled or rule.amount is None:
        return Conversion(None, rule.version, rule.certainty, example, "rule_disabled")
    counted = {
        PROGRAMME: activity.programme_jp,
        DAY: activity.days,
        SESSION: activity.sessions,
        ACTIVITY: 1,
    }[rule.per]
    if counted is None:
        return Conversion(None, rule.version, rule.certainty, example, _MISSING[rule.per])
    if counted < 0:
        raise ValueError("what a rule counts cannot be negative")
    jp = half_up(counted * rule.amount)
    return Conversion(jp.numerator, rule.version, rule.certainty, example, None)
