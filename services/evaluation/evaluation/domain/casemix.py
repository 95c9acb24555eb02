"""Allowing for the cases a person got (evaluation.md §6.3).

Strata are what the person does not control: outcome, service, channel, overdue on arrival. A stratum is a
tuple of codes; how it is built is the caller's, as long as own and city strata are built alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

Key = tuple[str | None, ...]

SURVEY_SCALE = (Fraction(1), Fraction(4))
SHARE_SCALE = (Fraction(0), Fraction(1))


@dataclass(frozen=True, slots=True)
class Cell:
    """Answers in one stratum: how many, and their total."""

    n: int
    total: int


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A person's figure as it would be with the city's mix of cases.

    `value` is the raw figure where `adjusted` is False (`not_adjusted` in what is shown): a stratum of
    hers has too few answers in the city, named in `thin`. `clamped` says that the scale ended before the
    figure did. `own_share` is the part of the expected value that is made of her own answers: whoever
    compares must allow for it. `n` is how many answers the figure rests on: those whose stratum was told.
    """

    value: Fraction
    raw: Fraction
    expected: Fraction | None
    adjusted: bool
    clamped: bool
    own_share: Fraction
    n: int
    thin: tuple[Key, ...] = ()


def adjust(
    own: Mapping[Key, Cell],
    city: Mapping[Key, Cell],
    overall: Fraction,
    minimum: int,
    scale: tuple[Fraction, Fraction] = SURVEY_SCALE,
) -> Adjusted | None:
    """adj = raw - expected + overall, cut at the scale; None without own answers.

    `city` has the totals of everybody, the person included; a stratum counts from `minimum` answers.
    `overall` is the mean of everybody the person is compared with. Raises ValueError where the city has
    fewer answers in a stratum than the person alone.
    """
    mine = {key: cell for key, cell in own.items() if cell.n}
    n = sum(cell.n for cell in mine.values())
    if n == 0:
        return None
    raw = Fraction(sum(cell.total for cell in mine.values()), n)
    nobody = Cell(0, 0)
    thin = tuple(sorted((key for key in mine if city.get(key, nobody).n < minimum), key=repr))
    if thin:
        return Adjusted(raw, raw, None, False, False, Fraction(0), n, thin)
    expected = own_share = Fraction(0)
    for key, cell in mine.items():
        everybody = city[key]
        if everybody.n < cell.n:
            raise ValueError("the city's stratum does not contain the person's answers")
        expected += Fraction(cell.n, n) * Fraction(everybody.total, everybody.n)
        own_share += Fraction(cell.n, n) * Fraction(cell.n, everybody.n)
    value = raw - expected + overall
    lowest, highest = scale
    cut = min(max(value, lowest), highest)
    return Adjusted(cut, raw, expected, True, cut != value, own_share, n)
