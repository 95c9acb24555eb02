from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation import independent

from evaluation.domain.effect import Group, effect
from evaluation.domain.figures import plain
from evaluation.domain.reliability import Sums

MINIMUM = 10


def group(mean: str, sd: str, n: int) -> Group:
    return Group(n, Fraction(mean), Fraction(sd) ** 2)


BEFORE, AFTER = group("2.90", "0.70", 40), group("3.20", "0.65", 45)
OTHERS_BEFORE, OTHERS_AFTER = group("3.10", "0.70", 200), group("3.15", "0.70", 200)


def test_the_example_of_the_reference_has_no_clear_effect_yet() -> None:
    found = effect(BEFORE, AFTER, OTHERS_BEFORE, OTHERS_AFTER, MINIMUM)

    assert found.change == Fraction(3, 10)
    assert found.change_interval is not None and found.interval is not None
    assert [plain(end, 3) for end in found.change_interval] == [0.012, 0.588]
    assert found.difference == Fraction(25, 100)
    assert plain(found.standard_error, 4) == 0.1629
    assert [plain(end, 3) for end in found.interval] == [-0.069, 0.569]
    assert found.verdict == "no_clear_effect"
    assert found.explanation.id.startswith("Belum ada efek yang jelas.")


def test_the_simple_change_alone_would_have_misled() -> None:
    found = effect(BEFORE, AFTER, OTHERS_BEFORE, OTHERS_AFTER, MINIMUM)

    assert found.change_interval is not None and found.change_interval[0] > 0
    assert found.verdict != "better"
    assert "dengan sendirinya" in found.explanation.id


@pytest.mark.parametrize(("after", "verdict"), [("3.60", "better"), ("2.50", "worse")])
def test_a_clear_difference_is_called_one(after: str, verdict: str) -> None:
    assert effect(BEFORE, group(after, "0.65", 45), OTHERS_BEFORE, OTHERS_AFTER, MINIMUM).verdict == verdict


FEW = group("3.00", "0.70", 9)


@pytest.mark.parametrize(
    ("groups", "side"),
    [
        ((None, AFTER, OTHERS_BEFORE, OTHERS_AFTER), "trained"),
        ((BEFORE, FEW, OTHERS_BEFORE, OTHERS_AFTER), "trained"),
        ((BEFORE, AFTER, None, OTHERS_AFTER), "comparison"),
        ((BEFORE, AFTER, OTHERS_BEFORE, FEW), "comparison"),
    ],
)
def test_without_answers_on_every_side_every_figure_is_null(
    groups: tuple[Group | None, Group | None, Group | None, Group | None], side: str
) -> None:
    found = effect(*groups, MINIMUM)

    assert (found.verdict, found.reason) == ("no_data", side)
    assert found.change is found.change_interval is found.difference is found.interval is None


def test_a_group_of_sums_needs_two_answers() -> None:
    assert Group.of(Sums.of([3])) is None
    assert Group.of(Sums.of([2, 4])) == Group(2, Fraction(3), Fraction(2))


samples = st.lists(st.integers(1, 4), min_size=10, max_size=40)


@given(samples, samples, samples, samples)
def test_the_difference_agrees_with_the_page(a: list[int], b: list[int], c: list[int], d: list[int]) -> None:
    groups = [Group.of(Sums.of(scores)) for scores in (a, b, c, d)]
    found = effect(*groups, MINIMUM)
    did = (independent.mean(b) - independent.mean(a)) - (independent.mean(d) - independent.mean(c))
    error = independent.root(
        sum(
            (
                independent.sum_of_squared_deviations(scores) / (len(scores) - 1) / len(scores)
                for scores in (a, b, c, d)
            ),
            Fraction(0),
        )
    )

    assert found.difference == did
    assert found.interval is not None
    assert found.interval[0] == pytest.approx(float(did - independent.Z * error), abs=1e-9)
    assert found.interval[1] == pytest.approx(float(did + independent.Z * error), abs=1e-9)
