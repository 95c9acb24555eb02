"""Shares with their Wilson 95 % interval (evaluation.md §6.2).

Never order people by the lower end: that puts whoever has few cases at the bottom.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from evaluation.domain.reliability import Z95


@dataclass(frozen=True, slots=True)
class Share:
    """`x` of `n` with the interval in which the true share plausibly lies."""

    x: int
    n: int
    value: Fraction
    low: float
    high: float


def wilson(x: int, n: int) -> Share | None:
    """The share x/n and its Wilson interval; None for n = 0. Raises ValueError unless 0 <= x <= n."""
    if not 0 <= x <= n:
        raise ValueError("a share needs 0 <= x <= n")
    if n == 0:
        return None
    p, z2 = x / n, Z95 * Z95
    centre = p + z2 / (2 * n)
    half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    low = 0.0 if x == 0 else (centre - half) / scale
    high = 1.0 if x == n else (centre + half) / scale
    return Share(x, n, Fraction(x, n), low, high)
