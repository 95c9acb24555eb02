"""A publisher writes its headers itself: they can neither stop a consumer nor lend somebody else's name."""

import struct
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from unit.servicekit.test_verdicts_become_messages import CONSUMER, PARTNERS, read

from servicekit.errors import Reject, Retry
from servicekit.frames import frame_handler, publish_frames
from servicekit.rejections import of_delivery
from servicekit.verdicts import Accepts, Failed, answer

ODD = ["x", "", -5, 1.5, None, True, [1], {"a": 1}, b"\xff"]


@pytest.mark.parametrize("value", ODD)
def test_a_count_that_is_none_counts_as_nothing(value):
    assert read(headers={"x-delivery-count": value}).count == 0


@pytest.mark.parametrize("value", ODD)
def test_a_failure_is_retried_from_the_first_delay_whatever_the_header_says(value):
    out = answer(
        read(headers={"x-failure": value, "x-attempt": value}), Failed("KeyError"), CONSUMER, "keeper"
    )

    assert out.routing_key == CONSUMER.retry_queue(CONSUMER.retry_delays[0])
    assert (out.headers["x-failure"], out.headers["x-attempt"]) == (1, 1)


@pytest.mark.parametrize("verdict", [Retry(1), Reject("unknown_unit"), Failed("KeyError")])
def test_the_origin_is_the_user_that_the_broker_checked(verdict):
    out = answer(read(headers={"x-origin-user": "front"}), verdict, CONSUMER, "keeper")

    assert out.headers["x-origin-user"] == "maker"


def test_a_claimed_origin_is_not_kept_for_a_replay_either():
    forged = read(user="maker2", headers={"x-origin-user": "maker"})

    assert forged.refusal == "wrong_user"
    assert answer(forged, None, CONSUMER, "keeper").headers["x-origin-user"] == "maker2"


def test_the_origin_of_what_comes_back_is_kept():
    returned = read(exchange="keeper.dlx", user="keeper", headers={"x-origin-user": "maker"})

    assert answer(returned, Retry(1), CONSUMER, "keeper").headers["x-origin-user"] == "maker"


def test_only_texts_and_numbers_are_sent_on():
    odd = {f"h{number}": value for number, value in enumerate(ODD)}
    out = answer(read(headers={**odd, "traceparent": "00-1"}), Retry(1), CONSUMER, "keeper")

    assert {type(value) for value in out.headers.values()} <= {str, int, bool}
    assert out.headers["traceparent"] == "00-1"


@pytest.mark.parametrize("name", ["message_id", "correlation_id", "type", "content_type"])
def test_half_a_character_in_a_property_can_be_set_aside(name):
    refused = read(**{name: "a\ud800"})

    letter = answer(refused, Reject("unknown_unit"), CONSUMER, "keeper")

    assert "a\ud800".encode("utf-8", "surrogatepass") in publish_frames(1, 131_072, letter)


@pytest.mark.parametrize(
    "properties",
    [
        struct.pack(">H", 1 << 15) + b"\x02\xff\xfe",  # a content type that is no text
        struct.pack(">H", 1 << 13) + struct.pack(">I", 4) + b"\x01a?\x00",  # a header of a type nobody knows
    ],
)
def test_a_message_whose_properties_cannot_be_read_arrives_without_any(properties):
    arrived = []
    handle = frame_handler(SimpleNamespace(bytes_recv=0), lambda *parts: arrived.append(parts[3]))
    content = struct.pack(">HHQ", 60, 0, 2) + properties

    for kind, payload in ((1, struct.pack(">HH", 60, 60)), (2, content), (3, b"{}")):
        handle((kind, 1, payload))

    assert [(one.properties, one.body) for one in arrived] == [({}, b"{}")]


@pytest.mark.parametrize(("name", "shown"), [("message_id", "event_id"), ("type", "event_type")])
def test_who_sent_half_a_character_is_told_why_it_was_refused(name, shown):
    partner = {"exchange": "open.events", "user": "partner-pdam", "body": b"{"}
    refused = read(Accepts(PARTNERS), **partner, **{name: "a\ud800"})

    told = of_delivery(refused, service="keeper", at=datetime(2026, 11, 24, tzinfo=UTC))

    assert told is not None
    assert (told.data["department"], told.data[shown]) == ("pdam", "a")
    assert b"pdam" in told.to_bytes()
