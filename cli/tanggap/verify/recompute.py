"""The figures of a set of answers: PermenPANRB 14/2017 with exact weights (surveys.md §4, §6, §13).

NRR of an element = sum / number of those who answered it     NI = mean of the NRR     IKM = 25 NI
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tanggap.errors import CliError
from tanggap.verify.exact import mean, root, rounded
from tanggap.verify.tables import Element, Tables

SCORES = (1, 2, 3, 4)
NORMAL_95 = Fraction(196, 100)
CHI_SQUARE, SHARE, MARGIN = Fraction("3.841"), Fraction(1, 2), Fraction(1, 20)
MOST_LOWEST = 3
COMPLAINTS = "pengaduan"


@dataclass(frozen=True)
class Recomputed:
    """What follows from the answers. `scores` are those of each respondent, by element."""

    elements: list[Element]
    scores: list[Mapping[str, int]]
    tables: Tables
    band_version: str

    @property
    def n(self) -> int:
        return len(self.scores)

    def given(self, key: str) -> list[int]:
        """Every score that an element was given."""
        return [scores[key] for scores in self.scores if key in scores]

    def nrr(self, key: str) -> Fraction | None:
        given = self.given(key)
        return Fraction(sum(given), len(given)) if given else None

    @property
    def nilai(self) -> Fraction | None:
        values = [self.nrr(element.key) for element in self.elements]
        known = [value for value in values if value is not None]
        return mean(known) if known and len(known) == len(values) else None

    @property
    def ikm(self) -> str | None:
        return None if self.nilai is None else rounded(25 * self.nilai, 2)

    @property
    def printed_011(self) -> str | None:
        """With the printed weight 0.11 for each of nine elements, as old reports have it."""
        if self.nilai is None or len(self.elements) != 9:
            return None
        return rounded(self.nilai * 9 * Fraction("0.11") * 25, 2)

    def letter(self, index: str) -> str:
        return self.tables.letter(self.band_version, Fraction(index))

    @property
    def lowest(self) -> list[str]:
        """The three to improve first; of equal ones complaint handling goes first, then the list's order."""
        ranked = [
            (value, element.key != COMPLAINTS, element.order, element.key)
            for element in self.elements
            if (value := self.nrr(element.key)) is not None
        ]
        return [row[-1] for row in sorted(ranked)[:MOST_LOWEST]]

    def interval(self, population: int | None) -> tuple[str, str] | None:
        """95 %, from the respondents' own means, corrected for a known population, within 25 and 100."""
        if self.nilai is None or self.n < 2:
            return None
        own = [Fraction(sum(scores.values()), len(scores)) for scores in self.scores]
        centre = mean(own)
        variance = sum(((value - centre) ** 2 for value in own), Fraction(0)) / (self.n - 1)
        left = max(1 - Fraction(self.n, population), Fraction(0)) if population else Fraction(1)
        spread = NORMAL_95 * 25 * root(variance * left / self.n)
        ikm = 25 * self.nilai
        return rounded(max(ikm - spread, Fraction(25)), 2), rounded(min(ikm + spread, Fraction(100)), 2)

    def reasons(self, minimum: int, element_minimum: int) -> list[str]:
        """Why no index may be shown; empty when it may."""
        numbers = [len(self.given(element.key)) for element in self.elements]
        found = ["below_minimum_n"] if self.n < minimum else []
        if any(number == 0 for number in numbers):
            found.append("element_without_answers")
        if any(0 < number < element_minimum for number in numbers):
            found.append("element_below_minimum")
        return found


def sample_target(population: int | None) -> int | None:
    """Krejcie and Morgan, halves up."""
    if not population:
        return None
    spread = CHI_SQUARE * SHARE * (1 - SHARE)
    return int(rounded(spread * population / (MARGIN**2 * (population - 1) + spread), 0))


def recompute(
    answers: Iterable[Mapping[str, Any]], questionnaire: str, band_version: str, tables: Tables
) -> Recomputed:
    """Raises CliError for an answer that is on another scale, has an unknown element, or none at all."""
    elements = tables.elements(questionnaire)
    keys = {element.key for element in elements}
    scores = []
    for answer in answers:
        given = answer["scores"]
        if not given or not keys >= given.keys() or any(type(s) is not int for s in given.values()):
            raise CliError(f"Answer {answer['id']} does not fit the questionnaire {questionnaire}.")
        if any(score not in SCORES for score in given.values()):
            raise CliError(f"Answer {answer['id']} is not on the scale of 1 to 4.")
        scores.append(given)
    return Recomputed(elements, scores, tables, band_version)
