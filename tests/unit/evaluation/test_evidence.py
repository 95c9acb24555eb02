"""What an item says, and what it never says, for any counts."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation.city_tables import policy

from evaluation.domain.evidence import (
    About,
    Tallied,
    alone_types,
    evidence_id,
    ikm_item,
    person_case_items,
    person_survey_items,
    unheard_items,
    unit_case_items,
)
from evaluation.domain.outcomes import Counts

POLICY = policy(date(2026, 9, 30))
ABOUT = About("dukcapil-1", "dukcapil", "2026-Q3")
STRATUM = ("granted", "document", "web", "in_time_on_arrival")


def tallied(on_time: int, of: int, service_type: str = "document", stratum: Any = STRATUM) -> Tallied:
    counts = Counts(closed=of, on_time=on_time, on_time_of=of, answer_minutes=((60, of),) if of else ())
    return Tallied(service_type, stratum, counts)


def of(items: list[dict[str, Any]], measure: str) -> dict[str, Any]:
    (found,) = [item for item in items if item["measure"] == measure]
    return found


@given(st.integers(0, 60), st.data())
def test_a_figure_about_a_person_needs_ten_cases_and_is_null_below(n: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, n))
    own = [tallied(x, n)]
    items = person_case_items(ABOUT, own, [tallied(200, 300), *own], frozenset(), POLICY)

    found = of(items, "on_time")
    if n < 10:
        assert (found["value"], found["interval"], found["n"]) == (None, None, 0 if n == 0 else None)
        assert found["reason"] == ("no_data" if n == 0 else "below_minimum_n")
        assert found["n_shown"] == ("0" if n == 0 else "<10")
    else:
        assert found["value"] == pytest.approx(x / n, abs=0.0001)
        assert found["interval"]["low"] <= found["value"] <= found["interval"]["high"]
    assert (found["peer_mean"] is not None) == (n >= 34)
    assert found["peer_comparison"] == (n >= 34)
    assert found["early"] == (10 <= n < 34)


def test_what_she_does_alone_is_left_out_of_her_figures() -> None:
    own = [tallied(12, 12), tallied(0, 30, "information")]

    items = person_case_items(ABOUT, own, own, alone_types({"information": 1, "document": 2}), POLICY)

    assert (of(items, "on_time")["value"], of(items, "on_time")["n"]) == (1.0, 12)


def test_a_person_who_does_everything_alone_gets_nothing() -> None:
    own = [tallied(40, 40)]

    items = person_case_items(ABOUT, own, own, frozenset({"document"}), POLICY)

    assert {item["reason"] for item in items} == {"single_officer"}


def test_cases_are_adjusted_by_the_citys_mix() -> None:
    """The example of evaluation.md 6.3: 30 simple cases and 20 complex ones, 41 of 50 on time."""
    simple, complex_ = ("granted", "a", "web", "in_time"), ("granted", "b", "web", "in_time")
    own = [tallied(28, 30, stratum=simple), tallied(13, 20, stratum=complex_)]
    city = [tallied(900, 1000, stratum=simple), tallied(300, 500, stratum=complex_)]

    found = of(person_case_items(ABOUT, own, city, frozenset(), POLICY), "on_time")

    assert (found["value"], found["adjusted"]) == (0.82, 0.84)
    assert found["adjusted_for"]


def test_a_thin_stratum_leaves_the_figure_raw_and_says_so() -> None:
    own = [tallied(10, 12)]

    found = of(person_case_items(ABOUT, own, own, frozenset(), POLICY), "on_time")

    assert (found["adjusted"], found["not_adjusted"]) == (None, True)


def test_a_unit_is_compared_with_nobody() -> None:
    about = About("dukcapil", "dukcapil", "2026-Q3")

    items = unit_case_items(about, [tallied(45, 50)], POLICY)

    assert (of(items, "on_time")["value"], of(items, "on_time")["peer_mean"]) == (0.9, None)
    assert of(items, "first_answer_minutes")["value"] == 60.0


@given(st.sampled_from([9, 10, 33, 34, 60]))
def test_answers_about_a_person_follow_the_same_minimum(n: int) -> None:
    sums = {"n": n, "sum": 3 * n, "sum_of_squares": 9 * n + n // 2}
    peers = {"n": 400, "sum": 1320, "sum_of_squares": 4552, "people": 10}
    facts = {
        "elements": {"kompetensi": sums, "perilaku": {"n": 0, "sum": 0, "sum_of_squares": 0}},
        "peers": {"kompetensi": peers, "perilaku": peers},
    }

    items = person_survey_items(ABOUT, "document", facts, POLICY)

    found = of(items, "kompetensi")
    assert (found["value"] is None) == (n < 10)
    assert (found["peer_mean"] is not None) == (n >= 34)
    assert (found["shrunk"] is None) == (n < 10)
    assert of(items, "perilaku")["reason"] == "no_data"


def test_sums_that_cannot_be_are_no_figure_and_no_crash() -> None:
    many = {"n": 40, "sum": 120, "sum_of_squares": 370}
    few = {"n": 12, "sum": 36, "sum_of_squares": 110, "people": 2}
    facts = {"elements": {"kompetensi": many}, "peers": {"kompetensi": few}}

    found = of(person_survey_items(ABOUT, "document", facts, POLICY), "kompetensi")

    assert (found["value"], found["peer_mean"]) == (None, None)


def test_a_person_nobody_answered_about_is_told_so_without_a_number() -> None:
    assert {item["n_shown"] for item in unheard_items(ABOUT, POLICY)} == {"<10"}
    assert {item["n"] for item in unheard_items(ABOUT, POLICY)} == {None}


def test_an_index_that_is_not_published_is_null_with_its_reason() -> None:
    hidden = ikm_item("dkp3", {"period": "2026-Q3", "ikm": None, "n": None, "n_shown": "<10"}, POLICY)
    nobody = ikm_item("dkp3", {"period": "2026-Q3", "ikm": None, "n": 0, "n_shown": "0"}, POLICY)

    assert (hidden["value"], hidden["reason"]) == (None, "below_minimum_n")
    assert (nobody["value"], nobody["reason"]) == (None, "no_data")


def test_an_item_keeps_its_id() -> None:
    one = evidence_id("staff_survey", "p", "u", "2026-Q3", "kompetensi", "document")

    assert one == evidence_id("staff_survey", "p", "u", "2026-Q3", "kompetensi", "document")
    assert one != evidence_id("staff_survey", "p", "u", "2026-Q3", "kompetensi", "complaint")
