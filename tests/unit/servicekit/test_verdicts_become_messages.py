from pathlib import Path
from types import SimpleNamespace

import pytest
from unit.servicekit.test_topology_is_interpreted import DOCUMENT

from servicekit.envelope import CONTENT_TYPE
from servicekit.errors import Reject, Retry
from servicekit.testing import make_event
from servicekit.topology import Topology
from servicekit.verdicts import MAX_ATTEMPTS, Accepts, Failed, Postponed, answer

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
CONSUMER = Topology.parse(DOCUMENT).consumer("keeper", "on_thing")
PARTNERS = Topology.parse(DOCUMENT).consumer("keeper", "on_delivered")


def message(event=None, body=None, exchange="maker.events", user="maker", headers=None, **properties):
    event = event or make_event("thing.made.v1", source="/maker")
    return SimpleNamespace(
        body=body if body is not None else event.to_bytes(),
        properties={
            "content_type": CONTENT_TYPE,
            "message_id": event.id,
            "application_headers": headers or {},
            **({"user_id": user} if user else {}),
            **properties,
        },
        delivery_info={"delivery_tag": 7, "exchange": exchange},
    )


def read(accepts=None, **parts):
    return (accepts or Accepts(CONSUMER)).read(message(**parts))


def test_a_good_message_is_accepted():
    delivery = read(headers={"x-delivery-count": 3})

    assert delivery.refusal is None
    assert (delivery.tag, delivery.count) == (7, 3)


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ({"user": None}, "missing_user"),
        ({"user": "keeper"}, "wrong_user"),
        ({"user": "maker2"}, "wrong_user"),
        ({"content_type": "application/json"}, "wrong_content_type"),
        ({"body": b"{"}, "invalid_json"),
        ({"event": make_event("thing.other.v1")}, "unknown_type"),
        ({"message_id": "another"}, "wrong_message_id"),
        ({"exchange": "keeper.dlx", "user": "maker", "headers": {"x-origin-user": "maker"}}, "wrong_user"),
        ({"exchange": "keeper.dlx", "user": "keeper"}, "wrong_user"),
        ({"exchange": "keeper.dlx", "user": "keeper", "headers": {"x-origin-user": "front"}}, "wrong_user"),
    ],
)
def test_a_refusal_is_a_constant_phrase(parts, refusal):
    assert read(**parts).refusal == refusal


@pytest.mark.parametrize(("id_", "refusal"), [("118", "invalid_id"), (None, None)])
def test_an_external_publisher_s_ids_must_not_meet_those_of_another(id_, refusal):
    event = make_event("thing.delivered.v1", source="/partners/pdam", id=id_)

    delivery = read(Accepts(PARTNERS), event=event, exchange="open.events", user="partner-pdam")

    assert delivery.refusal == refusal


@pytest.mark.parametrize("user", ["keeper", "topology"])
def test_a_retried_or_replayed_message_is_accepted_with_its_origin(user):
    delivery = read(exchange="keeper.dlx", user=user, headers={"x-origin-user": "maker"})

    assert delivery.refusal is None


def test_broker_users_may_carry_a_prefix():
    accepts = Accepts(CONSUMER, user_prefix="t-")

    assert read(accepts, user="t-maker").refusal is None
    assert read(accepts, user="maker").refusal == "wrong_user"


def test_one_user_can_stand_for_all():
    accepts = Accepts(CONSUMER, single_user="admin")

    assert read(accepts, user="admin").refusal is None
    assert read(accepts, user="maker").refusal == "wrong_user"


@pytest.mark.parametrize(
    ("source", "user", "refusal"),
    [
        ("/partners/pdam", "partner-pdam", None),
        ("/partners/pln", "partner-pdam", "wrong_user"),
        ("/elsewhere/pdam", "partner-pdam", "wrong_user"),
        ("/partners/pln", "maker", None),
    ],
)
def test_an_external_publisher_is_held_to_its_source(source, user, refusal):
    event = make_event("thing.delivered.v1", source=source)

    delivery = Accepts(PARTNERS).read(message(event=event, exchange="open.events", user=user))

    assert delivery.refusal == refusal


