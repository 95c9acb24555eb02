import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.domain.outcomes import (
    ClosedCase,
    Counts,
    Dispute,
    Stage,
    Subject,
    closed_case,
    contributions,
    dispute,
)

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts" / "complaints"
START = datetime(2026, 11, 2, 2, tzinfo=UTC)
DPUPR, DLH = Subject("dpupr"), Subject("dlh")
ANI, BUDI = Subject("dpupr", "staf-1"), Subject("dpupr", "staf-2")


def stage(
    begins: int,
    ends: int,
    handler: str | None = "staf-1",
    unit: str | None = "dpupr",
    *,
    name: str = "resolve",
    minutes: int = 60,
    overdue: bool = False,
    arrived_late: bool = False,
    bounced: bool = False,
    deadline: bool = True,
) -> Stage:
    """A stage from one hour to another."""
    return Stage(
        stage=name,
        unit=unit,
        handler=handler,
        started_at=START + timedelta(hours=begins),
        ended_at=START + timedelta(hours=ends),
        working_minutes=minutes,
        has_deadline=deadline,
        overdue=overdue,
        overdue_on_arrival=arrived_late,
        bounced=bounced,
    )


def case(*stages: Stage, **changes: object) -> ClosedCase:
    base = ClosedCase(
        complaint_id="7K3M9QXD4TRWH",
        closure_no=1,
        service_code="jalan-berlubang",
        kind="complaint",
        channel="web",
        unit="dpupr",
        handler="staf-1",
        outcome="granted",
        closed_by="reporter",
        reason="confirmed",
        closed_at=START + timedelta(days=30),
        was_answered_first=True,
        overdue_on_arrival=False,
        disputes=0,
        supervisory=False,
        stages=stages,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_an_ordinary_case_counts_for_unit_and_handler_alike() -> None:
    found = contributions(case(stage(0, 9), stage(0, 2, name="first_response", minutes=75)))

    expected = Counts(1, 1, 1, 1, 1, 0, 1, ((75, 1),), (("granted", 1),))
    assert found == {DPUPR: expected, ANI: expected}


def test_a_late_stage_is_charged_to_whom_it_was_late_at() -> None:
    found = contributions(
        case(stage(0, 50, "staf-1", overdue=True), stage(50, 60, "staf-2", overdue=True, arrived_late=True))
    )

    assert (found[ANI].on_time, found[ANI].on_time_of) == (0, 1)
    assert found[DPUPR].on_time == 0
    assert found[BUDI].on_time_of == 0


def test_a_case_that_arrived_overdue_is_charged_to_nobody() -> None:
    found = contributions(case(stage(0, 9, overdue=True, arrived_late=True)))

    assert found[ANI].on_time_of == 0
    assert found[DPUPR].on_time_of == 0
    assert found[ANI].closed == 1


def test_what_was_sent_back_counts_neither_way() -> None:
    found = contributions(
        case(
            stage(0, 5, "staf-9", "dlh", overdue=True, bounced=True),
            stage(0, 5, "staf-9", "dlh", name="first_response", bounced=True, overdue=True),
            stage(6, 9),
        )
    )

    assert DLH not in found
    assert Subject("dlh", "staf-9") not in found
    assert found[ANI].on_time == found[ANI].on_time_of == 1


def test_a_stage_without_a_deadline_cannot_be_late() -> None:
    assert contributions(case(stage(0, 900, deadline=False)))[ANI].on_time_of == 0


def test_work_before_a_unit_has_the_case_is_no_evidence() -> None:
    found = contributions(case(stage(0, 1, "staf-7", None, name="verify", overdue=True), stage(1, 5)))

    assert set(found) == {DPUPR, ANI}


def test_one_case_is_one_chance_to_be_on_time() -> None:
    found = contributions(case(stage(0, 3), stage(0, 1, name="first_response", overdue=True), stage(5, 9)))

    assert (found[ANI].on_time, found[ANI].on_time_of) == (0, 1)


def test_a_dispute_is_charged_to_who_gave_the_answer() -> None:
    found = contributions(case(stage(0, 5, "staf-1"), stage(8, 12, "staf-2"), handler="staf-2", disputes=1))

    assert (found[ANI].disputed, found[ANI].disputed_of) == (1, 1)
    assert (found[BUDI].disputed, found[BUDI].disputed_of) == (0, 1)
    assert (found[DPUPR].disputed, found[DPUPR].disputed_of) == (1, 2)
    assert found[BUDI].confirmed == 1


def test_handing_on_is_no_answer() -> None:
    found = contributions(case(stage(0, 5, "staf-1"), stage(5, 9, "staf-2"), handler="staf-2"))

    assert found[ANI].disputed_of == 0
    assert found[BUDI].disputed_of == 1


def test_a_dispute_says_nothing_about_being_on_time() -> None:
    found = contributions(
        case(stage(0, 5, "staf-1"), stage(8, 90, "staf-2", overdue=True), handler="staf-2", disputes=1)
    )

    assert (found[ANI].on_time, found[ANI].disputed) == (1, 1)
    assert (found[BUDI].on_time, found[BUDI].disputed) == (0, 0)


REOPENED: Sequence[Stage] = (stage(0, 5, "staf-1"), stage(8, 9, "staf-2"), stage(20, 24, "staf-2"))


def test_with_a_reopening_the_dispute_itself_tells_who_is_meant() -> None:
    told = Dispute("7K3M9QXD4TRWH", 1, "dpupr", "staf-1")
    other = Dispute("ANOTHERCASE00", 1, "dpupr", "staf-2")

    found = contributions(case(*REOPENED, handler="staf-2", disputes=1), [told, other, told])

    assert (found[ANI].disputed, found[BUDI].disputed, found[DPUPR].disputed) == (1, 0, 1)


def test_a_dispute_nobody_can_place_is_charged_to_the_unit_alone() -> None:
    found = contributions(case(*REOPENED, handler="staf-2", disputes=1))

    assert (found[ANI].disputed, found[BUDI].disputed) == (0, 0)
    assert (found[DPUPR].disputed, found[DPUPR].disputed_of) == (1, 3)


@pytest.mark.parametrize(
    ("changes", "confirmed", "of"),
    [
        ({"reason": "confirmed", "closed_by": "reporter"}, 1, 1),
        ({"reason": "silence", "closed_by": "timer"}, 0, 1),
        ({"reason": "confirmed", "closed_by": "staff"}, 0, 0),
        ({"reason": "unreachable", "closed_by": "timer"}, 0, 0),
        ({"reason": "info_not_provided", "closed_by": "timer", "outcome": None}, 0, 0),
    ],
)
def test_only_the_citizen_confirms(changes: dict[str, object], confirmed: int, of: int) -> None:
    found = contributions(case(stage(0, 9), **changes))

    assert (found[ANI].confirmed, found[ANI].confirmed_of) == (confirmed, of)


def test_a_case_without_an_answer_has_no_outcome_and_no_disputed_answer() -> None:
    found = contributions(case(stage(0, 9), outcome=None, reason="info_not_provided", closed_by="timer"))

    assert found[ANI].outcomes == ()
    assert found[ANI].disputed_of == 0


def test_a_case_of_the_inspectorate_is_no_evidence() -> None:
    assert contributions(case(stage(0, 9), supervisory=True)) == {}


def test_no_visible_reaction_gives_no_minutes_instead_of_zero() -> None:
    found = contributions(
        case(stage(0, 9), stage(0, 9, name="first_response", minutes=0), was_answered_first=False)
    )

    assert found[ANI].answer_minutes == ()
    assert found[ANI].first_answer_minutes is None


def test_the_first_reaction_counts_once_a_case() -> None:
    found = contributions(
        case(
            stage(0, 5),
            stage(7, 9, name="first_response", minutes=90),
            stage(0, 2, name="first_response", minutes=30),
            stage(7, 9),
            disputes=1,
        )
    )

    assert found[ANI].answer_minutes == ((30, 1),)


def test_every_example_of_the_contract_is_read() -> None:
    examples = json.loads((CONTRACTS / "complaint.closed.v1.json").read_text())["examples"]

    cases = [closed_case(example) for example in examples]
    found = [contributions(one) for one in cases]

    assert [one.reason for one in cases] == ["confirmed", "unreachable", "info_not_provided"]
    assert all(one[DPUPR].on_time == 1 for one in found)
    assert found[0][Subject("dpupr", "staf-017")].confirmed == 1


def test_every_example_of_a_dispute_is_read() -> None:
    examples = json.loads((CONTRACTS / "complaint.disputed.v1.json").read_text())["examples"]

    found = [dispute(example) for example in examples]

    assert [one.number for one in found] == [example["disputes"] for example in examples]
    assert [one.unit for one in found] == [example["disputed_unit"] for example in examples]


counts = st.builds(
    Counts,
    closed=st.integers(0, 9),
    on_time=st.integers(0, 9),
    on_time_of=st.integers(0, 9),
    disputed=st.integers(0, 9),
    answer_minutes=st.dictionaries(st.integers(0, 500), st.integers(1, 4), max_size=5).map(
        lambda found: tuple(sorted(found.items()))
    ),
    outcomes=st.dictionaries(st.sampled_from(["granted", "partial", "refused"]), st.integers(1, 4)).map(
        lambda found: tuple(sorted(found.items()))
    ),
)


@given(counts, counts, counts)
def test_merging_is_commutative_and_associative(a: Counts, b: Counts, c: Counts) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Counts() == a


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=30))
def test_the_median_survives_merging(minutes: list[int]) -> None:
    merged = sum((Counts(answer_minutes=((one, 1),)) for one in minutes), Counts())

    assert merged.first_answer_minutes == Fraction(median(minutes))
    assert merged.first_answers == len(minutes)


@given(st.permutations([stage(0, 5, "staf-1"), stage(8, 12, "staf-2"), stage(0, 1, name="first_response")]))
def test_the_order_of_stages_changes_nothing(stages: list[Stage]) -> None:
    expected = contributions(
        case(stage(0, 5, "staf-1"), stage(8, 12, "staf-2"), stage(0, 1, name="first_response"), disputes=1)
    )

    assert contributions(case(*stages, disputes=1)) == expected


@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["staf-1", "staf-2", None])),
        max_size=6,
    ),
    st.integers(0, 6),
)
def test_no_share_is_ever_more_than_all(
    drawn: list[tuple[bool, bool, bool, str | None]], disputes: int
) -> None:
    stages = [
        stage(10 * place, 10 * place + 9, handler, overdue=overdue, arrived_late=late, bounced=bounced)
        for place, (overdue, late, bounced, handler) in enumerate(drawn)
    ]

    for found in contributions(case(*stages, disputes=disputes)).values():
        assert found.on_time <= found.on_time_of <= 1
        assert found.confirmed <= found.confirmed_of <= 1
        assert found.disputed <= found.disputed_of <= len(stages)
