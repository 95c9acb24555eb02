from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation import independent
from unit.evaluation.city_tables import policy

from evaluation.domain.figures import half_up, plain, spoken
from evaluation.domain.reliability import (
    Spread,
    Sums,
    bayes_of,
    empirical_bayes,
    reliability,
    shrink,
)

K = policy().shrinkage_k
MU = Fraction(330, 100)
A, B = [4, 4], [2, 2, 3]
C = [3, 4, 4, 3, 4, 4, 3, 4, 3, 4]
D = [3, 3, 3, 4, 3, 3, 2, 3, 3, 3, 3, 3]

answers = st.lists(st.integers(1, 4), max_size=30)


def with_mean(hundredths: int, n: int) -> Sums:
    """Sums whose mean is exactly so many hundredths; the squares do not matter here."""
    total = Fraction(hundredths * n, 100)
    assert total.denominator == 1
    return Sums(n, total.numerator, 0)


def test_k_is_what_makes_34_answers_reliable_to_seven_tenths() -> None:
    assert K == Fraction(102, 7) == independent.K
    assert plain(K, 3) == 14.571
    assert Fraction(34) / (34 + K) == Fraction(7, 10)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(5, 0.255), (10, 0.407), (15, 0.507), (20, 0.579), (30, 0.673), (34, 0.700), (50, 0.774), (100, 0.873)],
)
def test_reliability_grows_with_the_answers(n: int, expected: float) -> None:
    assert plain(reliability(n, K), 3) == expected


@pytest.mark.parametrize(
    ("hundredths", "n", "with_ten", "with_floor"),
    [(400, 2, 3.4167, 3.3845), (200, 3, 3.0, 3.0780), (360, 25, 3.5143, 3.4895), (310, 200, 3.1095, 3.1136)],
)
def test_a_mean_is_pulled_towards_the_peers(
    hundredths: int, n: int, with_ten: float, with_floor: float
) -> None:
    person = with_mean(hundredths, n)

    assert plain(shrink(person, MU, 0.7, Fraction(10)).mean, 4) == with_ten
    assert plain(shrink(person, MU, 0.7, K).mean, 4) == with_floor


def test_the_interval_decides_as_the_reference_does() -> None:
    few = shrink(with_mean(275, 12), MU, 0.7, K)
    many = shrink(with_mean(290, 40), MU, 0.7, K)

    assert (plain(few.mean, 3), plain(few.low, 3), plain(few.high, 3)) == (3.052, 2.785, 3.318)
    assert few.high > MU
    assert (plain(many.mean, 3), plain(many.low, 3), plain(many.high, 3)) == (3.007, 2.821, 3.193)
    assert many.high < MU


def test_empirical_bayes_gives_the_worked_example() -> None:
    found = empirical_bayes([Sums.of(scores) for scores in (A, B, C, D)])

    assert found is not None
    assert (found.people, found.n) == (4, 27)
    assert plain(found.grand_mean, 4) == 3.2222
    assert plain(found.msw, 4) == 0.2203
    assert plain(found.msb, 4) == 1.8667
    assert plain(found.n0, 4) == 5.8272
    assert plain(found.tau2, 4) == 0.2825
    assert plain(found.k, 4) == 0.7797


@pytest.mark.parametrize(
    ("scores", "mean", "own", "shrunk", "own_floor", "shrunk_floor"),
    [
        (A, 4.0000, 0.7195, 3.7818, 0.1207, 3.3161),
        (B, 2.3333, 0.7937, 2.5167, 0.1707, 3.0705),
        (C, 3.6000, 0.9277, 3.5727, 0.4070, 3.3760),
        (D, 3.0000, 0.9390, 3.0136, 0.4516, 3.1219),
    ],
)
def test_each_person_of_the_example(
    scores: list[int], mean: float, own: float, shrunk: float, own_floor: float, shrunk_floor: float
) -> None:
    found = empirical_bayes([Sums.of(people) for people in (A, B, C, D)])
    assert found is not None and found.k is not None
    person = Sums.of(scores)

    assert plain(person.mean, 4) == mean
    assert plain(reliability(person.n, found.k), 4) == own
    assert plain(shrink(person, found.grand_mean, 0.5, found.k).mean, 4) == shrunk
    assert plain(reliability(person.n, K), 4) == own_floor
    assert plain(shrink(person, found.grand_mean, 0.5, K).mean, 4) == shrunk_floor


@pytest.mark.parametrize(
    "people",
    [
        [[3, 4, 3], [4, 3, 3]],
        [[4], [2], [3]],
        [[1, 2, 4]],
    ],
    ids=["no spread between them", "one answer each", "one person"],
)
def test_where_no_difference_is_measured_everybody_equals_the_mean(people: list[list[int]]) -> None:
    found = empirical_bayes([Sums.of(scores) for scores in people])

    assert found is not None
    assert found.k is None
    assert not found.measures_a_difference


def test_without_answers_there_is_nothing_and_not_zero() -> None:
    assert Sums().mean is None
    assert Sums().variance is None
    assert Sums.of([3]).variance is None
    assert empirical_bayes([]) is None
    assert empirical_bayes([Sums(), Sums()]) is None
    assert shrink(Sums(), MU, 0.7, K).mean == MU


@given(st.lists(answers, min_size=1, max_size=9))
def test_empirical_bayes_agrees_with_the_page(people: list[list[int]]) -> None:
    found = empirical_bayes([Sums.of(scores) for scores in people])

    if not any(people):
        assert found is None
        return
    expected = independent.bayes(people)
    assert found is not None
    assert found.grand_mean == expected["gm"]
    assert found.tau2 == expected["tau2"]
    assert found.k == expected["k"]
    if expected["k"] is not None:
        assert (found.msw, found.msb, found.n0) == (expected["msw"], expected["msb"], expected["n0"])


@given(st.lists(answers, min_size=1, max_size=9))
def test_the_totals_alone_say_as_much_as_the_list(people: list[list[int]]) -> None:
    listed = [Sums.of(scores) for scores in people]
    counted = sum(1 for one in listed if one.n)

    assert bayes_of(sum(listed, Sums()), counted, Spread.of(listed)) == empirical_bayes(listed)


@given(answers, st.fractions(1, 4, max_denominator=50), st.fractions(0, 2, max_denominator=50))
def test_shrinkage_agrees_with_the_page(scores: list[int], mu: Fraction, s: Fraction) -> None:
    found = shrink(Sums.of(scores), mu, float(s), K)
    middle, low, high = independent.shrunk(scores, mu, s, independent.K)

    assert found.mean == middle
    assert found.low == pytest.approx(float(low), abs=1e-9)
    assert found.high == pytest.approx(float(high), abs=1e-9)


@given(answers)
def test_the_variance_agrees_with_single_answers(scores: list[int]) -> None:
    found = Sums.of(scores).variance

    if len(scores) < 2:
        assert found is None
    else:
        assert found == independent.sum_of_squared_deviations(scores) / (len(scores) - 1)


def test_rounding_is_half_up_on_both_sides_of_zero() -> None:
    assert half_up(Fraction(5, 2)) == 3
    assert half_up(Fraction(-5, 2)) == -2
    assert half_up(Fraction(64995, 1000), 2) == 65
    assert half_up(Fraction(64994, 1000), 2) == Fraction(6499, 100)
    assert plain(None) is None
    assert spoken(Fraction(33, 10), comma=",") == "3,30"
