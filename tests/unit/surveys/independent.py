"""The same figures, written again from the regulation and with other means, to compare with."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

TABLE = (("A", Decimal("88.31")), ("B", Decimal("76.61")), ("C", Decimal("65.00")))


def rounded(value: Fraction, places: str = "0.01") -> Decimal:
    with localcontext() as context:
        context.prec = 200
        # Exact: every value is checked at a hundred digits more than any half needs.
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(
            Decimal(places), rounding=ROUND_HALF_UP
        )


def index(keys: Sequence[str], answers: Sequence[Mapping[str, int]]) -> Fraction | None:
    total = Fraction(0)
    for key in keys:
        given = [answer[key] for answer in answers if key in answer]
        if not given:
            return None
        total += Fraction(sum(given), len(given)) * Fraction(1, len(keys))
    return total * 25


def letter(value: Decimal) -> str:
    for name, lower in TABLE:
        if value >= lower:
            return name
    return "D"


def interval(
    answers: Sequence[Mapping[str, int]], centre: Fraction, population: int | None
) -> tuple[Decimal, Decimal]:
    with localcontext() as context:
        context.prec = 60
        means = [Decimal(sum(a.values())) / Decimal(len(a)) for a in answers]
        n = Decimal(len(means))
        mean = sum(means) / n
        deviation = (sum((one - mean) ** 2 for one in means) / (n - 1)).sqrt()
        error = deviation / n.sqrt()
        if population:
            error *= max(1 - n / Decimal(population), Decimal(0)).sqrt()
        exact = Decimal(centre.numerator) / Decimal(centre.denominator)
        half = Decimal("1.96") * 25 * error
        low, high = max(exact - half, Decimal(25)), min(exact + half, Decimal(100))
    return (
        low.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP),
        high.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP),
    )
