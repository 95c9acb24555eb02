"""Rounding, once, where a figure leaves the service: half-up, never half-even."""

from __future__ import annotations

from fractions import Fraction
from math import floor


def half_up(value: Fraction | float | int, places: int = 0) -> Fraction:
    """The exact value rounded half-up (towards plus infinity on a tie)."""
    scale = 10**places
    return Fraction(floor(Fraction(value) * scale + Fraction(1, 2)), scale)


def plain(value: Fraction | float | int | None, places: int = 2) -> float | None:
    """A figure for JSON: rounded half-up, or null where there is none."""
    return None if value is None else float(half_up(value, places))


def spoken(value: Fraction | float | int, places: int = 2, comma: str = ".") -> str:
    """A figure for a sentence, with all its places: `3.30`, in Indonesian `3,30`."""
    return f"{float(half_up(value, places)):.{places}f}".replace(".", comma)
