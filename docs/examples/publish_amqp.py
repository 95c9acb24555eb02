#!/usr/bin/env python3
"""Publish one event of a department over AMQP, and end only when the broker has confirmed it.

    publish_amqp.py TYPE RECORD < data.json

TYPE is the event type, such as service.delivered.v1. RECORD is what your system calls the thing that
happened, such as a ticket number: the event's id follows from both, so that publishing a record again never
counts twice.

Needs `pip install kombu`, and TANGGAP_DEPARTMENT_AMQP_URL in the environment:
amqp://dept-<code>:...@host:5672/...

Exit status: 0 the broker has it, 1 it cannot be published as it is, 2 not certain (run it again).
"""

import json
import os
import sys
import uuid
from datetime import datetime
from urllib.parse import unquote, urlsplit

from amqp.exceptions import AccessRefused, AMQPError, NotAllowed, PreconditionFailed
from kombu import Connection, Producer
from kombu.exceptions import OperationalError

EXCHANGE = "departments.events"
CONTENT_TYPE = "application/cloudevents+json"
RETRY = {"max_retries": 5, "interval_start": 0.5, "interval_step": 1, "interval_max": 5}


def event_of(code: str, type_: str, record: str, data: dict) -> dict:
    """The CloudEvents envelope. The same record always has the same id."""
    source = f"/departments/{code}"
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source}|{type_}|{record}")),
        "source": source,
        "type": type_,
        "subject": record,
        "time": datetime.now().astimezone().isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }


def publish(url: str, event: dict, code: str) -> None:
    """Return once the broker has confirmed the event. Raises LookupError if no queue takes its type."""
    returned = []
    user = unquote(urlsplit(url).username or "")
    # With confirm_publish, publish() waits for the broker's confirm and raises when it does not come.
    with Connection(url, transport_options={"confirm_publish": True}, connect_timeout=5) as connection:
        producer = Producer(connection, on_return=lambda *answer: returned.append(answer))
        producer.publish(
            json.dumps(event),
            exchange=EXCHANGE,
            routing_key=f"{code}.{event['type']}",
            mandatory=True,  # come back instead of vanishing, if nobody takes this type
            delivery_mode=2,  # survive a restart of the broker
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            message_id=event["id"],
            user_id=user,  # the broker checks it; without it the event is refused
            retry=True,
            retry_policy=RETRY,
            confirm_timeout=10,
        )
    if returned:
        raise LookupError(f"nobody takes events of type {event['type']}")


def main() -> int:
    type_, record = sys.argv[1:3]
    url = os.environ["TANGGAP_DEPARTMENT_AMQP_URL"]
    # The user is dept-<code>; a shared broker may have its own prefix before that.
    code = unquote(urlsplit(url).username or "").partition("dept-")[2]
    event = event_of(code, type_, record, json.load(sys.stdin))
    try:
        publish(url, event, code)
    except (LookupError, AccessRefused, NotAllowed, PreconditionFailed) as error:
        # A wrong password, another department's routing key or user_id: waiting does not help.
        sys.stderr.write(f"{event['id']} not published: {error}\n")
        return 1
    except (OperationalError, AMQPError, OSError) as error:
        sys.stderr.write(f"{event['id']} not certain: {type(error).__name__}\n")
        return 2
    sys.stdout.write(f"{event['id']} confirmed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
