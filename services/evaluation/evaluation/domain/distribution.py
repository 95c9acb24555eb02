"""Whether a unit's predikats follow the pattern a circular expects (evaluation.md §5).

Warnings, never more: no predikat is moved. Integers only, so that exactly 70 per cent is not over 70.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.domain.tables import Check, DistributionRules

OK, WARNINGS, NOT_APPLICABLE = "ok", "warnings", "not_applicable"


@dataclass(frozen=True, slots=True)
class Warned:
    """One limit that is not kept. `limit` is readable: `<= 70 %`, `>= 1` or `largest`."""

    code: str
    group: str
    count: int
    n: int
    limit: str
    basis: str
    severity: str = "warning"


@dataclass(frozen=True, slots=True)
class DistributionCheck:
    """`status` is ok, warnings or not_applicable (too few people for a pattern)."""

    status: str
    n: int
    warnings: tuple[Warned, ...]
    rules_version: str


def check_distribution(
    rules: DistributionRules, organisation: str, counts: Mapping[str, int]
) -> DistributionCheck:
    """Compare counts by predikat key with the pattern of the organisation's predikat.

    Keys that no check names are people of the unit all the same and count in n. Raises ValueError for an
    organisation's predikat that the rules do not know, and for a negative count.
    """
    if organisation not in rules.checks:
        raise ValueError("the rules do not know this predikat of an organisation")
    if any(count < 0 for count in counts.values()):
        raise ValueError("a count cannot be negative")
    n = sum(counts.values())
    if n < rules.minimum_people:
        return DistributionCheck(NOT_APPLICABLE, n, (), rules.version)
    found = [
        Warned(check.code, "+".join(check.groups), _count(check, counts), n, _limit(check), rules.basis)
        for check in rules.checks[organisation]
        if check.enabled and not _kept(check, counts, n)
    ]
    return DistributionCheck(WARNINGS if found else OK, n, tuple(found), rules.version)


def _count(check: Check, counts: Mapping[str, int]) -> int:
    return sum(counts.get(group, 0) for group in check.groups)


def _kept(check: Check, counts: Mapping[str, int], n: int) -> bool:
    count = _count(check, counts)
    if check.at_most_percent is not None:
        return 100 * count <= check.at_most_percent * n
    if check.at_least_percent is not None:
        return 100 * count >= check.at_least_percent * n
    if check.at_most_count is not None:
        return count <= check.at_most_count
    if check.at_least_count is not None:
        return count >= check.at_least_count
    return all(count >= other for group, other in counts.items() if group not in check.groups)


def _limit(check: Check) -> str:
    for sign, percent in (("<=", check.at_most_percent), (">=", check.at_least_percent)):
        if percent is not None:
            return f"{sign} {percent} %"
    for sign, number in (("<=", check.at_most_count), (">=", check.at_least_count)):
        if number is not None:
            return f"{sign} {number}"
    return "largest"
