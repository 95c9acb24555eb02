"""What keeps figures from being published, and what has to be said beside them (surveys.md §6, §13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from surveys.domain.figures import Figures

PERIOD_OPEN = "period_open"
NOT_PUBLISHED = "period_closed_not_published"
BELOW_MINIMUM = "below_minimum_n"
ELEMENT_BELOW_MINIMUM = "element_below_minimum"
ELEMENT_WITHOUT_ANSWERS = "element_without_answers"
REVEALS_SMALL = "reveals_small_period"
NO_PLAN = "no_improvement_plan"
BELOW_TARGET = "below_sample_target"
BAND_UNSURE = "band_unsure"
POPULATION_UNKNOWN = "population_unknown"
ASSISTED_HIGH = "assisted_share_high"
SELF_SELECTED = "self_selected"
YEAR_INCOMPLETE = "rolling_year_incomplete"
ASSISTED = "assisted"


@dataclass(frozen=True, slots=True)
class Guards:
    """Minimums of one period; they are the policy's of the day on which it was opened."""

    minimum_n: int
    minimum_element_n: int
    minimum_cell: int
    assisted_share: Fraction


def missing(figures: Figures, guards: Guards) -> list[str]:
    """Why the index may not be shown; empty when it may. A single element missing hides the index too."""
    reasons = []
    if figures.n < guards.minimum_n:
        reasons.append(BELOW_MINIMUM)
    if any(element.n == 0 for element in figures.elements):
        reasons.append(ELEMENT_WITHOUT_ANSWERS)
    if any(0 < element.n < guards.minimum_element_n for element in figures.elements):
        reasons.append(ELEMENT_BELOW_MINIMUM)
    return reasons


def shown_number(n: int, minimum: int) -> str:
    """The number of answers as it may be shown: exact, or that it is under the minimum."""
    return str(n) if n >= minimum else f"<{minimum}"


def cautions(
    *,
    n: int,
    target: int | None,
    band_certain: bool | None,
    population: int | None,
    modes: Mapping[str, int],
    guards: Guards,
) -> list[str]:
    """What a reader has to know about figures that are shown. None of them blocks a publication."""
    found = []
    if population is None:
        found.append(POPULATION_UNKNOWN)
    if target is not None and n < target:
        found.append(BELOW_TARGET)
    if band_certain is False:
        found.append(BAND_UNSURE)
    share = assisted_share(modes)
    if share is not None and share > guards.assisted_share:
        found.append(ASSISTED_HIGH)
    # Whoever answers chose to: the interval knows nothing of those who did not.
    found.append(SELF_SELECTED)
    return found


def assisted_share(modes: Mapping[str, int]) -> Fraction | None:
    """The part of the answers that an officer typed."""
    total = sum(modes.values())
    return Fraction(modes.get(ASSISTED, 0), total) if total else None
