"""The formulas of evaluation.md once more, written from the page alone and from single answers.

Nothing of the service is imported. Everything is a fraction, roots are taken of fractions by integer
arithmetic to forty places, so that a disagreement is never one of rounding.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from math import isqrt

PLACES = 10**40
Z = Fraction(196, 100)
K = Fraction(34) * Fraction(3, 10) / Fraction(7, 10)


def root(value: Fraction) -> Fraction:
    return Fraction(isqrt(value.numerator * PLACES * PLACES // value.denominator), PLACES)


def mean(scores: list[int]) -> Fraction:
    return Fraction(sum(scores), len(scores))


def sum_of_squared_deviations(scores: list[int]) -> Fraction:
    middle = mean(scores)
    return sum(((score - middle) ** 2 for score in scores), Fraction(0))


def shrunk(scores: list[int], mu: Fraction, s: Fraction, k: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    n = len(scores)
    middle = Fraction(n, 1) / (n + k) * (mean(scores) if scores else 0) + k / (n + k) * mu
    half = Z * s * root(1 / (n + k))
    return middle, middle - half, middle + half


def bayes(people: list[list[int]]) -> dict[str, Fraction | None]:
    """Every quantity of §6.1, from each person's single answers."""
    people = [scores for scores in people if scores]
    everything = list(chain.from_iterable(people))
    big_n, j = len(everything), len(people)
    gm = mean(everything)
    ssw = sum((sum_of_squared_deviations(scores) for scores in people), Fraction(0))
    ssb = sum((len(scores) * (mean(scores) - gm) ** 2 for scores in people), Fraction(0))
    if big_n == j or j < 2:
        return {"gm": gm, "tau2": Fraction(0), "k": None}
    msw, msb = ssw / (big_n - j), ssb / (j - 1)
    n0 = (big_n - Fraction(sum(len(scores) ** 2 for scores in people), big_n)) / (j - 1)
    tau2 = max(Fraction(0), (msb - msw) / n0)
    return {
        "gm": gm,
        "ssw": ssw,
        "msw": msw,
        "ssb": ssb,
        "msb": msb,
        "n0": n0,
        "tau2": tau2,
        "k": msw / tau2 if tau2 else None,
    }


def wilson(x: int, n: int) -> tuple[Fraction, Fraction]:
    p = Fraction(x, n)
    half = Z * root(p * (1 - p) / n + Z**2 / (4 * n * n))
    return tuple((p + Z**2 / (2 * n) + sign * half) / (1 + Z**2 / n) for sign in (-1, 1))  # type: ignore[return-value]


def adjusted(own: dict[str, list[int]], city: dict[str, list[int]], overall: Fraction) -> Fraction:
    answers = list(chain.from_iterable(own.values()))
    expected = sum(
        (Fraction(len(scores), len(answers)) * mean(city[key]) for key, scores in own.items() if scores),
        Fraction(0),
    )
    return mean(answers) - expected + overall


def third_moments(n: int, total: int, squares: int) -> list[Fraction]:
    """The skewness of every way in which n answers from 1 to 4 can have this total and these squares."""
    found = []
    for ones in range(n + 1):
        for twos in range(n + 1 - ones):
            for threes in range(n + 1 - ones - twos):
                counts = (ones, twos, threes, n - ones - twos - threes)
                scores = [
                    score for score, often in zip((1, 2, 3, 4), counts, strict=True) for _ in range(often)
                ]
                if sum(scores) == total and sum(score * score for score in scores) == squares:
                    spread = sum_of_squared_deviations(scores) / n
                    if spread:
                        middle = mean(scores)
                        third = sum(((score - middle) ** 3 for score in scores), Fraction(0)) / n
                        found.append(third / (spread * root(spread)))
    return found
