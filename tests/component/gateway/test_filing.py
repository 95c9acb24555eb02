"""Filing over HTTP, through a real broker under the gateway's own rights."""

import uuid
from typing import Any

import amqp
import pytest
from component.gateway.installation import Gateway, filing

from servicekit.contracts import Contracts
from servicekit.envelope import Event
from support.broker import Vhost

QUEUE = "evt-complaints-on_submitted"


@pytest.fixture
def taken(broker: Vhost) -> Any:
    """Takes everything out of the intake queue, as complaints would."""

    def take() -> list[Any]:
        parts = broker.admin_url.split("//")[1].split("@")[0].split(":")
        with amqp.Connection(
            broker.host, userid=parts[0], password=parts[1], virtual_host=broker.name
        ) as connection:
            channel = connection.channel()
            messages = []
            while message := channel.basic_get(QUEUE, no_ack=True):
                messages.append(message)
            return messages

    take()
    return take


def test_a_filing_is_answered_once_it_is_queued(gateway: Gateway, taken: Any, broker: Vhost) -> None:
    answer = gateway.client.post("/v1/complaints", json=filing())

    (message,) = taken()
    event = Event.from_bytes(message.body)
    assert answer.status_code == 202
    assert event.subject == answer.json()["tracking_code"].replace("-", "")
    assert message.properties["message_id"] == event.id
    assert message.properties["user_id"] == f"{broker.prefix}gateway"
    assert message.properties["delivery_mode"] == 2
    assert message.properties["content_type"] == "application/cloudevents+json"
    assert message.properties["type"] == "complaint.submitted.v1"
    Contracts.load("contracts").validate(event)


def test_the_same_request_gets_the_same_answer(gateway: Gateway, taken: Any) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    answers = [gateway.client.post("/v1/complaints", json=filing(), headers=headers) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert len({message.properties["message_id"] for message in taken()}) == 1


def test_a_large_filing_travels_whole(gateway: Gateway, taken: Any) -> None:
    attributes = {"ukuran": "besar", **{f"lampiran_{n}": "é" * 8500 for n in range(12)}}

    answer = gateway.client.post("/v1/complaints", json=filing(attributes=attributes))

    (message,) = taken()
    event = Event.from_bytes(message.body)
    case = gateway.complaints_ring.open(
        event.data["case_sealed"], recipient="complaints", context=event.data["tracking_code"]
    )
    assert answer.status_code == 202
    assert case["attributes"] == attributes


def test_a_contact_is_handed_to_notifications(gateway: Gateway, broker: Vhost) -> None:
    body = {"audience": "staff", "contact_ref": "staf-3", "roles": ["officer"], "unit": "dpupr",
            "name": "Budi Contoh", "email": "budi@example.invalid"}  # fmt: skip
    before = broker.queue_length("evt-notifications-on_contact_submitted")

    answer = gateway.client.post("/v1/contacts", json=body, headers=gateway.issuer.headers("admin"))

    assert answer.status_code == 202
    assert answer.json()["contact_ref"] == "staf-3"
    assert broker.queue_length("evt-notifications-on_contact_submitted") == before + 1


def test_the_log_and_the_metrics_hold_nothing_of_the_citizen(gateway: Gateway) -> None:
    marks = {"name": "Zulkarnain Tanda", "email": "tanda@example.invalid", "phone": "081299990000"}
    receipt = gateway.client.post(
        "/v1/complaints", json=filing(description="ISI-TANDA", reporter={**marks, "nik": "1373010101019999"})
    ).json()
    gateway.client.get(
        f"/v1/complaints/{receipt['tracking_code']}", headers={"Tanggap-Secret": receipt["secret"]}
    )
    gateway.client.get(f"/lacak/{receipt['tracking_code']}/{receipt['secret']}")
    gateway.client.post("/v1/complaints", json=filing(reporter={"email": "salah@@tanda", "phone": "tanda"}))

    metrics = gateway.client.get(f"{gateway.metrics_url}/metrics").text
    written = gateway.log.read_text() + metrics
    for mark in ("Tanda", "TANDA", "tanda", "81299990000", "1373010101019999", receipt["secret"],
                 receipt["tracking_code"]):  # fmt: skip
        assert mark not in written
    assert 'route="/v1/complaints/{code}"' in metrics
