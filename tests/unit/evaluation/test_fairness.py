"""The short form of tests/bench/fairness.py: the same functions, the same officers, fewer periods."""

from random import Random

import pytest
from bench.fairness import (
    ALLOWED,
    GROUPS,
    OFFICERS,
    SHAPES,
    Answers,
    busiest,
    city_policy,
    everyday,
    hard_cases,
    power,
    tilted,
)

POLICY = city_policy()


def nothing() -> None:
    """No progress is shown in a test."""


def test_the_city_of_the_simulation_has_500_officers() -> None:
    assert sum(GROUPS) == OFFICERS


@pytest.mark.parametrize("told_spread", [True, False])
def test_equally_good_officers_are_left_in_peace(told_spread: bool) -> None:
    tally = everyday(Random(1), POLICY, 12, told_spread, nothing)

    assert sum(tally.judged.values()) == 12 * OFFICERS
    assert tally.share() <= ALLOWED


def test_even_with_eight_comparisons_each() -> None:
    assert busiest(Random(2), POLICY, 4, True, nothing).share() <= ALLOWED


def test_nobody_is_flagged_for_the_cases_she_got() -> None:
    allowed_for = hard_cases(Random(3), POLICY, 20, True, nothing)
    as_it_came = hard_cases(Random(3), POLICY, 20, False, nothing)

    assert allowed_for.share() <= ALLOWED
    assert as_it_came.share() > ALLOWED


def test_a_large_difference_is_seen_and_more_answers_see_more() -> None:
    few, many = (power(Random(4), POLICY, n, 0.5, 60, 0.15, nothing).share() for n in (34, 100))

    assert few > 0.4
    assert many > 0.9


def test_a_moved_shape_has_the_mean_it_should() -> None:
    for shape in SHAPES:
        before = sum(score * share for score, share in zip((1, 2, 3, 4), shape, strict=True))
        moved = tilted(shape, -0.3)

        assert sum(moved) == pytest.approx(1)
        assert sum(s * p for s, p in zip((1, 2, 3, 4), moved, strict=True)) == pytest.approx(before - 0.3)


def test_drawn_answers_follow_their_shares_in_both_elements() -> None:
    first, second = Answers(SHAPES[0], SHAPES[2]).draw(Random(5), 200_000)

    assert float(first.mean or 0) == pytest.approx(3.23, abs=0.01)
    assert float(second.mean or 0) == pytest.approx(3.81, abs=0.01)
