"""The one rounding: half up, from exact fractions. Never a binary float, never an intermediate rounding."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

_DIGITS = 50


def half_up(value: Fraction, places: int) -> Decimal:
    """The value rounded half up (towards plus infinity at the half) to a number of decimal places."""
    scaled = value * 10**places + Fraction(1, 2)
    return Decimal(scaled.numerator // scaled.denominator).scaleb(-places)


def half_up_integer(value: Fraction) -> int:
    shifted = value + Fraction(1, 2)
    return shifted.numerator // shifted.denominator


def root(value: Fraction) -> Fraction:
    """The square root to fifty digits, as a fraction, so that what follows stays exact arithmetic."""
    with localcontext() as context:
        context.prec = _DIGITS
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())


def as_text(value: Decimal, places: int) -> str:
    """With exactly that many decimals, as figures are published and hashed."""
    return f"{value:.{places}f}"
