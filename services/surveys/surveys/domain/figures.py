"""The index (IKM) and the value of each element, exactly, from integers, with one rounding at the end.

PermenPANRB 14/2017: NRR_i = sum_i / n_i, NI = sum of NRR_i / x, IKM = 25 NI. The weight is exactly 1/x; the
printed 0.11 would make every index too low.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from surveys.domain.rounding import half_up

METHOD = "exact-1"
"""What stands beside every figure: exact 1/x weights, half up, two decimals, lower bounds."""
SCALE = (1, 2, 3, 4)
Scores = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ElementSum:
    """What is kept of one element: how often each score was given."""

    key: str
    counts: tuple[int, int, int, int]

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def total(self) -> int:
        return sum(score * count for score, count in zip(SCALE, self.counts, strict=True))

    @property
    def mean(self) -> Fraction | None:
        """NRR: divided by those who answered this element, never by all; None where nobody did."""
        return Fraction(self.total, self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything about a set of answers that follows from the answers alone."""

    n: int
    elements: tuple[ElementSum, ...]
    means: tuple[Fraction, ...]  # of each respondent, for the interval

    def element(self, key: str) -> ElementSum:
        return next(element for element in self.elements if element.key == key)

    @property
    def nilai(self) -> Fraction | None:
        """NI, between 1 and 4; None when an element has no answer: it is never re-weighted silently."""
        means = [element.mean for element in self.elements]
        known = [mean for mean in means if mean is not None]
        if not known or len(known) < len(means):
            return None
        return sum(known, Fraction(0)) / len(known)

    @property
    def exact_ikm(self) -> Fraction | None:
        nilai = self.nilai
        return None if nilai is None else 25 * nilai

    @property
    def ikm(self) -> Decimal | None:
        exact = self.exact_ikm
        return None if exact is None else half_up(exact, 2)

    @property
    def printed_011(self) -> Decimal | None:
        """What a report with the printed weight 0.11 would show for nine elements; for reconciling only."""
        nilai = self.nilai
        if nilai is None or len(self.elements) != 9:
            return None
        return half_up(nilai * Fraction(99, 100) * 25, 2)


def compute(keys: Sequence[str], answers: Iterable[Scores]) -> Figures:
    """Figures of answers to a questionnaire with these elements. A missing score counts nowhere.

    Raises ValueError for a score outside 1 to 4 or an element that the questionnaire does not have.
    """
    counts = {key: [0, 0, 0, 0] for key in keys}
    means: list[Fraction] = []
    for scores in answers:
        check_scores(scores, keys)
        for key, score in scores.items():
            counts[key][score - 1] += 1
        means.append(Fraction(sum(scores.values()), len(scores)))
    elements = tuple(ElementSum(key, (row[0], row[1], row[2], row[3])) for key, row in counts.items())
    return Figures(len(means), elements, tuple(means))


def check_scores(scores: Scores, keys: Sequence[str]) -> None:
    """Raises ValueError unless every score is 1, 2, 3 or 4 of a known element, and there is one at all."""
    if not scores:
        raise ValueError("no_answers")
    for key, score in scores.items():
        if key not in keys:
            raise ValueError("unknown_element")
        if isinstance(score, bool) or not isinstance(score, int) or score not in SCALE:
            raise ValueError("wrong_scale")


def lowest(figures: Figures, rank: Callable[[str], tuple[int, int]], most: int = 3) -> list[str]:
    """The elements to improve first: ascending mean, ties by exact fraction and then by `rank`."""
    known = [(element.mean, rank(element.key), element.key) for element in figures.elements if element.n]
    ordered = sorted(((mean, order, key) for mean, order, key in known if mean is not None))
    return [key for _, _, key in ordered[:most]]
