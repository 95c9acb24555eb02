"""Whether a training did anything: before and after, beside people who had none (evaluation.md §7.5).

Per course and unit, never per person. Whoever is chosen for a low figure rises anyway, so the simple change
is never given without the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from evaluation.domain.reliability import Z95, Sums
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
    """Difference in differences with its 95 % interval. Every group needs `minimum` answers.

    DiD = (after - before) - (comparison after - comparison before), SE = sqrt(sum of s^2 / n).
    """
    if before is None or after is None or min(before.n, after.n) < minimum:
        return _no_data("trained")
    if (
        comparison_before is None
        or comparison_after is None
        or min(comparison_before.n, comparison_after.n) < minimum
    ):
        return _no_data("comparison")
    change = after.mean - before.mean
    difference = change - (comparison_after.mean - comparison_before.mean)
    error = _error(before, after, comparison_before, comparison_after)
    interval = _around(difference, error)
    verdict = "better" if interval[0] > 0 else "worse" if interval[1] < 0 else "no_clear_effect"
    return Effect(
        verdict=verdict,
        reason=None,
        change=change,
        change_interval=_around(change, _error(before, after)),
        difference=difference,
        standard_error=error,
        interval=interval,
        explanation=Text(
            f"{_VERDICTS[verdict].id} {_REGRESSION.id}", f"{_VERDICTS[verdict].en} {_REGRESSION.en}"
        ),
    )


def _error(*groups: Group) -> float:
    return sqrt(sum((group.variance / group.n for group in groups), Fraction(0)))


def _around(value: Fraction, error: float) -> tuple[float, float]:
    return float(value) - Z95 * error, float(value) + Z95 * error


def _no_data(side: str) -> Effect:
    text = _NO_DATA[side]
    return Effect("no_data", side, None, None, None, None, None, text)


_VERDICTS = {
    "better": Text(
        "Penilaian warga naik lebih banyak daripada pada layanan serupa tanpa pelatihan ini.",
        "What citizens say rose more than for similar services without this training.",
    ),
    "worse": Text(
        "Penilaian warga naik lebih sedikit, atau turun lebih banyak, daripada pada layanan serupa tanpa "
        "pelatihan ini.",
        "What citizens say rose less, or fell more, than for similar services without this training.",
    ),
    "no_clear_effect": Text("Belum ada efek yang jelas.", "No clear effect yet."),
}
_REGRESSION = Text(
    "Angka yang rendah biasanya naik dengan sendirinya, karena itu perubahan selalu dibandingkan dengan "
    "kelompok tanpa pelatihan.",
    "A low figure usually rises by itself, so a change is always compared with a group without the training.",
)
_NO_DATA = {
    "trained": Text(
        "Jawaban sebelum atau sesudah pelatihan belum cukup.",
        "There are not enough answers from before or after the training.",
    ),
    "comparison": Text(
        "Belum ada cukup jawaban tentang layanan serupa tanpa pelatihan; perubahan saja tidak ditampilkan "
        "karena angka yang rendah biasanya naik dengan sendirinya.",
        "There are not enough answers about similar services without the training; the change alone is not "
        "shown, because a low figure usually rises by itself.",
    ),
}
