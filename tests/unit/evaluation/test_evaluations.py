"""The workflow of a period, without a store: which step is possible when, and what a payload must hold."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.domain import evaluations as workflow
from evaluation.domain.evaluations import POSSIBLE, Evaluation, Predikat
from evaluation.domain.staff import Staff
from evaluation.errors import NotAllowed, NotValid

AT = datetime(2026, 10, 5, tzinfo=UTC)
PERSON = Staff("p-1", 1, "dukcapil", "asn_pns", "Petugas", (), "rater-1", "superior-1")
LABELS = {"baik": {"id": "Baik", "en": "Good"}}
ROW = {"result": "KTP terbit", "aspect": "waktu", "indicator": "hari", "target": "3", "kind": "utama"}
ITEM = {"evidence_id": "i-1", "value": 3.4}
RATING = {
    "results": "sesuai",
    "behaviour": "di_atas",
    "reasons": {"results": "a", "behaviour": "b"},
    "evidence_ids": ["i-1"],
}


_NAMES = ("results", "behaviour", "reasons", "evidence_ids", "documents", "predikat", "reference", "kind")
_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats()
JUNK = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6),
    max_leaves=10,
)


def opened(record: str = "tanggap", person: Staff = PERSON, **dates: date) -> Evaluation:
    start, end = dates.get("start", date(2026, 7, 1)), dates.get("end", date(2026, 9, 30))
    return workflow.open_new("e-1", person, start, end, record, AT)


def predikat_of(results: str, behaviour: str) -> Predikat:
    return Predikat("baik", LABELS["baik"], "6-2022", "issued")


def rated(record: str = "tanggap") -> Evaluation:
    found = workflow.expect(opened(record), {"results": [ROW]}).evaluation
    found = workflow.agree(found).evaluation
    return workflow.rate(found, RATING, [ITEM], AT).evaluation


def refused(code: str, step: Any, *args: Any) -> None:
    with pytest.raises(NotAllowed) as refusal:
        step(*args)
    assert refusal.value.code == code


def test_who_is_not_to_be_rated_gets_no_period() -> None:
    for person, code in (
        (replace(PERSON, status="non_asn"), "not_asn"),
        (replace(PERSON, active=False), "not_active"),
        (replace(PERSON, rater_ref=None), "no_rater"),
        (replace(PERSON, rater_ref="p-1"), "conflict_of_interest"),
    ):
        refused(code, opened, "tanggap", person)


def test_a_period_is_a_year_at_most_and_ends_after_it_begins() -> None:
    assert opened(start=date(2026, 1, 1), end=date(2026, 12, 31)).state == "opened"
    assert opened(start=date(2024, 1, 1), end=date(2024, 12, 31)).state == "opened"
    for end in (date(2027, 1, 2), date(2025, 12, 31)):
        with pytest.raises(NotValid):
            opened(start=date(2026, 1, 1), end=end)


@pytest.mark.parametrize("superior", ["rater-1", "p-1", None])
def test_the_decider_is_neither_rater_nor_person(superior: str | None) -> None:
    assert opened(person=replace(PERSON, superior_ref=superior)).decider_ref is None


@pytest.mark.parametrize("state", workflow.STATES)
@pytest.mark.parametrize("action", workflow.ACTIONS)
def test_every_step_is_possible_in_its_states_alone(state: str, action: str) -> None:
    evaluation = replace(opened(), state=state)

    if state in POSSIBLE[action]:
        workflow.check_state(evaluation, action)
    else:
        with pytest.raises(NotAllowed):
            workflow.check_state(evaluation, action)


def test_after_a_result_nothing_rates_any_more() -> None:
    final = workflow.finalise(rated(), predikat_of, None, (), AT).evaluation

    for action in ("expect", "agree", "rate", "finalise", "import"):
        refused("final", workflow.check_state, final, action)


def test_expectations_name_a_main_result_with_indicator_and_target() -> None:
    extra = workflow.expect(opened(), {"results": [{**ROW, "kind": "tambahan"}]}).evaluation
    bare = workflow.expect(opened(), {"results": [{**ROW, "target": " "}]}).evaluation

    refused("no_main_result", workflow.agree, extra)
    refused("incomplete", workflow.agree, bare)


def test_wrong_expectations_are_refused_field_by_field() -> None:
    rows = [{**ROW, "aspect": "rasa", "result": ""}, {"id": "r1", **ROW}, {"id": "r1", **ROW}]
    with pytest.raises(NotValid) as refusal:
        workflow.expect(opened(), {"results": rows, "behaviours": {"jujur": "x"}})

    assert {(f.pointer, f.code) for f in refusal.value.faults} == {
        ("/results/0/result", "required"),
        ("/results/0/aspect", "unknown_value"),
        ("/results", "id_twice"),
        ("/behaviours/jujur", "unknown_key"),
    }
    for rows_ in (None, [], "x", [ROW] * 51):
        with pytest.raises(NotValid):
            workflow.expect(opened(), {"results": rows_})


def test_one_axis_alone_makes_no_rating() -> None:
    agreed = workflow.agree(workflow.expect(opened(), {"results": [ROW]}).evaluation).evaluation

    for axis in ("results", "behaviour"):
        with pytest.raises(NotValid) as refusal:
            workflow.rate(agreed, {**RATING, axis: None}, [ITEM], AT)
        assert [f.pointer for f in refusal.value.faults] == [f"/{axis}"]
    refused("rating_incomplete", workflow.finalise, agreed, predikat_of, None, (), AT)


def test_the_national_record_is_imported_with_its_reference() -> None:
    refused("official_record_elsewhere", workflow.finalise, rated("e-kinerja"), predikat_of, None, (), AT)
    refused("official_record_here", workflow.import_result, rated(), {"predikat": "baik"}, LABELS, "v", AT)
    for payload in ({"predikat": "baik"}, {"reference": "EK-1"}, {"predikat": "hebat", "reference": "EK-1"}):
        with pytest.raises(NotValid):
            workflow.import_result(rated("e-kinerja"), payload, LABELS, "v", AT)

    step = workflow.import_result(
        rated("e-kinerja"), {"predikat": "baik", "reference": "EK-1"}, LABELS, "v", AT
    )

    assert (step.evaluation.state, step.evaluation.reference) == ("finalised", "EK-1")
    assert (step.told, step.sealed) == (("finalised",), True)


def test_the_first_opening_counts() -> None:
    final = workflow.finalise(rated(), predikat_of, None, (), AT).evaluation
    step = workflow.start_clock(final, "read", AT, date(2026, 10, 19))
    assert step is not None

    assert workflow.start_clock(step.evaluation, "hand_over", AT, date(2027, 1, 1)) is None
    assert step.evaluation.object_until == date(2026, 10, 19)


@settings(max_examples=60)
@given(JUNK)
def test_whatever_is_sent_is_read_or_refused(payload: Any) -> None:
    agreed = workflow.agree(workflow.expect(opened(), {"results": [ROW]}).evaluation).evaluation
    steps: list[Any] = [
        lambda: workflow.expect(opened(), payload),
        lambda: workflow.rate(agreed, payload, [ITEM], AT),
        lambda: workflow.import_result(rated("e-kinerja"), payload, LABELS, "v", AT),
        lambda: workflow.follow_up(rated(), payload, AT),
    ]
    for step in steps:
        try:
            assert step().evaluation.version > 1
        except NotValid as refusal:
            assert refusal.faults
