"""How sure a figure is: sample target, interval, whether a change is more than noise (surveys.md §6, §13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from surveys.domain.rounding import half_up, half_up_integer, root

_CHI, _P, _D = Fraction(3841, 1000), Fraction(1, 2), Fraction(1, 20)
_Z = Fraction(196, 100)
_LOWEST, _HIGHEST = Fraction(25), Fraction(100)
UP, DOWN, UNCLEAR, NOT_COMPARABLE = "up", "down", "no_clear_change", "not_comparable"


def sample_target(population: int | None) -> int | None:
    """Krejcie and Morgan, rounded half up; None where nobody was served or the number is unknown."""
    if not population or population < 1:
        return None
    spread = _CHI * _P * (1 - _P)
    return half_up_integer(spread * population / (_D**2 * (population - 1) + spread))


def standard_error(means: Sequence[Fraction], population: int | None) -> Fraction | None:
    """Of the index, on its scale of 25 to 100; None for fewer than two respondents.

    From the respondents' own means, sample deviation, with the correction for a known finite population.
    Describes the error of sampling alone: who did not want to answer is not in it.
    """
    n = len(means)
    if n < 2:
        return None
    centre = sum(means, Fraction(0)) / n
    variance = sum(((mean - centre) ** 2 for mean in means), Fraction(0)) / (n - 1)
    share = 1 - Fraction(n, population) if population else Fraction(1)
    return 25 * root(variance / n * max(share, Fraction(0)))


@dataclass(frozen=True, slots=True)
class Interval:
    low: Decimal
    high: Decimal


def interval(exact_ikm: Fraction, error: Fraction | None) -> Interval | None:
    """The 95 % interval of an index, within 25 and 100; None where the error is unknown."""
    if error is None:
        return None
    low = max(exact_ikm - _Z * error, _LOWEST)
    high = min(exact_ikm + _Z * error, _HIGHEST)
    return Interval(half_up(low, 2), half_up(high, 2))


@dataclass(frozen=True, slots=True)
class Change:
    """From one period to the next. `alert` tells of a fall that somebody has to look at."""

    change: Decimal | None
    interval: Interval | None
    verdict: str
    alert: bool


def compare(
    before: Decimal,
    after: Decimal,
    errors: tuple[Fraction | None, Fraction | None],
    *,
    comparable: bool,
    alert_below: Decimal,
) -> Change:
    """The change of the published index. Strict: a fall of exactly the threshold does not alert.

    Without both errors, or with 0 inside the 95 % interval of the difference, there is no clear change.
    Periods of different questionnaires or band tables are not compared.
    """
    if not comparable:
        return Change(None, None, NOT_COMPARABLE, alert=False)
    change = after - before
    alert = change < alert_below
    first, second = errors
    if first is None or second is None:
        return Change(change, None, UNCLEAR, alert)
    spread = _Z * root(first**2 + second**2)
    low, high = Fraction(change) - spread, Fraction(change) + spread
    verdict = UP if low > 0 else DOWN if high < 0 else UNCLEAR
    return Change(change, Interval(half_up(low, 2), half_up(high, 2)), verdict, alert)
