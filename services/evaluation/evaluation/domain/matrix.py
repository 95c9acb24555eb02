"""From two ratings to a predikat, through the versioned matrix (evaluation.md §4).

No number stands behind a predikat, and nothing fills a missing axis in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evaluation.domain.tables import PredikatMatrix, Text
from evaluation.errors import Fault, NotValid


class Level(StrEnum):
    BELOW = "di_bawah"
    AS_EXPECTED = "sesuai"
    ABOVE = "di_atas"


class RatingIncomplete(NotValid):
    """An axis has no rating; `missing` names it. The faults point at `/results` and `/behaviour`."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            [
                Fault(f"/{axis}", "rating_incomplete", "Rate this axis: without it there is no predikat.")
                for axis in missing
            ]
        )
        self.missing = tuple(missing)


@dataclass(frozen=True, slots=True)
class Predikat:
    key: str
    label: Text
    matrix_version: str


def predikat(matrix: PredikatMatrix, results: str | None, behaviour: str | None) -> Predikat:
    """The predikat of two ratings. Raises RatingIncomplete; ValueError for a level that does not exist."""
    if not results or not behaviour:
        raise RatingIncomplete([n for n, v in (("results", results), ("behaviour", behaviour)) if not v])
    key = matrix.cells[Level(results).value, Level(behaviour).value]
    return Predikat(key, matrix.labels[key], matrix.version)
