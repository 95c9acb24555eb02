import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from servicekit.contracts import Contracts
from servicekit.rejections import WORDS, Rejection, broken_contract, publisher_of, rejected, told
from servicekit.testing import make_event

CONTRACTS = Contracts.load(Path(__file__).resolve().parents[3] / "contracts")
AT = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
REASONS = CONTRACTS.schemas["event.rejected.v1"]["properties"]["reason"]["enum"]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_the_contract_has_words_in_both_languages(reason):
    event = rejected(make_event(), "pdam", Rejection(reason, "/unit"), source="/complaints", at=AT)

    CONTRACTS.validate(event)
    assert event.data["message"]["id"] != event.data["message"]["en"]
    assert set(WORDS) == set(REASONS)


def test_a_broken_contract_is_told_place_by_place_without_a_value():
    event = make_event("case.progressed.v1", {"complaint_id": "Siti", "action": "Siti", "nama": "Siti"})

    why = broken_contract(CONTRACTS, event)

    assert why is not None
    assert (why.reason, why.pointer) == ("invalid", "/action")
    told_event = rejected(event, "pdam", why, source="/complaints", at=AT)
    CONTRACTS.validate(told_event)
    text = json.dumps(told_event.data)
    assert "Siti" not in text
    for place in ("/action", "/at", "/complaint_id", "/nama"):
        assert place in told_event.data["message"]["id"]
        assert place in told_event.data["message"]["en"]


def test_many_problems_are_counted_and_not_listed():
    why = broken_contract(CONTRACTS, make_event("staff.changed.v1", {"x": 1, "y": 2}))

    assert why is not None
    assert why.words is not None
    assert "and 3 more" in why.words[1]


def test_a_good_event_breaks_nothing():
    for type_ in ("case.progressed.v1", "service.delivered.v1", "staff.changed.v1", "training.completed.v1"):
        for data in CONTRACTS.examples(type_):
            assert broken_contract(CONTRACTS, make_event(type_, data)) is None


def test_a_message_that_is_no_event_can_be_told_too():
    event = told("pdam", Rejection("invalid"), source="/surveys", at=AT, event_id=None, event_type=None)

    CONTRACTS.validate(event)
    assert (event.data["event_id"], event.subject) == (None, event.id)


def test_an_id_longer_than_the_contract_allows_is_cut():
    event = rejected(make_event(id="x" * 300), "pdam", Rejection("conflict"), source="/complaints", at=AT)

    CONTRACTS.validate(event)
    assert event.data["event_id"] == "x" * 80


def test_the_refusal_belongs_to_the_flow_of_the_refused():
    cause = make_event(correlationid="flow-1")

    event = rejected(cause, "pdam", Rejection("conflict"), source="/complaints", at=AT)

    assert (event.correlationid, event.causationid, event.subject) == ("flow-1", cause.id, cause.id)


def test_the_publisher_is_in_the_source():
    assert publisher_of(make_event(source="/departments/pdam"), "/departments/") == "pdam"
    assert publisher_of(make_event(source="/gateway"), "/departments/") is None
