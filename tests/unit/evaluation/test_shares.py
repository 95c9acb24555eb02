import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation import independent

from evaluation.domain.figures import plain
from evaluation.domain.shares import wilson


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [
        (0, 10, 0.000, 0.278),
        (2, 2, 0.342, 1.000),
        (3, 3, 0.438, 1.000),
        (9, 10, 0.596, 0.982),
        (45, 50, 0.786, 0.957),
        (46, 50, 0.812, 0.968),
        (3, 40, 0.026, 0.199),
        (180, 200, 0.851, 0.934),
    ],
)
def test_the_table_of_the_reference(x: int, n: int, low: float, high: float) -> None:
    share = wilson(x, n)

    assert share is not None
    assert (plain(share.low, 3), plain(share.high, 3)) == (low, high)


def test_no_cases_have_no_share() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("x", "n"), [(-1, 3), (4, 3), (1, 0)])
def test_an_impossible_share_is_refused(x: int, n: int) -> None:
    with pytest.raises(ValueError, match="0 <= x <= n"):
        wilson(x, n)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_the_page_and_holds_the_share(case: tuple[int, int]) -> None:
    x, n = case
    share = wilson(x, n)
    low, high = independent.wilson(x, n)

    assert share is not None
    assert share.low == pytest.approx(float(low), abs=1e-12)
    assert share.high == pytest.approx(float(high), abs=1e-12)
    assert 0 <= share.low <= x / n <= share.high <= 1
