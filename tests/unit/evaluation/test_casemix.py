from fractions import Fraction
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation import independent
from unit.evaluation.city_tables import policy

from evaluation.domain.casemix import SHARE_SCALE, Cell, adjust
from evaluation.domain.figures import plain
from evaluation.domain.reliability import shrink_mean

MINIMUM = policy().stratum_minimum
K = policy().shrinkage_k


def test_whoever_gets_the_refusals_is_not_the_worst() -> None:
    # 8 refused with mean 2.40 and 2 granted with 3.60, in fifths of a point to stay whole.
    own = {("refused",): Cell(8, 96), ("granted",): Cell(2, 36)}
    city = {("refused",): Cell(50, 550), ("granted",): Cell(40, 700)}
    scale = (Fraction(5), Fraction(20))

    found = adjust(own, city, Fraction(324, 20), MINIMUM, scale)

    assert found is not None
    assert found.raw / 5 == Fraction(264, 100)
    assert found.expected is not None and found.expected / 5 == Fraction(246, 100)
    assert found.value / 5 == Fraction(342, 100)
    assert found.adjusted and not found.clamped


def test_the_adjusted_value_is_shrunk_like_any_other() -> None:
    mean = shrink_mean(10, Fraction(342, 100), Fraction(324, 100), 0.7, K).mean

    assert plain(mean, 4) == 3.3133


def test_on_time_allows_for_complex_cases() -> None:
    own = {("simple",): Cell(30, 28), ("complex",): Cell(20, 13)}
    city = {("simple",): Cell(200, 180), ("complex",): Cell(100, 60)}

    found = adjust(own, city, Fraction(8, 10), MINIMUM, SHARE_SCALE)

    assert found is not None
    assert (found.raw, found.expected, found.value) == (
        Fraction(82, 100),
        Fraction(78, 100),
        Fraction(84, 100),
    )


@pytest.mark.parametrize(("city_n", "is_adjusted"), [(29, False), (30, True)])
def test_a_stratum_needs_thirty_answers_in_the_city(city_n: int, is_adjusted: bool) -> None:
    own = {("a",): Cell(10, 30), ("b",): Cell(5, 10)}
    city = {("a",): Cell(100, 300), ("b",): Cell(city_n, 2 * city_n)}

    found = adjust(own, city, Fraction(3), MINIMUM)

    assert found is not None
    assert found.adjusted is is_adjusted
    assert found.thin == (() if is_adjusted else (("b",),))
    if not is_adjusted:
        assert found.value == found.raw == Fraction(40, 15)
        assert found.expected is None


def test_an_adjusted_value_stays_on_the_scale_and_says_so() -> None:
    own = {("hard",): Cell(10, 40)}
    city = {("hard",): Cell(40, 100)}

    found = adjust(own, city, Fraction(35, 10), MINIMUM)

    assert found is not None
    assert found.value == 4
    assert found.clamped


def test_without_answers_there_is_nothing_to_adjust() -> None:
    assert adjust({}, {}, Fraction(3), MINIMUM) is None
    assert adjust({("a",): Cell(0, 0)}, {("a",): Cell(50, 150)}, Fraction(3), MINIMUM) is None


def test_a_city_without_the_persons_own_answers_is_refused() -> None:
    with pytest.raises(ValueError, match="does not contain"):
        adjust({("a",): Cell(40, 120)}, {("a",): Cell(35, 100)}, Fraction(3), MINIMUM)


strata = st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(1, 4), max_size=12), min_size=1)


@given(strata, st.lists(st.integers(1, 4), min_size=30, max_size=60))
def test_adjusting_agrees_with_the_page(own: dict[str, list[int]], others: list[int]) -> None:
    city = {key: scores + others for key, scores in own.items()}
    overall = independent.mean(list(chain.from_iterable(city.values())))
    found = adjust(
        {(key,): Cell(len(scores), sum(scores)) for key, scores in own.items()},
        {(key,): Cell(len(scores), sum(scores)) for key, scores in city.items()},
        overall,
        MINIMUM,
    )

    if not any(own.values()):
        assert found is None
        return
    assert found is not None and found.adjusted
    expected = independent.adjusted(own, city, overall)
    assert found.value == min(max(expected, Fraction(1)), Fraction(4))
    assert found.clamped is (found.value != expected)
    assert 0 < found.own_share <= 1
