"""Filing over HTTP, through a real broker."""

import uuid

from component.gateway.installation import Gateway, filing
from support.broker import Vhost

QUEUE = "evt-complaints-on_submitted"


def test_a_filing_is_answered_once_it_is_queued(gateway: Gateway, broker: Vhost) -> None:
    before = broker.queue_length(QUEUE)

    answer = gateway.client.post("/v1/complaints", json=filing())

    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "received"
    assert broker.queue_length(QUEUE) == before + 1


def test_the_same_request_gets_the_same_answer(gateway: Gateway) -> None:
    key = str(uuid.uuid4())

    answers = [
        gateway.client.post("/v1/complaints", json=filing(), headers={"Idempotency-Key": key}) for _ in range(2)
    ]

    assert answers[0].content == answers[1].content
