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
OTHER = "other"


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
    if line.reverses is not None or line.entry_id in _reversed(lines):
        return REVERSED
    return line.status


def _reversed(lines: Iterable[Line]) -> frozenset[str]:
    return frozenset(line.reverses for line in lines if line.reverses is not None)


def _standing(lines: Iterable[Line]) -> list[Line]:
    """Entries that are neither reversed nor a reversal, once each."""
    once = {line.entry_id: line for line in lines}
    gone = _reversed(once.values())
    return [
        line
        for entry_id, line in sorted(once.items())
        if line.reverses is None and entry_id not in gone and line.status != REVERSED
    ]


def overlapping(lines: Iterable[Line]) -> frozenset[str]:
    """Entries whose days overlap another's; rejected and reversed ones overlap nothing."""
    standing = sorted((line for line in _standing(lines) if line.status != REJECTED), key=lambda x: x.start)
    found: set[str] = set()
    latest: Line | None = None
    for line in standing:
        if latest is not None and line.start <= latest.end:
            found |= {latest.entry_id, line.entry_id}
        if latest is None or line.end > latest.end:
            latest = line
    return frozenset(found)


def year_total(
    lines: Iterable[Line],
    year: int,
    duty: int,
    mix_of: Mapping[str, str],
    expected_mix: Mapping[str, int],
) -> Year:
    """Sum up a year. Only verified entries with a JP count. Order and repetition of lines change nothing.

    `mix_of` says to which part a form belongs (`JpTable.forms`); a form it does not know counts as `other`.
    Overlaps are looked for among all lines, so that an activity over New Year is found.
    """
    listed = list(lines)
    standing = [line for line in _standing(listed) if year_of(line) == year]
    counted = [(line, line.jp) for line in standing if line.status == VERIFIED and line.jp is not None]
    verified = sum(jp for _, jp in counted)
    parts = dict.fromkeys(expected_mix, 0)
    for line, jp in counted:
        part = mix_of.get(line.form, OTHER)
        parts[part] = parts.get(part, 0) + jp
    mine = {line.entry_id for line in standing}
    return Year(
        year=year,
        target=duty,
        verified=verified,
        gap=max(0, duty - verified),
        claimed=sum(line.jp or 0 for line in standing if line.status == CLAIMED),
        awaiting=sum(1 for line in standing if line.status == AWAITING_RULE),
        overlapping=frozenset(overlapping(listed) & mine),
        mix={
            part: MixPart(jp, Fraction(jp, verified) if verified else None, expected_mix.get(part))
            for part, jp in parts.items()
        },
    )
