import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from servicekit.contracts import Contracts
from servicekit.rejections import (
    WORDS,
    Rejection,
    broken_contract,
    of_delivery,
    publisher_of,
    rejected,
    told,
    untimely,
)
from servicekit.testing import make_event
from servicekit.topology import Topology
from servicekit.verdicts import Accepts, Delivery

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


@pytest.mark.parametrize(
    ("ago", "reason"),
    [
        (timedelta(minutes=-5), None),
        (timedelta(minutes=-5, seconds=-1), "invalid"),
        (timedelta(days=45), None),
        (timedelta(days=45, seconds=1), "too_late"),
    ],
)
def test_an_event_is_told_when_its_time_cannot_be(ago, reason):
    why = untimely(make_event(time=AT - ago), AT)

    assert (why.reason if why else None) == reason


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


DEPARTMENTS = Topology.load(Path(__file__).resolve().parents[3] / "contracts").consumer(
    "complaints", "on_department_event"
)
PHRASES = [
    "wrong_content_type",
    "invalid_json",
    "not_an_object",
    "oversize",
    "unknown_specversion",
    "unknown_type",
    "wrong_message_id",
    "missing_user",
    "wrong_user",
    "missing_id",
    "invalid_id",
    "missing_time",
    "missing_data",
    "invalid_time",
    "invalid_dataschema",
    "another_phrase_of_a_later_day",
]


def delivered(refusal="invalid_json", publisher="pdam", body=b"{", **properties):
    return Delivery(1, body, {"message_id": "m-1", **properties}, {}, 0, None, refusal, publisher)


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_unreadable_message_is_told_in_words_that_fit_the_contract(phrase):
    event = of_delivery(delivered(phrase), service="complaints", at=AT)

    assert event is not None
    CONTRACTS.validate(event)
    assert event.source == "/complaints"
    assert event.data["event_id"] == "m-1"


def test_the_same_unreadable_message_is_told_under_the_same_id():
    first, again, other = (
        of_delivery(one, service="complaints", at=AT)
        for one in (delivered(), delivered(), delivered(body=b"[]"))
    )

    assert first is not None and again is not None and other is not None
    assert first.id == again.id
    assert first.id != other.id


def test_there_is_nobody_to_tell_of_a_message_without_a_publisher_or_a_fault():
    assert of_delivery(delivered(publisher=None), service="complaints", at=AT) is None
    assert of_delivery(delivered(refusal=None), service="complaints", at=AT) is None


def test_a_message_without_an_id_is_told_without_one():
    event = of_delivery(delivered(message_id=None), service="complaints", at=AT)

    assert event is not None
    CONTRACTS.validate(event)
    assert event.data["event_id"] is None


@pytest.mark.parametrize(
    ("user", "key", "exchange", "publisher"),
    [
        ("t-dept-pdam", "pdam.x", "departments.events", "pdam"),
        # The broker lets a department write keys with its own code alone, so the key tells as much.
        (None, "pdam.x", "departments.events", "pdam"),
        ("t-gateway", "pdam.x", "departments.events", "pdam"),
        # What came back from a retry was readable once; its keys are queue names.
        ("t-complaints", "evt-complaints-x", "complaints.dlx", None),
    ],
)
def test_the_publisher_of_a_message_is_the_one_that_the_broker_vouches_for(user, key, exchange, publisher):
    message = SimpleNamespace(
        body=b"{",
        properties={"user_id": user} if user else {},
        delivery_info={"delivery_tag": 1, "exchange": exchange, "routing_key": key},
    )

    delivery = Accepts(DEPARTMENTS, user_prefix="t-").read(message)

    assert delivery.refusal is not None
    assert delivery.publisher == publisher
