from dataclasses import replace
from fractions import Fraction
from itertools import chain
from statistics import NormalDist

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from unit.evaluation import independent
from unit.evaluation.city_tables import policy

from evaluation.domain.casemix import Adjusted
from evaluation.domain.comparing import (
    Certainty,
    Comparison,
    Peers,
    Verdict,
    bayes,
    compare,
    critical_value,
    worst_skewness,
    yardstick,
)
from evaluation.domain.reliability import Spread, Sums

POLICY = policy()


def answers(n: int, hundredths: int) -> Sums:
    """n answers of 2, 3 and 4 whose mean is that many hundredths, as near as whole answers allow."""
    total = round(n * hundredths / 100)
    fours, threes = max(total - 3 * n, 0), n - abs(total - 3 * n)
    return Sums.of([4] * fours + [3] * threes + [2] * (n - fours - threes))


def group(*people: Sums, told_spread: bool = True) -> Peers:
    return Peers(sum(people, Sums()), len(people), Spread.of(people) if told_spread else None)


def compared(person: Sums, *others: Sums, told_spread: bool = True) -> Comparison:
    found = compare(person, group(person, *others, told_spread=told_spread), POLICY)
    assert found is not None
    return found


COLLEAGUES = [answers(40, 330 + 2 * number) for number in range(-5, 6)]


def test_a_clearly_lower_figure_is_a_finding() -> None:
    found = compared(answers(40, 270), *COLLEAGUES)

    assert found.verdict is Verdict.BELOW
    assert found.certainty is Certainty.FINDING
    assert found.shrunk.high < found.peer_mean


def test_the_example_of_the_reference_passes_both_conditions() -> None:
    # 2.90 of 40 answers against 3.30 with s 0.70 in a large group: "finding allowed".
    person = Sums(40, 116, 356)
    everybody = Sums(4000, 13200, 45520)
    peers = Peers(everybody, 100)

    found = compare(person, peers, POLICY)

    assert found is not None
    assert found.sd == pytest.approx(0.70, abs=0.001)
    assert found.verdict is Verdict.BELOW


@pytest.mark.parametrize(
    ("n", "certainty"), [(10, Certainty.CONSIDER), (33, Certainty.CONSIDER), (34, Certainty.FINDING)]
)
def test_few_answers_lead_to_a_question_at_most(n: int, certainty: Certainty) -> None:
    found = compared(answers(n, 200), *COLLEAGUES)

    assert found.verdict is Verdict.BELOW
    assert found.certainty is certainty


def test_nothing_is_found_below_ten_answers() -> None:
    found = compared(answers(9, 200), *COLLEAGUES)

    assert found.verdict is Verdict.BELOW_MINIMUM
    assert found.certainty is None


def test_a_higher_figure_is_never_a_finding() -> None:
    assert compared(answers(60, 390), *COLLEAGUES).verdict is Verdict.NOT_BELOW


def test_a_difference_that_chance_explains_is_no_finding() -> None:
    found = compared(answers(34, 305), *COLLEAGUES, told_spread=False)

    assert found.verdict is Verdict.WITHIN_CHANCE
    assert found.certainty is None


def test_a_sure_but_tiny_difference_is_no_finding() -> None:
    found = compared(answers(9000, 325), *[answers(9000, 334) for _ in range(5)])

    assert found.shrunk.high < found.peer_mean
    assert found.verdict is Verdict.TOO_SMALL


def test_where_no_difference_is_measured_nobody_is_found() -> None:
    mixed = Sums.of([2, 3, 3, 4] * 10)
    found = compared(mixed, *[mixed] * 9)

    assert found.k is None
    assert found.verdict is Verdict.NO_MEASURED_DIFFERENCE
    assert found.shrunk.mean == found.peer_mean
    assert found.reliability == 0


def test_two_people_are_no_peers() -> None:
    assert compared(answers(40, 260), answers(400, 340)).verdict is Verdict.FEW_PEERS


def test_nobody_is_compared_with_mostly_herself() -> None:
    found = compared(answers(300, 260), answers(40, 340), answers(40, 340))

    assert found.verdict is Verdict.FEW_PEERS


def test_a_figure_that_could_not_be_adjusted_is_never_a_finding() -> None:
    person = answers(40, 260)
    peers = group(person, *COLLEAGUES)
    mean = Fraction(person.total, person.n)
    raw = Adjusted(mean, mean, None, False, False, Fraction(0), 40, (("refused",),))

    found = compare(person, peers, POLICY, raw)

    assert found is not None
    assert found.verdict is Verdict.BELOW
    assert found.certainty is Certainty.CONSIDER


def test_the_adjusted_figure_is_what_is_compared() -> None:
    person = answers(40, 260)
    peers = group(person, *COLLEAGUES)
    mean = Fraction(person.total, person.n)
    adjusted = Adjusted(Fraction(325, 100), mean, Fraction(26, 10), True, False, Fraction(1, 10), 40)

    found = compare(person, peers, POLICY, adjusted)

    assert found is not None
    assert (found.mean, found.figure) == (mean, Fraction(325, 100))
    assert found.verdict is Verdict.NOT_BELOW
    assert found.interval != found.figure_interval


