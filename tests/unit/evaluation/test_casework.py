"""What is known of a case is a set: any order and any number of tellings end alike."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.domain import casework
from evaluation.domain.outcomes import Subject
from evaluation.incoming import Unreadable, closure, dispute, guarded, reopening
from servicekit.contracts import Contracts
from servicekit.testing import make_event

CONTRACTS = Contracts.load(Path(__file__).parents[3] / "contracts")
ZONE = ZoneInfo("Asia/Jakarta")
CODE = "7K3M9QXD4TRWH"


def told(no: int = 1, **changes: Any) -> Any:
    data = {**CONTRACTS.examples("complaint.closed.v1")[0], "closure_no": no, **changes}
    at = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=no)
    return ("closed", closure(make_event("complaint.closed.v1", data, time=at, id=f"event-{no}-{changes}")))


def apply(facts: Any) -> Any:
    case = casework.empty(CODE)
    for kind, fact in facts:
        if kind == "closed":
            case = casework.with_closure(case, {k: v for k, v in fact.items() if k != "complaint_id"})
        elif kind == "disputed":
            case = casework.with_dispute(case, fact)
        else:
            case = casework.with_reopening(case, fact)
    return case


DISPUTE = {"number": 1, "unit": "dpupr", "handler": "staf-017"}
FACTS = [
    told(1),
    told(2, handler_ref="staf-018"),
    told(2, handler_ref="staf-019"),
    ("reopened", 1),
    ("disputed", DISPUTE),
]


def test_every_order_of_the_facts_of_a_case_ends_alike() -> None:
    expected = apply(FACTS)

    for order in itertools.permutations(FACTS):
        assert apply(order) == expected
        assert casework.rows_of(apply(order), ZONE) == casework.rows_of(expected, ZONE)


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_repetition_changes_nothing(seed: int, extra: int) -> None:
    chance = random.Random(seed)
    repeated = FACTS + chance.choices(FACTS, k=extra)
    chance.shuffle(repeated)

    assert apply(repeated) == apply(FACTS)


def test_the_newest_closure_counts_and_a_reopened_one_does_not() -> None:
    assert casework.rows_of(apply([told(1)]), ZONE)
    assert casework.rows_of(apply([told(1), ("reopened", 1)]), ZONE) == []
    again = casework.rows_of(apply([told(2), ("reopened", 1)]), ZONE)
    assert {row.subject for row in again} >= {Subject("dpupr", None), Subject("dpupr", "staf-017")}


@pytest.mark.parametrize("flag", ["inspectorate", "confidential", "supervisory"])
def test_a_guarded_case_leaves_its_number_and_nothing_else(flag: str) -> None:
    kind, fact = told(2, **{flag: True})

    assert (fact["guarded"], fact["facts"]) == (True, None)
    assert casework.rows_of(apply([told(1), (kind, fact)]), ZONE) == []


def test_what_does_not_say_that_it_is_open_counts_as_guarded() -> None:
    assert guarded({})
    assert guarded({"inspectorate": False})
    assert not guarded({"inspectorate": False, "confidential": False})


def test_the_quarter_is_that_of_the_citys_day() -> None:
    (row, *_) = casework.rows_of(apply([told(1, closed_at="2026-09-30T18:00:00+00:00")]), ZONE)
    assert row.period == "2026-Q4"


def test_nobody_who_reported_is_kept() -> None:
    _, fact = told(1)

    assert not {"contact_ref", "anonymous"} & set(fact["facts"])


@pytest.mark.parametrize("type_", ["complaint.closed.v1", "complaint.reopened.v1", "complaint.disputed.v1"])
def test_every_example_reads(type_: str) -> None:
    readers = {"complaint.closed.v1": closure, "complaint.reopened.v1": reopening}
    reader: Any = readers.get(type_, dispute)

    for data in CONTRACTS.examples(type_):
        assert reader(make_event(type_, {**data, "unheard_of": 1}))


@pytest.mark.parametrize("field", ["complaint_id", "closure_no", "closed_at", "stages", "kind"])
def test_what_lacks_a_field_that_is_used_is_unreadable(field: str) -> None:
    data = {k: v for k, v in CONTRACTS.examples("complaint.closed.v1")[0].items() if k != field}

    with pytest.raises(Unreadable):
        closure(make_event("complaint.closed.v1", data))
