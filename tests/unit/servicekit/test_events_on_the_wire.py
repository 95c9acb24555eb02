import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.envelope import MAX_BODY_BYTES, Event, MalformedEvent
from servicekit.ids import FrozenClock
from servicekit.testing import make_event

TEXT = st.text(min_size=1, max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
EVENTS = st.builds(
    Event,
    id=TEXT,
    source=TEXT,
    type=TEXT,
    subject=TEXT,
    time=st.datetimes(timezones=st.just(UTC)),
    data=st.dictionaries(st.text(max_size=10), JSON, max_size=5),
    aggregateversion=st.none() | st.integers(0, 10**6),
    correlationid=st.none() | TEXT,
    causationid=st.none() | TEXT,
    traceparent=st.none() | TEXT,
    dataschema=st.none() | TEXT,
)


@given(EVENTS)
def test_an_event_survives_the_wire(event):
    assert Event.from_bytes(event.to_bytes()) == event


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_malformed_with_a_constant_reason(body):
    try:
        Event.from_bytes(body)
    except MalformedEvent as malformed:
        assert malformed.reason.replace("_", "").isalpha()


def test_attributes_are_those_of_cloudevents():
    event = make_event(
        time=datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=7))), aggregateversion=3
    )

    document = json.loads(event.to_bytes())

    assert document["specversion"] == "1.0"
    assert document["datacontenttype"] == "application/json"
    assert document["time"] == "2026-01-01T20:04:00Z"
    assert document["aggregateversion"] == 3
    assert "correlationid" not in document
    assert all(name.islower() and name.isalnum() and len(name) <= 20 for name in document)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": ""}, "missing_id"),
        ({"id": None}, "missing_id"),
        ({"source": 3}, "missing_source"),
        ({"type": None}, "missing_type"),
        ({"subject": None}, "missing_subject"),
        ({"time": "yesterday"}, "invalid_time"),
        ({"time": "2026-01-01T00:00:00"}, "invalid_time"),
        ({"specversion": "0.3"}, "unknown_specversion"),
        ({"data": None}, "missing_data"),
        ({"data": "text"}, "missing_data"),
        ({"aggregateversion": "1"}, "invalid_aggregateversion"),
        ({"aggregateversion": True}, "invalid_aggregateversion"),
        ({"correlationid": 1}, "invalid_correlationid"),
        ({"traceparent": []}, "invalid_traceparent"),
    ],
)
def test_a_wrong_attribute_is_named(change, reason):
    document = {**make_event().to_dict(), **change}

    with pytest.raises(MalformedEvent) as caught:
        Event.from_bytes(json.dumps(document).encode())

    assert caught.value.reason == reason


def test_an_oversize_body_is_refused_before_it_is_parsed():
    with pytest.raises(MalformedEvent, match="oversize"):
        Event.from_bytes(b"x" * (MAX_BODY_BYTES + 1))


def test_unknown_attributes_are_ignored():
    document = {**make_event(id="e-1").to_dict(), "somethingnew": 1}

    assert Event.from_bytes(json.dumps(document).encode()).id == "e-1"


def test_a_time_without_zone_is_never_sent():
    with pytest.raises(ValueError, match="without zone"):
        make_event(time=datetime(2026, 1, 1)).to_bytes()


def test_a_caused_event_keeps_flow_and_trace_and_names_its_cause():
    cause = make_event(correlationid="flow", traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")

    effect = cause.caused(
        type="t.v1", subject="s", data={}, source="/here", clock=FrozenClock(), aggregateversion=2
    )

    assert (effect.correlationid, effect.causationid) == ("flow", cause.id)
    assert effect.traceparent == cause.traceparent
    assert effect.time == FrozenClock().now()
    assert effect.id != cause.id


def test_the_first_event_of_a_flow_names_it():
    cause = make_event()

    assert cause.caused(type="t.v1", subject="s", data={}, source="/here").correlationid == cause.id
