"""Batches, and what may be told about a person."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from surveys.domain.releasing import Rule, release_now, shared
from surveys.domain.tallies import About, PersonRule, Tally, add, aggregates, pooled

RULE = PersonRule(minimum_n=10, minimum_officers=3, minimum_stratum=5, minimum_city_stratum=30)


@given(st.integers(0, 200), st.integers(5, 20), st.integers(0, 20))
def test_a_release_is_a_whole_batch_or_nothing(waiting: int, batch: int, keep_back: int) -> None:
    number = release_now(waiting, Rule(batch, keep_back))

    assert number == 0 or (number >= batch and waiting - number == keep_back)


@given(st.lists(st.sampled_from("abcd") | st.none(), max_size=40))
def test_a_value_is_kept_only_in_company_and_those_without_are_not_alone(values: list[str | None]) -> None:
    found = shared(values, 5)

    counts = Counter(found)
    without = counts.pop(None, 0)
    assert all(n >= 5 for n in counts.values())
    assert without == 0 or without >= 5 or without == len(values)
    assert all(new is None or new == old for new, old in zip(found, values, strict=True))


def about(staff: str = "staf-017", outcome: str | None = "granted", **changes: str) -> About:
    return About(**{"staff_ref": staff, "service_type": "complaint", "outcome": outcome, "channel": "web",
                    "service_code": "jalan", **changes})  # fmt: skip


def tally_of(*answers: tuple[About, int, int]) -> Tally:
    tally: Tally = {}
    for who, competence, conduct in answers:
        add(tally, who, {"kompetensi": competence, "perilaku": conduct, "waktu": 1})
    return tally


def test_a_person_has_sums_from_ten_answers_on() -> None:
    nine = tally_of(*[(about(), 3, 4)] * 9)
    ten = tally_of(*[(about(), 3, 4)] * 10)

    assert aggregates(nine, pooled([nine]), {"complaint": 3}, RULE) == []
    (found,) = aggregates(ten, pooled([ten]), {"complaint": 3}, RULE)
    assert found["elements"] == {
        "kompetensi": {"n": 10, "sum": 30, "sum_of_squares": 90},
        "perilaku": {"n": 10, "sum": 40, "sum_of_squares": 160},
    }
    assert found["peers"]["kompetensi"] == {
        "n": 10,
        "sum": 30,
        "sum_of_squares": 90,
        "people": 1,
        "within": "0/1",
        "n_squared": 100,
    }


def test_an_officer_who_is_alone_with_a_service_has_no_figure() -> None:
    tally = tally_of(*[(about(), 3, 4)] * 40)

    assert aggregates(tally, pooled([tally]), {"complaint": 1}, RULE) == []
    assert aggregates(tally, pooled([tally]), {"complaint": 2}, RULE) == []
    assert len(aggregates(tally, pooled([tally]), {"complaint": 3}, RULE)) == 1


def test_one_refused_case_is_not_found_in_the_strata() -> None:
    tally = tally_of(*[(about(), 4, 4)] * 11, (about(outcome="refused"), 1, 1))

    (found,) = aggregates(tally, pooled([tally]), {"complaint": 3}, RULE)

    # Shown alone, the stratum of 11 would leave the refused one to subtraction.
    assert found["n"] == 12
    assert found["strata"] == []


def test_strata_in_company_are_shown_and_compared_with_the_city() -> None:
    own = tally_of(*[(about(), 4, 4)] * 8, *[(about(outcome="partial"), 3, 2)] * 6)
    others = tally_of(*[(about("staf-018"), 3, 3)] * 25)

    (found,) = aggregates(own, pooled([own, others]), {"complaint": 3}, RULE)

    assert [(row["outcome"], row["n"], row["sums"]) for row in found["strata"]] == [
        ("granted", 8, {"kompetensi": 32, "perilaku": 32}),
        ("partial", 6, {"kompetensi": 18, "perilaku": 12}),
    ]
    assert [(row["outcome"], row["n"]) for row in found["strata_city"]] == [("granted", 33)]
    assert found["peers"]["n"] == 39
    assert found["peers"]["perilaku"]["people"] == 2


def test_the_order_of_answers_changes_no_sum() -> None:
    answers = [(about(f"staf-{n % 3}"), n % 4 + 1, 4 - n % 4) for n in range(60)]

    assert aggregates(tally_of(*answers), {}, {"complaint": 3}, RULE) == aggregates(
        tally_of(*reversed(answers)), {}, {"complaint": 3}, RULE
    )


def test_an_answer_without_personal_elements_says_nothing_about_a_person() -> None:
    tally: Tally = {}

    add(tally, about(), {"waktu": 4})

    assert tally == {}
