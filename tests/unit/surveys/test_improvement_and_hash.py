"""Plans and their speed score; the hash that names an altered answer."""

import hashlib
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.domain.canonical import answer_digest, canonical, inputs_hash
from surveys.domain.improvement import follow_up_score, is_overdue, next_state

ANSWER = {
    "id": "6b7e5c1e-0000-4000-8000-000000000001",
    "unit": "dpupr",
    "period": "2026-Q4",
    "questionnaire_version": "skm-14-2017.1",
    "scores": {"waktu": 3, "biaya": 4},
    "respondent": {"sex": "female"},
    "mode": None,
    "service_code": None,
}


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        ("planned", "start", "in_progress"),
        ("planned", "complete", "done"),
        ("in_progress", "complete", "done"),
        ("planned", "cancel", "cancelled"),
        ("in_progress", "cancel", "cancelled"),
        ("in_progress", "start", None),
        ("done", "complete", None),
        ("done", "cancel", None),
        ("cancelled", "start", None),
    ],
)
def test_states_of_a_plan(state: str, action: str, expected: str | None) -> None:
    assert next_state(state, action) == expected


def test_a_plan_is_overdue_after_its_day_while_it_is_open() -> None:
    due = date(2026, 12, 1)

    assert not is_overdue("planned", due, due)
    assert is_overdue("in_progress", due, date(2026, 12, 2))
    assert not is_overdue("done", due, date(2026, 12, 2))


@pytest.mark.parametrize(
    ("done", "score"),
    [
        ("2025-02-28", 5),
        ("2025-03-01", 4),
        ("2025-04-30", 4),
        ("2025-05-01", 3),
        ("2025-10-31", 2),
        ("2026-01-31", 1),
        ("2026-02-01", 0),
    ],
)
def test_speed_of_follow_up(done: str, score: int) -> None:
    found = follow_up_score(
        date(2025, 1, 31), date.fromisoformat(done), all_done=True, today=date(2027, 1, 1)
    )

    assert found == score


def test_an_open_plan_shows_the_score_that_can_still_be_reached() -> None:
    published = date(2025, 1, 31)

    assert follow_up_score(published, date(2025, 2, 1), all_done=False, today=date(2025, 5, 1)) == 3
    assert follow_up_score(published, None, all_done=False, today=date(2026, 6, 1)) == 0


def test_the_digest_can_be_computed_by_anybody() -> None:
    text = json.dumps(ANSWER, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert answer_digest(ANSWER) == hashlib.sha256(text.encode()).hexdigest()


@given(st.sampled_from(["waktu", "biaya"]), st.integers(1, 4))
def test_any_altered_score_alters_the_digest(key: str, score: int) -> None:
    altered = {**ANSWER, "scores": {**ANSWER["scores"], key: score}}  # type: ignore[dict-item]

    assert (answer_digest(altered) == answer_digest(ANSWER)) == (altered == ANSWER)


def test_the_inputs_hash_knows_no_order() -> None:
    common = {
        "unit": "dpupr",
        "period": "2026-Q4",
        "questionnaire_version": "1",
        "band_version": "b",
        "method": "m",
    }

    assert inputs_hash(**common, digests=["b", "a"]) == inputs_hash(**common, digests=["a", "b"])
    assert inputs_hash(**common, digests=["a"]) != inputs_hash(**common, digests=["a", "a"])
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
