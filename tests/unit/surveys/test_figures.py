"""The index, exactly: worked examples of the reference, every band edge, and an implementation of its own."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.surveys import independent

from surveys.city import City
from surveys.domain.figures import Figures, compute, lowest
from surveys.domain.rounding import half_up

KEYS = (
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
TODAY = date(2026, 11, 24)

answers_of = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.integers(1, 4), min_size=1), min_size=0, max_size=40
)


def with_sums(sums: list[int], numbers: list[int], keys: tuple[str, ...] = KEYS) -> Figures:
    """Figures of answers that have these sums: as even as integers allow, each answered by the first n."""
    answers: list[dict[str, int]] = [{} for _ in range(max(numbers))]
    for key, total, n in zip(keys, sums, numbers, strict=True):
        for place in range(n):
            answers[place][key] = total // n + (1 if place < total % n else 0)
    return compute(keys, answers)


def with_total(n: int, total: int) -> Figures:
    """Figures of n whole answers with this sum of all scores."""
    sums = [total // 9 + (1 if place < total % 9 else 0) for place in range(9)]
    return with_sums(sums, [n] * 9)


@given(answers_of)
@settings(max_examples=300)
def test_the_index_equals_an_independent_implementation(answers: list[dict[str, int]]) -> None:
    figures = compute(KEYS, answers)

    expected = independent.index(KEYS, answers)
    assert figures.exact_ikm == expected
    assert figures.ikm == (None if expected is None else independent.rounded(expected))
    assert figures.n == len(answers)


@given(answers_of, st.randoms())
def test_the_order_of_answers_changes_nothing(answers: list[dict[str, int]], random: object) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    first, second = compute(KEYS, answers), compute(KEYS, shuffled)

    assert first.elements == second.elements
    assert first.exact_ikm == second.exact_ikm


@given(answers_of)
def test_an_index_lies_between_25_and_100(answers: list[dict[str, int]]) -> None:
    ikm = compute(KEYS, answers).ikm

    assert ikm is None or Decimal(25) <= ikm <= Decimal(100)


@given(st.fractions(min_value=0, max_value=100), st.integers(0, 4))
def test_rounding_is_half_up_and_nothing_else(value: Fraction, places: int) -> None:
    assert half_up(value, places) == independent.rounded(value, str(Decimal(1).scaleb(-places)))


@pytest.mark.parametrize(
    ("n", "total", "shown", "letter"),
    [
        (58, 1357, "64.99", "D"),
        (113, 2644, "65.00", "C"),
        (5000, 116991, "65.00", "C"),
        (26, 717, "76.60", "C"),
        (19, 524, "76.61", "B"),
        (5000, 137889, "76.61", "B"),
        (19, 604, "88.30", "B"),
        (43, 1367, "88.31", "A"),
        (5000, 158949, "88.31", "A"),
    ],
)
def test_gaps_of_the_printed_table_are_closed(
    city: City, n: int, total: int, shown: str, letter: str
) -> None:
    ikm = with_total(n, total).ikm

    assert str(ikm) == shown
    assert city.table_on(TODAY).letter(ikm) == letter


@pytest.mark.parametrize(
    ("lower", "above", "below"), [("88.31", "A", "B"), ("76.61", "B", "C"), ("65.00", "C", "D")]
)
def test_every_band_edge_from_both_sides(city: City, lower: str, above: str, below: str) -> None:
    table, edge = city.table_on(TODAY), Decimal(lower)

    assert table.letter(edge) == above
    assert table.letter(edge - Decimal("0.01")) == below
    assert table.letter(edge + Decimal("0.01")) == above


@given(st.integers(2500, 10000))
def test_every_index_has_a_band(city: City, hundredths: int) -> None:
    value = Decimal(hundredths).scaleb(-2)

    assert city.table_on(TODAY).letter(value) == independent.letter(value)


def test_the_table_of_2004_is_for_its_time_alone(city: City) -> None:
    old, new = city.table_on(date(2015, 6, 1)), city.table_on(date(2017, 12, 31))

    assert (old.version, new.version) == ("kep-25-2004", "permenpanrb-14-2017")
    # Sawahlunto's DPMPTSP as published: 64.50 was B by the table of 2004 and would be D by today's.
    assert old.letter(Decimal("64.50")) == "B"
    assert new.letter(Decimal("64.50")) == "D"
    assert new.letter(Decimal("80.25")) == "B"


@pytest.mark.parametrize(
    ("total", "n", "shown", "printed"),
    [
        (165, 5, "91.67", "90.75"),
        (100, 3, "92.59", "91.67"),
        (67, 2, "93.06", "92.13"),
        (332, 10, "92.22", "91.30"),
    ],
)
def test_seed_rows_of_the_reference(total: int, n: int, shown: str, printed: str) -> None:
    figures = with_total(n, total)

    assert str(figures.ikm) == shown
    assert str(figures.printed_011) == printed


def test_a_city_figure_pools_respondents_instead_of_averaging_units() -> None:
    units = [with_total(5, 165), with_total(3, 100), with_total(2, 67)]
    mean = sum((unit.exact_ikm or Fraction(0) for unit in units), Fraction(0)) / 3

    assert str(with_total(10, 332).ikm) == "92.22"
    assert str(half_up(mean, 2)) == "92.44"


FULL = [210, 205, 190, 240, 212, 204, 215, 188, 201]


def test_a_full_unit(city: City) -> None:
    figures = with_sums(FULL, [62] * 9)
    table, questionnaire = city.table_on(TODAY), city.asked_on(TODAY)

    assert str(figures.ikm) == "83.56"
    assert [str(half_up(one.mean or Fraction(0), 4)) for one in figures.elements] == (
        "3.3871 3.3065 3.0645 3.8710 3.4194 3.2903 3.4677 3.0323 3.2419".split()
    )
    times = [half_up(25 * (one.mean or Fraction(0)), 2) for one in figures.elements]
    assert [f"{value} {table.letter(value)}" for value in times] == [
        *("84.68 B", "82.66 B", "76.61 B", "96.77 A", "85.48 B", "82.26 B", "86.69 B", "75.81 C", "81.05 B")
    ]
    assert lowest(figures, questionnaire.rank) == ["pengaduan", "waktu", "sarana"]


def test_swapping_keys_8_and_9_would_improve_the_wrong_thing(city: City) -> None:
    swapped = [*FULL[:7], FULL[8], FULL[7]]

    figures = with_sums(swapped, [62] * 9)

    assert lowest(figures, city.asked_on(TODAY).rank)[0] == "sarana"
    assert str(figures.ikm) == "83.56"


def test_the_questionnaire_asks_8_and_9_in_the_other_order_than_the_list(city: City) -> None:
    elements = {element.key: element for element in city.asked_on(TODAY).elements}

    assert (elements["pengaduan"].list_order, elements["pengaduan"].question_order) == (8, 9)
    assert (elements["sarana"].list_order, elements["sarana"].question_order) == (9, 8)


def test_equal_elements_begin_with_complaint_handling_and_then_follow_the_list(city: City) -> None:
    figures = with_sums([31] * 9, [10] * 9)

    found = lowest(figures, city.asked_on(TODAY).rank, most=9)

    assert found == ["pengaduan", *(key for key in KEYS if key != "pengaduan")]


def test_missing_answers_divide_by_those_who_answered() -> None:
    sums = [31, 32, 28, 30, 33, 34, 35, 27, 30]

    figures = with_sums(sums, [10, 10, 10, 8, 10, 10, 10, 9, 10])

    assert str(figures.ikm) == "80.69"
    by_all = sum((Fraction(total, 10) for total in sums), Fraction(0)) / 9 * 25
    pooled = Fraction(sum(sums), 87) * 25
    assert (str(half_up(by_all, 2)), str(half_up(pooled, 2))) == ("77.78", "80.46")


def test_an_element_that_nobody_answered_leaves_no_index() -> None:
    figures = compute(KEYS, [dict.fromkeys(KEYS[:8], 4)])

    assert figures.ikm is None
    assert figures.element("sarana").mean is None


def test_one_respondent_has_an_exact_index_and_no_answers_have_none() -> None:
    assert str(compute(KEYS, [dict.fromkeys(KEYS, 3)]).ikm) == "75.00"
    assert compute(KEYS, []).ikm is None


def test_eight_elements_weigh_an_eighth_each() -> None:
    figures = with_sums([25] * 8, [8] * 8, KEYS[:8])

    assert str(figures.ikm) == "78.13"
    assert figures.printed_011 is None


def test_padding_up_to_the_target_would_be_false() -> None:
    real = [dict.fromkeys(KEYS, 4)] * 12 + [dict.fromkeys(KEYS, 3)] * 8

    assert str(compute(KEYS, real).ikm) == "90.00"
    assert str(compute(KEYS, real + [dict.fromkeys(KEYS, 3)] * 60).ikm) == "78.75"


@pytest.mark.parametrize("score", [0, 5, -1, True, 3.0, "3"])
def test_no_other_scale_is_ever_computed(score: object) -> None:
    with pytest.raises(ValueError, match="wrong_scale"):
        compute(KEYS, [{"waktu": score}])  # type: ignore[dict-item]
