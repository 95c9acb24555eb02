"""Answers, paper and departments' events over HTTP, through a real broker under the gateway's own rights.

No surveys service runs here: what is accepted must be durable all the same.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import amqp
import orjson
import pytest
from component.gateway.installation import Gateway

from servicekit.contracts import Contracts
from servicekit.envelope import Event
from support.broker import Vhost
from support.gateway_inputs import KEY, answered, delivered, link
from support.waiting import eventually

ANSWERS, DEPARTMENTS = "evt-surveys-on_answers", "evt-surveys-on_department_event"
Taken = Callable[[str], list[Any]]


@pytest.fixture
def taken(broker: Vhost) -> Iterator[Taken]:
    """Takes everything out of a queue, as surveys would."""
    parts = urlsplit(broker.admin_url)
    with amqp.Connection(
        broker.host, userid=parts.username, password=parts.password, virtual_host=broker.name
    ) as connection:
        channel = connection.channel()

        def take(queue: str) -> list[Any]:
            messages = []
            while message := channel.basic_get(queue, no_ack=True):
                messages.append(message)
            return messages

        for queue in (ANSWERS, DEPARTMENTS):
            take(queue)
        yield take


def fresh_link(gateway: Gateway, kind: str = "i") -> str:
    return link(gateway.survey_keys, kind, date.today() + timedelta(days=7))


def event(**changes: Any) -> dict[str, Any]:
    return delivered(time=datetime.now(UTC).isoformat(), **changes)


def publish(gateway: Gateway, body: Any, mode: str = "cloudevents") -> Any:
    return gateway.client.post(
        "/v1/events",
        content=orjson.dumps(body),
        headers={"Content-Type": f"application/{mode}+json", "Authorization": f"Bearer {KEY}"},
    )


@pytest.fixture(autouse=True)
def registered(gateway: Gateway) -> None:
    """The registry is asked for right after the start; a key may be a moment ahead of it."""
    eventually(lambda: publish(gateway, [], "cloudevents-batch").status_code == 202)


def test_an_answer_is_durable_while_surveys_is_away(gateway: Gateway, taken: Taken) -> None:
    body = answered(token=fresh_link(gateway), comment="TANDA-SARAN")

    answer = gateway.client.post("/v1/survey-responses", json=body)

    (message,) = taken(ANSWERS)
    received = Event.from_bytes(message.body)
    block = gateway.surveys_ring.open(
        received.data["answer_sealed"], recipient="surveys", context=received.id
    )
    assert answer.status_code == 202
    assert block["submission_id"] == body["submission_id"]
    assert message.properties["message_id"] == received.id
    assert not message.properties.get("correlation_id")
    assert set(message.properties.get("application_headers", {})) <= {"x-delivery-count"}  # the queue's own
    assert "timestamp" not in message.properties
    Contracts.load("contracts").validate(received)


def test_the_same_answer_again_is_the_same_event(gateway: Gateway, taken: Taken) -> None:
    body = answered(token=fresh_link(gateway, "q"))

    answers = [gateway.client.post("/v1/survey-responses", json=body) for _ in range(3)]

    assert {answer.content for answer in answers} == {answers[0].content}
    assert len({message.properties["message_id"] for message in taken(ANSWERS)}) == 1


def test_a_forged_link_gets_nothing_into_the_queue(gateway: Gateway, taken: Taken) -> None:
    answer = gateway.client.post("/v1/survey-responses", json=answered(token="0" * 44))

    assert answer.status_code == 404
    assert taken(ANSWERS) == []


def test_log_and_metrics_hold_nothing_of_an_answer(gateway: Gateway, taken: Taken) -> None:
    text = fresh_link(gateway, "q")
    body = answered(token=text, comment="TANDA-RAHASIA")
    gateway.client.get(f"/v1/invitations/{text}")
    gateway.client.post("/v1/survey-responses", json=body)

    metrics = gateway.client.get(f"{gateway.metrics_url}/metrics").text

    written = gateway.log.read_text() + metrics
    for mark in (text, body["submission_id"], "TANDA"):
        assert mark not in written
    assert 'route="/v1/invitations/{token}"' in metrics
    assert len(taken(ANSWERS)) == 1


def test_two_hundred_sheets_of_paper_are_as_many_answers(gateway: Gateway, taken: Taken) -> None:
    rows = "\n".join(f"{n % 4 + 1},2,3" for n in range(200))
    content = f"waktu,pengaduan,sarana\n{rows}\n9,9,9\n".encode()
    headers = {"Content-Type": "text/csv", **gateway.issuer.headers("desk")}

    answers = [
        gateway.client.post("/v1/surveys/paper?unit=dpupr", content=content, headers=headers)
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (answers[0].json()["accepted"], answers[0].json()["refused"]) == (200, 1)
    assert len({message.properties["message_id"] for message in taken(ANSWERS)}) == 200


def test_a_batch_with_one_bad_among_good_is_published_but_for_it(
    gateway: Gateway, taken: Taken, broker: Vhost
) -> None:
    good = [event(), event()]
    bad = event(data={"unit": "dinkes"})

    answer = publish(gateway, [good[0], bad, good[1]], "cloudevents-batch")

    assert answer.status_code == 200
    assert [item["status"] for item in answer.json()["items"]] == ["accepted", "refused", "accepted"]
    messages = taken(DEPARTMENTS)
    assert {message.properties["message_id"] for message in messages} == {one["id"] for one in good}
    for message in messages:
        assert message.delivery_info["routing_key"] == "antrian.service.delivered.v1"
        assert message.properties["user_id"] == f"{broker.prefix}gateway"
        Contracts.load("contracts").validate(Event.from_bytes(message.body))


def test_an_event_that_nobody_would_hear_is_not_called_accepted(
    gateway: Gateway, taken: Taken, broker: Vhost
) -> None:
    queue = f"{broker.name}/{DEPARTMENTS}"
    bindings = broker.management.call("GET", f"/queues/{queue}/bindings")
    (binding,) = [b for b in bindings if b["source"] == "departments.events"]
    place = f"/bindings/{broker.name}/e/departments.events/q/{DEPARTMENTS}"
    publish(gateway, event())
    taken(DEPARTMENTS)
    broker.management.call("DELETE", f"{place}/{binding['properties_key']}")
    try:
        answer = publish(gateway, event())
    finally:
        broker.management.call("POST", place, {"routing_key": binding["routing_key"], "arguments": {}})

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/event-not-confirmed"
    assert gateway.client.post("/v1/survey-responses", json=answered(token=fresh_link(gateway))).is_success


def test_an_unknown_key_gets_nothing_published(gateway: Gateway, taken: Taken) -> None:
    answer = gateway.client.post(
        "/v1/events",
        content=orjson.dumps(event()),
        headers={
            "Content-Type": "application/cloudevents+json",
            "Authorization": f"Bearer tgd_antrian_{uuid.uuid4().hex}{'x' * 11}",
        },
    )

    assert answer.status_code == 401
    assert taken(DEPARTMENTS) == []
