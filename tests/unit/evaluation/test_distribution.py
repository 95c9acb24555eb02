from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation.city_tables import distribution

from evaluation.domain.distribution import check_distribution

RULES = distribution()
KEYS = {"SB": "sangat_baik", "B": "baik", "BP": "butuh_perbaikan", "K": "kurang", "SK": "sangat_kurang"}


def counts(text: str) -> dict[str, int]:
    """`14 SB, 6 B` as counts by predikat."""
    pairs = (part.split() for part in text.split(","))
    return {KEYS[name]: int(number) for number, name in pairs}


@pytest.mark.parametrize(
    ("organisation", "people", "expected"),
    [
        ("istimewa", "14 SB, 6 B", []),
        ("istimewa", "15 SB, 5 B", ["sb_over_70"]),
        ("baik", "14 B, 4 SB, 2 BP", []),
        ("baik", "13 B, 6 SB, 1 K", []),
        ("baik", "15 B, 4 SB, 1 BP", ["b_over_70"]),
        ("baik", "14 B, 6 SB", ["no_bp_or_k"]),
        ("butuh_perbaikan", "12 BP, 2 SB, 6 B", []),
        ("butuh_perbaikan", "11 BP, 2 SB, 7 B", ["bp_under_60"]),
        ("butuh_perbaikan", "12 BP, 3 SB, 5 B", ["sb_over_10"]),
        ("kurang", "12 K, 2 BP, 2 SB, 4 B", []),
        ("kurang", "12 K, 1 BP, 7 B", ["bp_under_10"]),
        ("sangat_kurang", "12 SK, 2 K, 6 B", []),
        ("sangat_kurang", "12 SK, 2 K, 1 SB, 5 B", ["sb_not_allowed"]),
        ("sangat_kurang", "13 SK, 1 BP, 6 B", ["k_bp_under_10"]),
    ],
)
def test_the_table_of_the_reference(organisation: str, people: str, expected: list[str]) -> None:
    found = check_distribution(RULES, organisation, counts(people))

    assert [warned.code for warned in found.warnings] == expected
    assert found.status == ("warnings" if expected else "ok")
    assert found.n == 20


def test_seven_people_are_no_pattern() -> None:
    found = check_distribution(RULES, "baik", counts("5 B, 2 SB"))

    assert (found.status, found.warnings, found.n) == ("not_applicable", (), 7)


@pytest.mark.parametrize(("people", "status"), [("9 B", "not_applicable"), ("10 B", "warnings")])
def test_ten_people_are_enough(people: str, status: str) -> None:
    assert check_distribution(RULES, "baik", counts(people)).status == status


def test_a_warning_cites_the_circular_and_moves_nobody() -> None:
    people = counts("15 SB, 5 B")

    (warned,) = check_distribution(RULES, "istimewa", people).warnings

    assert (warned.group, warned.count, warned.n, warned.limit) == ("sangat_baik", 15, 20, "<= 70 %")
    assert warned.basis == "SE MenPANRB 3/2023"
    assert warned.severity == "warning"
    assert people == counts("15 SB, 5 B")


def test_limits_are_readable() -> None:
    found = check_distribution(RULES, "sangat_kurang", counts("5 SK, 1 K, 1 SB, 13 B"))

    assert [(w.code, w.limit) for w in found.warnings] == [
        ("sk_under_60", ">= 60 %"),
        ("k_bp_under_10", ">= 10 %"),
        ("sb_not_allowed", "<= 0"),
    ]
    (none_low,) = check_distribution(RULES, "baik", counts("7 B, 3 SB")).warnings
    assert none_low.limit == ">= 1"
    assert none_low.group == "butuh_perbaikan+kurang"


def test_the_largest_group_counts_only_once_it_is_switched_on() -> None:
    people = counts("4 SB, 6 B")
    on = replace(
        RULES, checks={"istimewa": tuple(replace(c, enabled=True) for c in RULES.checks["istimewa"])}
    )

    assert check_distribution(RULES, "istimewa", people).status == "ok"
    assert [w.code for w in check_distribution(on, "istimewa", people).warnings] == ["sb_not_largest"]
    assert check_distribution(on, "istimewa", people).warnings[0].limit == "largest"
    assert check_distribution(on, "istimewa", counts("5 SB, 5 B")).status == "ok"


@pytest.mark.parametrize(
    ("organisation", "people"), [("luar_biasa", {"baik": 20}), ("baik", {"baik": 21, "kurang": -1})]
)
def test_what_the_rules_do_not_know_is_refused(organisation: str, people: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        check_distribution(RULES, organisation, people)


@given(st.integers(10, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_seventy_per_cent_exactly_is_not_over(case: tuple[int, int]) -> None:
    n, best = case

    codes = [
        w.code
        for w in check_distribution(RULES, "istimewa", {"sangat_baik": best, "baik": n - best}).warnings
    ]

    assert ("sb_over_70" in codes) is (10 * best > 7 * n)
