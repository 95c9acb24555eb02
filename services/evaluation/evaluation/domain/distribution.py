"""Whether a unit's predikats follow the pattern a circular expects (evaluation.md §5).

Warnings, never more: no predikat is moved. Integers only, so that exactly 70 per cent is not over 70.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.domain.tables import DistributionRules


@dataclass(frozen=True, slots=True)
class Warned:
    """One limit that is not kept. `limit` is readable: `70 %` or `1`."""

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

    Raises ValueError for an organisation's predikat or a key the rules do not know, or a negative count.
    """
    raise NotImplementedError
