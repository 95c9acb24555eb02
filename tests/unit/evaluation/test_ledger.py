from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation.city_tables import jp, policy

from evaluation.domain.ledger import (
    AWAITING_RULE,
    CLAIMED,
    REJECTED,
    REVERSED,
    VERIFIED,
    Line,
    Year,
    overlapping,
    status_of,
    year_total,
)

MIX_OF = {form.form: form.mix for form in jp().forms.values()}
POLICY = policy()


def line(
    entry_id: str,
    jp: int | None,
    start: date,
    days: int = 1,
    status: str = VERIFIED,
    form: str = "workshop",
    reverses: str | None = None,
) -> Line:
    return Line(entry_id, form, start, start + timedelta(days=days - 1), jp, status, reverses)


def total(*lines: Line, year: int = 2026) -> Year:
    return year_total(lines, year, POLICY.jp_duty, MIX_OF, POLICY.learning_mix)


MARCH, MAY, JUNE = date(2026, 3, 2), date(2026, 5, 4), date(2026, 6, 8)


def test_two_workshops_and_a_seminar_leave_a_gap_of_one() -> None:
    found = total(line("a", 10, MARCH, 2), line("b", 5, MAY), line("c", 4, JUNE, form="seminar"))

    assert (found.target, found.verified, found.gap) == (20, 19, 1)


def test_only_verified_entries_count() -> None:
    found = total(
        line("a", 10, MARCH),
        line("b", 7, MAY, status=CLAIMED),
        line("c", 9, JUNE, status=REJECTED),
        line("d", None, JUNE, status=AWAITING_RULE),
    )

    assert (found.verified, found.claimed, found.awaiting, found.gap) == (10, 7, 1, 10)


def test_the_gap_is_never_negative() -> None:
    assert total(line("a", 48, MARCH)).gap == 0


def test_an_activity_belongs_to_the_year_it_ended_in() -> None:
    over_new_year = line("a", 10, date(2025, 12, 30), 5)

    assert total(over_new_year).verified == 10
    assert total(over_new_year, year=2025).verified == 0


def test_a_reversing_entry_takes_back_and_both_stay() -> None:
    lines = [line("a", 10, MARCH), line("b", -10, MARCH, reverses="a"), line("c", 5, MAY)]

    found = total(*lines)

    assert found.verified == 5
    assert [status_of(one, lines) for one in lines] == [REVERSED, REVERSED, VERIFIED]
    assert found.overlapping == frozenset()


def test_an_entry_marked_as_reversed_counts_no_more() -> None:
    assert total(line("a", 10, MARCH, status=REVERSED)).verified == 0


def test_overlapping_days_are_flagged_on_both() -> None:
    lines = [line("a", 10, MARCH, 5), line("b", 5, MARCH + timedelta(days=4)), line("c", 5, MAY)]

    assert overlapping(lines) == {"a", "b"}
    assert total(*lines).verified == 20


def test_a_rejected_entry_overlaps_nothing() -> None:
    assert overlapping([line("a", 10, MARCH, 5), line("b", 5, MARCH, status=REJECTED)]) == frozenset()


def test_the_learning_mix_is_reported_beside_what_is_expected() -> None:
    found = total(
        line("a", 10, MARCH), line("b", 20, MAY, form="magang"), line("c", 10, JUNE, form="unknown_form")
    )

    assert (found.mix["class"].jp, found.mix["class"].share, found.mix["class"].expected) == (
        10,
        Fraction(1, 4),
        10,
    )
    assert (found.mix["work"].jp, found.mix["work"].expected) == (20, 70)
    assert (found.mix["coaching"].jp, found.mix["coaching"].share) == (0, Fraction(0))
    assert (found.mix["other"].jp, found.mix["other"].expected) == (10, None)


def test_shares_of_nothing_are_null() -> None:
    assert all(part.share is None for part in total().mix.values())


entries = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from([VERIFIED, CLAIMED, REJECTED, AWAITING_RULE]),
        st.integers(0, 40),
        st.integers(0, 360),
        st.integers(1, 9),
    ),
    max_size=12,
)


def lines_of(drawn: list[tuple[int, str, int, int, int]]) -> list[Line]:
    return [
        line(
            f"e{number}",
            None if status == AWAITING_RULE else amount,
            date(2026, 1, 1) + timedelta(day),
            days,
            status,
        )
        for number, (_, status, amount, day, days) in enumerate(drawn)
    ]


@given(entries, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(drawn: list[tuple[int, str, int, int, int]], random) -> None:  # type: ignore[no-untyped-def]
    lines = lines_of(drawn)
    repeated = lines + random.sample(lines, len(lines) // 2)
    random.shuffle(repeated)

    assert total(*repeated) == total(*lines)


@given(entries)
def test_overlaps_agree_with_comparing_every_pair(drawn: list[tuple[int, str, int, int, int]]) -> None:
    lines = lines_of(drawn)
    counted = [one for one in lines if one.status != REJECTED]
    expected = {
        one.entry_id
        for one in counted
        for other in counted
        if one is not other and one.start <= other.end and other.start <= one.end
    }

    assert overlapping(lines) == expected


@pytest.mark.parametrize("verified", [0, 19, 20, 21])
def test_gap_and_verified_add_up_to_the_duty_at_least(verified: int) -> None:
    found = total(line("a", verified, MARCH))

    assert found.verified + found.gap == max(verified, 20)
