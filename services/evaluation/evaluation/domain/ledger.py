"""A year of the JP ledger: what is verified, what is missing, what overlaps (evaluation.md §7.1).

The ledger is append-only. A correction is an entry that names the one it reverses: both stay, neither
counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

CLAIMED, VERIFIED, REJECTED, REVERSED = "claimed", "verified", "rejected", "reversed"
AWAITING_RULE = "awaiting_rule"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as far as it counts. `reverses` is set on a reversing entry alone."""

    entry_id: str
    form: str
    start: date
    end: date
    jp: int | None
    status: str
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class MixPart:
    """One part of the learning mix. `share` is None while nothing is verified; `expected` is in per cent."""

    jp: int
    share: Fraction | None
    expected: int | None


@dataclass(frozen=True, slots=True)
class Year:
    """`gap` is never below 0. `awaiting` counts entries that no enabled rule converts yet."""

    year: int
    target: int
    verified: int
    gap: int
    claimed: int
    awaiting: int
    overlapping: frozenset[str]
    mix: Mapping[str, MixPart]


def year_of(line: Line) -> int:
    """The year an entry belongs to: that of its last day."""
    return line.end.year


def status_of(line: Line, lines: Iterable[Line]) -> str:
    """The status to show: `reversed` for a reversing entry and for the one it reverses."""
    raise NotImplementedError


def overlapping(lines: Iterable[Line]) -> frozenset[str]:
    """Entries whose days overlap another's; rejected and reversed ones overlap nothing."""
    raise NotImplementedError


def year_total(
    lines: Iterable[Line],
    year: int,
    duty: int,
    mix_of: Mapping[str, str],
    expected_mix: Mapping[str, int],
) -> Year:
    """Sum up a year. Only verified entries with a JP count. Order and repetition of lines change nothing.

    `mix_of` says to which part a form belongs (`JpTable.forms`); a form it does not know counts as `other`.
    """
    raise NotImplementedError
