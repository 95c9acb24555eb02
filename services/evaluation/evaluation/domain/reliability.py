"""How much a mean of few answers says: reliability, shrinkage, empirical Bayes (evaluation.md §6.1).

Sums and counts are integers and means are fractions; a float appears only where a root is taken.
Nothing here is rounded: `figures.py` rounds once, where a figure leaves the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

Z95 = 1.96
"""The half-width of a 95 % interval in standard errors, as the reference uses it."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Answers as three integers: how many, their total and the total of their squares."""

    n: int = 0
    total: int = 0
    squares: int = 0

    @classmethod
    def of(cls, scores: Iterable[int]) -> Sums:
        listed = list(scores)
        return cls(len(listed), sum(listed), sum(score * score for score in listed))

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> Fraction | None:
        """None without answers, never 0."""
        return Fraction(self.total, self.n) if self.n else None

    @property
    def within(self) -> Fraction:
        """The sum of squared deviations from the own mean; 0 without answers."""
        return Fraction(self.n * self.squares - self.total * self.total, self.n) if self.n else Fraction(0)

    @property
    def variance(self) -> Fraction | None:
        """The sample variance (divided by n - 1); None for fewer than two answers."""
        return self.within / (self.n - 1) if self.n > 1 else None


def reliability(n: int, k: Fraction) -> float:
    """G(n) = n / (n + k): the share of what n answers show that is the person and not chance."""
    return float(n / (n + k))


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A mean pulled towards the peers' mean, with its 95 % interval."""

    mean: Fraction
    low: float
    high: float


def shrink(person: Sums, peer_mean: Fraction, pooled_sd: float, k: Fraction) -> Shrunk:
    """m* = (n m + k mu) / (n + k), with the interval m* +- 1.96 s / sqrt(n + k).

    `peer_mean` is the mean of the whole peer group, the person included; without answers the result is
    that mean. The ends are not cut at the scale.
    """
    return shrink_mean(person.n, person.mean or Fraction(0), peer_mean, pooled_sd, k)


def shrink_mean(n: int, mean: Fraction, peer_mean: Fraction, pooled_sd: float, k: Fraction) -> Shrunk:
    """The same for a mean that is not the plain one of the answers, such as an adjusted value."""
    weight = n + k
    shrunk = (n * mean + k * peer_mean) / weight
    half = Z95 * pooled_sd / sqrt(weight)
    return Shrunk(shrunk, float(shrunk) - half, float(shrunk) + half)


@dataclass(frozen=True, slots=True)
class Bayes:
    """What J people's sums say about the differences between them.

    `k` is None where no difference is measured (tau2 = 0, or fewer than two people, or one answer each):
    then everybody equals `grand_mean` and nobody is ranked.
    """

    people: int
    n: int
    grand_mean: Fraction
    msw: Fraction | None
    msb: Fraction | None
    n0: Fraction | None
    tau2: Fraction
    k: Fraction | None

    @property
    def measures_a_difference(self) -> bool:
        return self.tau2 > 0


@dataclass(frozen=True, slots=True)
class Spread:
    """The two totals over people that, beside the sums of all, empirical Bayes needs.

    `means` is the sum over people of total^2 / n, `n_squared` the sum of n^2. They name nobody.
    """

    means: Fraction
    n_squared: int

    @classmethod
    def of(cls, people: Iterable[Sums]) -> Spread:
        counted = [person for person in people if person.n]
        means = sum((Fraction(p.total * p.total, p.n) for p in counted), Fraction(0))
        return cls(means, sum(p.n * p.n for p in counted))


def empirical_bayes(people: Sequence[Sums]) -> Bayes | None:
    """Estimate k from people's sums; None when nobody has an answer. People without answers do not count."""
    counted = [person for person in people if person.n]
    return bayes_of(sum(counted, Sums()), len(counted), Spread.of(counted))


def bayes_of(everybody: Sums, people: int, spread: Spread) -> Bayes | None:
    """The same from the totals alone, so that no list of people has to travel."""
    n = everybody.n
    if n == 0:
        return None
    grand_mean = Fraction(everybody.total, n)
    msw = (everybody.squares - spread.means) / (n - people) if n > people else None
    if people < 2 or msw is None:
        return Bayes(people, n, grand_mean, msw, None, None, Fraction(0), None)
    msb = (spread.means - Fraction(everybody.total * everybody.total, n)) / (people - 1)
    n0 = (n - Fraction(spread.n_squared, n)) / (people - 1)
    tau2 = max(Fraction(0), (msb - msw) / n0)
    return Bayes(people, n, grand_mean, msw, msb, n0, tau2, msw / tau2 if tau2 else None)
