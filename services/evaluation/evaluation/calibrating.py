"""For the calibration meeting: how the results of a unit are spread, and how raters rate. Nothing is moved.

Sources: SE MenPANRB 3/2023 (the pattern, as `distribution.yaml` has it), evaluation.md §6.5 (rater severity).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from evaluation.calls import not_permitted, read_day, read_text
from evaluation.city import CityRules
from evaluation.domain import severity
from evaluation.domain.access import Actor, Permissions, scopes
from evaluation.domain.distribution import check_distribution
from evaluation.domain.evaluations import RATINGS, Evaluation
from evaluation.domain.figures import plain
from evaluation.errors import invalid
from evaluation.store.evaluations import EvaluationStore


class Calibrating:
    def __init__(self, rows: EvaluationStore, city: CityRules, permissions: Permissions) -> None:
        self._rows = rows
        self._city = city
        self._permissions = permissions

    def organisation(self, value: Any, day: date) -> str | None:
        """The organisation's own predikat, if one is named. Raises NotValid for one the rules do not know."""
        if value is None:
            return None
        known = self._city.distribution(day).checks
        if not isinstance(value, str) or value not in known:
            raise invalid("/organisation", "unknown_value", f"Expected one of: {', '.join(known)}.")
        return value

    def warnings(self, evaluation: Evaluation) -> list[dict[str, Any]]:
        """What the circular expects of the unit's results, this one included. It moves nothing."""
        if evaluation.organisation is None or evaluation.predikat is None:
            return []
        counts = self._rows.predikat_counts(
            evaluation.unit, evaluation.start, evaluation.end, without=evaluation.id
        )
        counts[evaluation.predikat.key] = counts.get(evaluation.predikat.key, 0) + 1
        rules = self._city.distribution(evaluation.end)
        found = check_distribution(rules, evaluation.organisation, counts)
        return [asdict(warning) for warning in found.warnings]

    def distribution(
        self, actor: Actor, unit: Any, start: Any, end: Any, organisation: Any
    ) -> dict[str, Any]:
        """Whether a unit's results follow the circular's pattern: warnings, no more.

        Below the circular's minimum of people nothing is counted out, so that nobody's result can be told.
        HR sees for the calibration meeting how raters rate; the leader does not, since it names them.
        """
        found = scopes(self._permissions, actor, "distribution")
        if not found:
            raise not_permitted()
        code = read_text("unit", unit) or ""
        first, last = read_day("start", start), read_day("end", end)
        wanted = self.organisation(organisation, last)
        if wanted is None:
            raise invalid("/organisation", "required", "The organisation's own predikat is required.")
        counts = self._rows.predikat_counts(code, first, last)
        rules = self._city.distribution(last)
        check = check_distribution(rules, wanted, counts)
        return {
            "unit": code,
            "period": {"start": first.isoformat(), "end": last.isoformat()},
            "organisation": wanted,
            "status": check.status,
            "n": check.n if check.n >= rules.minimum_people else None,
            "n_shown": str(check.n) if check.n >= rules.minimum_people else f"<{rules.minimum_people}",
            "warnings": [asdict(warning) for warning in check.warnings],
            "basis": rules.basis,
            "rules_version": check.rules_version,
            "raters": self._raters(last) if "hr" in actor.roles else None,
        }

    def _raters(self, last: date) -> list[dict[str, Any]]:
        """How each rating officer rated in the year up to a day; null where he rated too few to say."""
        levels = {value: number for number, value in enumerate(RATINGS, 1)}
        given = [
            severity.Given(rater, person, {"results": levels[results], "behaviour": levels[behaviour]})
            for rater, person, results, behaviour in self._rows.given(last - timedelta(days=365), last)
        ]
        minimum = self._city.policy(last).minimum_shown
        shown = []
        for profile in severity.profiles(given):
            enough = profile.people >= minimum
            shown.append(
                {
                    "rater_ref": profile.rater,
                    "people_shown": str(profile.people) if enough else f"<{minimum}",
                    "severity": plain(profile.severity) if enough else None,
                    "spread": plain(profile.spread) if enough else None,
                    "halo": plain(profile.halo) if enough else None,
                    "reason": None if enough else "below_minimum_n",
                }
            )
        return shown