@pytest.mark.parametrize(
    ("told", "basis", "certainty"),
    [(40, 40, Certainty.FINDING), (34, 34, Certainty.FINDING), (33, 33, Certainty.CONSIDER), (9, 40, None)],
)
def test_a_figure_is_as_sure_as_the_answers_whose_stratum_was_told(
    told: int, basis: int, certainty: Certainty | None
) -> None:
    person = answers(40, 315)
    mean = Fraction(person.total, person.n)
    adjusted = Adjusted(Fraction(23, 10), mean, Fraction(33, 10), True, False, Fraction(1, 10), told)

    found = compare(person, group(person, *COLLEAGUES, told_spread=False), POLICY, adjusted)

    assert found is not None
    assert (found.n, found.basis, found.certainty) == (40, basis, certainty)
    assert found.adjusted is not None and found.adjusted.adjusted is (told >= 10)


def test_k_is_estimated_only_from_enough_people() -> None:
    eight, seven = COLLEAGUES[:8], COLLEAGUES[:7]

    assert bayes(group(*eight), POLICY) is not None
    assert bayes(group(*seven), POLICY) is None
    assert bayes(group(*eight, told_spread=False), POLICY) is None
    assert yardstick(group(*seven), POLICY).k == POLICY.shrinkage_k


def test_k_is_never_less_than_the_floor() -> None:
    apart = [answers(200, 220 + 20 * number) for number in range(8)]
    estimate = bayes(group(*apart), POLICY)

    assert estimate is not None and estimate.k is not None
    assert estimate.k < POLICY.shrinkage_k
    assert yardstick(group(*apart), POLICY).k == POLICY.shrinkage_k


def test_nobody_without_answers_is_placed() -> None:
    assert compare(Sums(), group(*COLLEAGUES), POLICY) is None
    with pytest.raises(ValueError, match="no yardstick"):
        yardstick(Peers(Sums(), 0), POLICY)
    with pytest.raises(ValueError, match="contains"):
        compare(answers(50, 300), Peers(answers(40, 300), 4), POLICY)


def test_the_interval_stays_on_the_scale() -> None:
    found = compared(answers(12, 392), *COLLEAGUES)

    assert found.interval[1] == 4
    assert found.interval[0] > 3


def test_the_share_that_may_be_found_is_split_over_the_comparisons() -> None:
    """With a huge, symmetric group nothing but the normal quantile is left."""
    peers = Peers(Sums.of([2, 3] * 500_000), 1000)
    rod = yardstick(peers, POLICY)

    expected = NormalDist().inv_cdf(1 - 0.005 / 8)
    assert rod.skew == pytest.approx(worst_skewness(peers.everybody))
    assert critical_value(10_000, 0.0, replace(rod, skew=0.0)) == pytest.approx(expected, abs=1e-4)
    assert critical_value(34, 0.0, rod) > expected


scores = st.lists(st.integers(1, 4), min_size=2, max_size=9)


@given(scores)
def test_no_answers_with_these_sums_are_more_skewed(listed: list[int]) -> None:
    sums = Sums.of(listed)
    possible = independent.third_moments(sums.n, sums.total, sums.squares)

    assert worst_skewness(sums) <= 0
    if possible:
        assert worst_skewness(sums) <= float(min(possible)) + 1e-9


people = st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=40), min_size=3, max_size=14)


@given(people)
def test_the_place_among_peers_agrees_with_the_page(everybody: list[list[int]]) -> None:
    found = compared(*[Sums.of(listed) for listed in everybody])
    mu = independent.mean(list(chain.from_iterable(everybody)))
    estimate = independent.bayes(everybody)

    assert found.peer_mean == mu
    if len(everybody) < 8:
        assert found.k == independent.K
    elif estimate["k"] is None:
        assert found.k is None
    else:
        assert found.k == max(estimate["k"], independent.K)
        s = independent.root(estimate["msw"])  # type: ignore[arg-type]
        middle, low, high = independent.shrunk(everybody[0], mu, s, found.k)
        assert found.shrunk.mean == middle
        assert found.shrunk.low == pytest.approx(float(low), abs=1e-9)
        assert found.shrunk.high == pytest.approx(float(high), abs=1e-9)
    if found.verdict is Verdict.BELOW:
        assert found.shrunk.high < float(mu)
        assert found.mean < mu


@given(people, st.randoms(use_true_random=False))
def test_order_changes_no_verdict(everybody: list[list[int]], random) -> None:  # type: ignore[no-untyped-def]
    first, *others = [Sums.of(listed) for listed in everybody]
    mixed = list(others)
    random.shuffle(mixed)

    assert compared(first, *others) == compared(first, *mixed)


@given(people)
def test_a_lower_total_never_looks_better(everybody: list[list[int]]) -> None:
    first, *others = everybody
    assume(max(first) > 1)
    worse = sorted(first, reverse=True)
    worse[0] -= 1

    before = compared(Sums.of(first), *map(Sums.of, others), told_spread=False)
    after = compared(Sums.of(worse), *map(Sums.of, others), told_spread=False)

    assert after.mean - after.peer_mean <= before.mean - before.peer_mean


@given(st.integers(10, 90), st.integers(220, 318), st.integers(3, 11))
def test_the_chance_condition_is_the_test_against_the_others_alone(n: int, mean: int, size: int) -> None:
    person, others = answers(n, mean), COLLEAGUES[:size]
    found = compared(person, *others, told_spread=False)
    assume(found.verdict in (Verdict.BELOW, Verdict.WITHIN_CHANCE))
    rest = sum(others, Sums())
    apart = float(Fraction(rest.total, rest.n) - found.mean) / (found.sd * (1 / n + 1 / rest.n) ** 0.5)
    rod = yardstick(group(person, *others, told_spread=False), POLICY)
    needed = critical_value(n, n / (n + rest.n), rod)

    assert (found.verdict is Verdict.BELOW) is (apart > needed and found.shrunk.high < found.peer_mean)
