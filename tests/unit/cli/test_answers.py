"""Invented answers: the same from the same seed, and spread as their weights say."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanggap.answers import Form, at, does_answer, drawn, of_unit, spread

ELEMENTS = (
    "persyaratan",
    "prosedur",
    "waktu",
    "biaya",
    "produk",
    "kompetensi",
    "perilaku",
    "pengaduan",
    "sarana",
)
FORM = Form("v1", ELEMENTS, {"sex": ("male", "female", "unstated"), "job": ("swasta", "unstated")})


@given(st.text(max_size=40))
def test_a_seed_gives_the_same_complete_answer_again(seed: str) -> None:
    first = drawn(seed, FORM, {})

    assert drawn(seed, FORM, {}) == first
    assert set(first["answers"]) == set(ELEMENTS)
    assert set(first["answers"].values()) <= {1, 2, 3, 4}
    assert first["respondent"]["job"] == "swasta"


def test_scores_are_spread_as_the_weights_say() -> None:
    weights = {"default": (0, 10, 50, 40), "waktu": (40, 60, 0, 0)}

    answers = [drawn(f"seed/{number}", FORM, weights)["answers"] for number in range(4000)]

    time = Counter(one["waktu"] for one in answers)
    result = Counter(one["produk"] for one in answers)
    assert set(time) == {1, 2}
    assert abs(time[1] / 4000 - 0.4) < 0.03
    assert result[1] == 0
    assert abs(result[3] / 4000 - 0.5) < 0.03


@pytest.mark.parametrize(("place", "score"), [(0.0, 1), (0.24, 1), (0.25, 2), (0.5, 3), (0.75, 4), (1.0, 4)])
def test_a_place_falls_into_the_weights_laid_end_to_end(place: float, score: int) -> None:
    assert at(place, (1, 1, 1, 1)) == score


@given(st.integers(0, 1000))
def test_the_draw_stays_between_its_ends(place: int) -> None:
    assert 0 <= spread(place / 1000) <= 1


def test_the_share_that_answers_is_the_one_asked_for_and_the_same_again() -> None:
    rows = [f"r{number}" for number in range(2000)]

    chosen = [row for row in rows if does_answer("run", row, 0.6)]

    assert abs(Fraction(len(chosen), len(rows)) - Fraction(3, 5)) < Fraction(1, 20)
    assert chosen == [row for row in rows if does_answer("run", row, 0.6)]
    assert chosen != [row for row in rows if does_answer("another run", row, 0.6)]
    assert [row for row in rows if does_answer("run", row, 0)] == []


def test_whoever_answers_at_a_smaller_share_answers_at_a_larger_one_too() -> None:
    rows = [f"r{number}" for number in range(300)]

    few = {row for row in rows if does_answer("run", row, 0.2)}

    assert few <= {row for row in rows if does_answer("run", row, 0.7)}


@pytest.mark.parametrize("unit", ["dukcapil", "dpupr", "perumdam", "kec-talawi"])
def test_a_unit_s_picture_is_its_own_and_possible(unit: str) -> None:
    weights = of_unit("run", unit)

    assert weights == of_unit("run", unit)
    assert len(weights) == 2
    assert all(weight >= 0 for row in weights.values() for weight in row)
