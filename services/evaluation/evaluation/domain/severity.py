"""How a rater rates, for the calibration meeting (evaluation.md §6.5). Shown, never corrected silently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import sqrt

LEAST_PEOPLE_FOR_HALO = 3


@dataclass(frozen=True, slots=True)
class Given:
    """One rater's ratings of one person: each value or axis with its level, 1 (di_bawah) to 3 (di_atas)."""

    rater: str
    person: str
    levels: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RaterProfile:
    """Null means that it cannot be said, never 0.

    `severity`: own mean minus the mean of other raters on the same people, negative for a strict rater; None
    where nobody she rated was rated by somebody else too. `spread`: standard deviation of own person means,
    None for fewer than two people. `halo`: mean correlation between values across people, None for fewer than
    three people and where no two values vary.
    """

    rater: str
    people: int
    shared_people: int
    severity: Fraction | None
    spread: float | None
    halo: float | None


def profiles(given: Iterable[Given]) -> list[RaterProfile]:
    """One profile per rater, by name. Nothing about single people is in it.

    Several ratings of a person by the same rater are averaged first, so that she counts once.
    """
    levels: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in given:
        for value, level in one.levels.items():
            levels[one.rater, one.person][value].append(level)
    rated: dict[str, dict[str, dict[str, Fraction]]] = defaultdict(dict)
    for (rater, person), values in levels.items():
        rated[rater][person] = {value: _mean(found) for value, found in values.items()}
    return [_profile(rater, rated) for rater in sorted(rated)]


def _mean(values: Collection[int] | Collection[Fraction]) -> Fraction:
    return sum((Fraction(value) for value in values), Fraction(0)) / len(values)


def _profile(rater: str, rated: Mapping[str, Mapping[str, Mapping[str, Fraction]]]) -> RaterProfile:
    own = {person: _mean(values.values()) for person, values in rated[rater].items()}
    differences = []
    for person, mean in own.items():
        others = [
            _mean(who[person].values()) for name, who in rated.items() if name != rater and person in who
        ]
        if others:
            differences.append(mean - _mean(others))
    return RaterProfile(
        rater=rater,
        people=len(own),
        shared_people=len(differences),
        severity=_mean(differences) if differences else None,
        spread=_deviation(list(own.values())),
        halo=_halo(rated[rater]),
    )


def _deviation(values: Sequence[Fraction]) -> float | None:
    if len(values) < 2:
        return None
    mean = _mean(values)
    return sqrt(sum(((value - mean) ** 2 for value in values), Fraction(0)) / (len(values) - 1))


def _halo(people: Mapping[str, Mapping[str, Fraction]]) -> float | None:
    names = sorted({name for values in people.values() for name in values})
    found = [_correlation(one, other, people.values()) for one, other in combinations(names, 2)]
    known = [correlation for correlation in found if correlation is not None]
    return sum(known) / len(known) if known else None


def _correlation(one: str, other: str, people: Iterable[Mapping[str, Fraction]]) -> float | None:
    """None for fewer than three people who have both values: two points always lie on a line."""
    pairs = [(values[one], values[other]) for values in people if one in values and other in values]
    if len(pairs) < LEAST_PEOPLE_FOR_HALO:
        return None
    mean_x, mean_y = _mean([x for x, _ in pairs]), _mean([y for _, y in pairs])
    square_x = sum(((x - mean_x) ** 2 for x, _ in pairs), Fraction(0))
    square_y = sum(((y - mean_y) ** 2 for _, y in pairs), Fraction(0))
    if square_x == 0 or square_y == 0:
        return None
    product = sum(((x - mean_x) * (y - mean_y) for x, y in pairs), Fraction(0))
    return float(product) / sqrt(square_x * square_y)
