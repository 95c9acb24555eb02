"""How a rater rates, for the calibration meeting (evaluation.md §6.5). Shown, never corrected silently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction


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
    where no person was rated by somebody else too. `spread`: standard deviation of own person means, None
    for fewer than two people. `halo`: mean correlation between values across people, None where no two
    values vary.
    """

    rater: str
    people: int
    shared_people: int
    severity: Fraction | None
    spread: float | None
    halo: float | None


def profiles(given: Iterable[Given]) -> list[RaterProfile]:
    """One profile per rater, by name. Nothing about single people is in it."""
    raise NotImplementedError
