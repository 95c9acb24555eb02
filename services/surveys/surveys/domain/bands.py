"""Bands of service quality (mutu pelayanan), by version: an index of one table is never read by another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Band:
    """A letter and the lowest rounded index that earns it. The lowest band begins at 25."""

    letter: str
    lower: Decimal
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BandTable:
    """One version of the table. Lower bounds leave no gap, unlike the ranges the regulation prints."""

    version: str
    bands: tuple[Band, ...]  # best first
    effective_from: date
    effective_to: date | None = None

    def band(self, index: Decimal) -> Band:
        """The band of an index that was rounded to two decimals already."""
        for band in self.bands:
            if index >= band.lower:
                return band
        return self.bands[-1]

    def letter(self, index: Decimal) -> str:
        return self.band(index).letter

    def name(self, letter: str) -> Mapping[str, str]:
        return next(band.name for band in self.bands if band.letter == letter)


def table_on(tables: Sequence[BandTable], day: date) -> BandTable:
    """The table in force on a day; the newest one where several are. Raises LookupError before the first."""
    fitting = [
        table
        for table in tables
        if table.effective_from <= day and (table.effective_to is None or day <= table.effective_to)
    ]
    if not fitting:
        raise LookupError("no band table is in force on that day")
    return max(fitting, key=lambda table: table.effective_from)