@pytest.mark.parametrize(
    "source",
    ["/elsewhere/pdam", *(f"/partners/{code}" for code in ("", "p", "Pdam", "pdam/", "pdam\n", "x" * 41))],
)
def test_a_source_that_could_be_nobody_is_refused_whoever_hands_it_on(source):
    event = make_event("thing.delivered.v1", source=source)

    delivery = Accepts(PARTNERS).read(message(event=event, exchange="open.events", user="maker"))

    assert delivery.refusal == "invalid_source"


@pytest.mark.parametrize("service", ["complaints", "surveys", "evaluation"])
def test_no_handler_meets_an_event_without_a_department_in_its_source(service):
    consumer = Topology.load(CONTRACTS).consumer(service, "on_department_event")
    event = make_event(min(consumer.types), source="/gateway")

    delivery = read(Accepts(consumer), event=event, exchange="departments.events", user="gateway")

    assert delivery.refusal == "invalid_source"


def test_what_took_effect_needs_no_message():
    assert answer(read(), None, CONSUMER, "keeper") is None


def test_a_retry_waits_in_the_queue_of_its_delay_with_id_origin_and_count():
    delivery = read(headers={"x-attempt": 2, "traceparent": "t"}, correlation_id="c-1")

    again = answer(delivery, Retry(6), CONSUMER, "keeper")

    assert (again.exchange, again.routing_key) == ("keeper.dlx", "retry-keeper-on_thing-30")
    assert again.headers == {"x-attempt": 3, "x-origin-user": "maker", "traceparent": "t"}
    assert again.properties == {"user_id": "keeper", "correlation_id": "c-1"}
    assert (again.message_id, again.body) == (delivery.event.id, delivery.body)


def test_failures_walk_through_the_delays_and_end_as_dead_letters():
    keys = []
    headers = {}
    for _ in range(3):
        out = answer(read(headers=headers), Failed("KeyError"), CONSUMER, "keeper")
        keys.append(out.routing_key)
        headers = out.headers

    assert keys == ["retry-keeper-on_thing-5", "retry-keeper-on_thing-30", "dlq-keeper-on_thing"]
    assert headers["x-reason"] == "failed:KeyError"
    assert headers["x-attempt"] == 2


def test_asked_retries_do_not_use_up_the_failures():
    delivery = read(headers={"x-attempt": 50})

    assert answer(delivery, Failed("E"), CONSUMER, "keeper").routing_key == "retry-keeper-on_thing-5"


def test_a_handler_that_never_gives_up_is_given_up():
    delivery = read(headers={"x-attempt": MAX_ATTEMPTS})

    assert answer(delivery, Retry(5), CONSUMER, "keeper").headers["x-reason"] == "retries_exhausted"


def test_a_postponed_event_counts_no_attempt():
    again = answer(read(headers={"x-attempt": 2}), Postponed(), CONSUMER, "keeper")

    assert again.routing_key.startswith("retry-")
    assert again.headers["x-attempt"] == 2


def test_a_reason_becomes_a_code():
    out = answer(read(), Reject("no such unit: Budi Santoso, +62 812"), CONSUMER, "keeper")

    assert out.headers["x-reason"] == "no_such_unit:_Budi_Santoso_62_812"


def test_bytes_that_are_no_event_are_dead_lettered_as_they_came():
    delivery = read(body=b"\xff\xfe", content_type="text/plain")

    out = answer(delivery, None, CONSUMER, "keeper")

    assert out.body == b"\xff\xfe"
    assert out.content_type == "text/plain"
    assert out.headers["x-reason"] == "wrong_content_type"


def test_the_brokers_own_bookkeeping_starts_anew():
    headers = {"x-death": [{"count": 3}], "x-delivery-count": 4, "x-first-death-queue": "q", "x-attempt": 1}

    again = answer(read(headers=headers), Retry(1), CONSUMER, "keeper")

    assert set(again.headers) == {"x-attempt", "x-origin-user"}
