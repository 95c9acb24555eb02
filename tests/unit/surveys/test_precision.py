"""Sample target, interval, trend."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.surveys import independent
from unit.surveys.test_figures import KEYS, answers_of

from surveys.city import City
from surveys.domain.bands import BandTable
from surveys.domain.figures import compute
from surveys.domain.precision import (
    DOWN,
    NOT_COMPARABLE,
    UNCLEAR,
    UP,
    compare,
    interval,
    sample_target,
    standard_error,
)
from surveys.domain.rounding import half_up, root

TARGETS = (
    "10:10 15:14 20:19 25:24 30:28 40:36 50:44 60:52 75:63 80:66 100:80 120:92 150:108 200:132 250:152 "
    "300:169 400:196 500:217 600:234 700:248 800:260 900:269 1000:278 1200:291 1500:306 2000:322 2500:333 "
    "3000:341 4000:351 5000:357 7500:365 10000:370 15000:375 20000:377 50000:381 "
    "75000:382 100000:383 1000000:384"
)
SUMS = [27, 28, 29, 29, 30, 30, 31, 31, 31, 32, 32, 32, 33, 33, 33, 34, 34, 35, 36, 36]


@pytest.mark.parametrize("row", TARGETS.split())
def test_the_sample_target_follows_krejcie_and_morgan(row: str) -> None:
    population, target = row.split(":")

    assert sample_target(int(population)) == int(target)


def test_nobody_served_gives_no_target() -> None:
    assert sample_target(0) is None
    assert sample_target(None) is None


@given(st.integers(1, 2_000_000))
def test_a_target_is_never_more_than_the_population(population: int) -> None:
    target = sample_target(population)

    assert target is not None
    assert 1 <= target <= population


@pytest.fixture
def table(city: City) -> BandTable:
    return city.table("permenpanrb-14-2017")


@pytest.mark.parametrize(
    ("population", "low", "high"),
    [(60, "85.82", "90.84"), (25, "86.96", "89.71"), (None, "85.26", "91.41")],
)
def test_the_interval_of_the_reference(table: BandTable, population: int | None, low: str, high: str) -> None:
    means = [Fraction(total, 9) for total in SUMS]
    exact = Fraction(636, 9 * 20) * 25

    found = interval(exact, standard_error(means, population))

    assert str(half_up(exact, 2)) == "88.33"
    assert found is not None
    assert (str(found.low), str(found.high)) == (low, high)
    assert table.letter(found.low) != table.letter(found.high)


@given(answers_of.filter(lambda answers: len(answers) > 1), st.none() | st.integers(40, 4000))
def test_the_interval_equals_an_independent_implementation(
    answers: list[dict[str, int]], population: int | None
) -> None:
    figures = compute(KEYS, answers)
    if figures.exact_ikm is None:
        return

    found = interval(figures.exact_ikm, standard_error(figures.means, population))

    assert found is not None
    assert (found.low, found.high) == independent.interval(answers, figures.exact_ikm, population)


def test_one_respondent_has_no_interval() -> None:
    assert standard_error([Fraction(3)], None) is None
    assert interval(Fraction(75), None) is None


def test_everybody_asked_leaves_no_error_of_sampling() -> None:
    assert standard_error([Fraction(3), Fraction(4)], 2) == 0


def error_of(n: int, population: int, deviation: str) -> Fraction:
    return 25 * Fraction(deviation) * root(Fraction(1, n) * (1 - Fraction(n, population)))


def test_the_trend_of_the_reference() -> None:
    errors = (error_of(70, 120, "0.35"), error_of(62, 100, "0.40"))

    found = compare(Decimal("86.20"), Decimal("83.56"), errors, comparable=True, alert_below=Decimal(-5))

    assert str(half_up(root(errors[0] ** 2 + errors[1] ** 2), 3)) == "1.034"
    assert (str(found.change), found.verdict, found.alert) == ("-2.64", DOWN, False)
    assert found.interval is not None
    assert (str(found.interval.low), str(found.interval.high)) == ("-4.67", "-0.61")


@pytest.mark.parametrize(("after", "alert"), [("81.20", False), ("81.19", True)])
def test_a_fall_of_exactly_the_threshold_does_not_alert(after: str, alert: bool) -> None:
    errors = (Fraction(1), Fraction(1))

    found = compare(Decimal("86.20"), Decimal(after), errors, comparable=True, alert_below=Decimal(-5))

    assert found.alert is alert


def test_a_change_within_its_interval_is_not_clear() -> None:
    errors = (Fraction(1), Fraction(1))
    compared = [
        compare(Decimal("80.00"), Decimal(after), errors, comparable=True, alert_below=Decimal(-5)).verdict
        for after in ("82.00", "83.00", "78.00", "77.00")
    ]

    assert compared == [UNCLEAR, UP, UNCLEAR, DOWN]


def test_other_questionnaires_or_tables_are_not_compared() -> None:
    found = compare(
        Decimal("86.20"), Decimal("60.00"), (None, None), comparable=False, alert_below=Decimal(-5)
    )

    assert (found.change, found.verdict, found.alert) == (None, NOT_COMPARABLE, False)
