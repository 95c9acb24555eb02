"""Whether a training did anything: before and after, beside people who had none (evaluation.md §7.5).

Per course and unit, never per person. Whoever is chosen for a low figure rises anyway, so the simple change
is never given without the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from evaluation.domain.reliability import Sums
from evaluation.domain.tables import Text


@dataclass(frozen=True, slots=True)
class Group:
    """A group's answers in one period. `variance` is the sample variance of single answers."""

    n: int
    mean: Fraction
    variance: Fraction

    @classmethod
    def of(cls, sums: Sums) -> Group | None:
        """None for fewer than two answers."""
        mean, variance = sums.mean, sums.variance
        return None if mean is None or variance is None else cls(sums.n, mean, variance)


@dataclass(frozen=True, slots=True)
class Effect:
    """`verdict` is better, worse, no_clear_effect or no_data; with no_data every figure is None and
    `reason` says which side lacks answers: trained or comparison."""

    verdict: str
    reason: str | None
    change: Fraction | None
    change_interval: tuple[float, float] | None
    difference: Fraction | None
    standard_error: float | None
    interval: tuple[float, float] | None
    explanation: Text


def effect(
    before: Group | None,
    after: Group | None,
    comparison_before: Group | None,
    comparison_after: Group | None,
    minimum: int,
) -> Effect:
    """Difference in differences with its 95 % interval. Every group needs `minimum` answers."""
    raise NotImplementedError
