"""Exact arithmetic on fractions, and the one rounding at the end."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

_DIGITS = 40


def rounded(value: Fraction, places: int) -> str:
    """The value with so many decimals, halves up, as it is published."""
    whole = (2 * value.numerator * 10**places + value.denominator) // (2 * value.denominator)
    sign, whole = ("-", -whole) if whole < 0 else ("", whole)
    digits = str(whole).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def root(value: Fraction) -> Fraction:
    """The square root, cut after forty decimals: far below anything that two decimals can show."""
    scale = 10**_DIGITS
    return Fraction(isqrt(value.numerator * scale**2 // value.denominator), scale)


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)
