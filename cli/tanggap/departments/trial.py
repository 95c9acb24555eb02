"""A harmless event that is well formed and must be refused, sent over both ways and found in the inbox.

It names something that cannot exist, so it travels the whole way (gateway or broker, the service that owns
the type, notifications) and changes nothing.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import httpx

from tanggap.client import describe, problem_of
from tanggap.errors import CliError

CONTENT_TYPE = "application/cloudevents+json"
EXCHANGE = "departments.events"
NOWHERE = "tanggap-uji"
"""No service, member of staff or visit is called so."""
SECONDS = 20.0
REFUSED_AT_ONCE = frozenset({"event-invalid", "event-not-yours", "event-too-late"})


def trial_event(code: str, type_: str, unit: str, at: datetime) -> dict[str, Any]:
    """An event of a type that its contract accepts and that is about nothing; raises CliError for others."""
    data: Mapping[str, Any]
    match type_:
        case "case.progressed.v1":
            data = {"complaint_id": "0000000000000", "action": "progress", "at": at.isoformat()}
        case "service.delivered.v1":
            visit = {"visit_ref": f"{NOWHERE}-{uuid.uuid4()}", "unit": unit, "service_code": NOWHERE}
            data = {**visit, "date": at.date().isoformat(), "channel": "counter"}
        case "staff.changed.v1":
            person = {"staff_ref": NOWHERE, "version": 1, "unit": NOWHERE}
            data = {**person, "status": "non_asn", "position": NOWHERE, "active": False}
        case "training.completed.v1":
            day = at.date().isoformat()
            course = {"entry_ref": f"{NOWHERE}-{uuid.uuid4()}", "staff_ref": NOWHERE, "form": NOWHERE}
            course |= {"title": NOWHERE, "organiser": NOWHERE, "start": day, "end": day}
            data = {**course, "location": "national"}
        case _:
            raise CliError(f"There is no trial event of type {type_}.")
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": f"/departments/{code}",
        "type": type_,
        "subject": data.get("complaint_id", NOWHERE),
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }


@dataclass(frozen=True)
class Outcome:
    """What a way in did with a trial event. `delivered` also when it was refused at once, as it should be."""

    way: str
    delivered: bool
    detail: str
    at_once: bool = False


def over_http(http: httpx.Client, key: str, event: Mapping[str, Any]) -> Outcome:
    """Hand the event to the gateway."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": CONTENT_TYPE}
    try:
        answer = http.post("/v1/events", content=json.dumps(event), headers=headers)
    except httpx.TransportError as error:
        return Outcome("HTTP", False, f"the gateway does not answer ({type(error).__name__})")
    if answer.status_code < 300:
        return Outcome("HTTP", True, f"{answer.status_code}, accepted")
    if str(problem_of(answer).get("type", "")).rpartition("/")[2] in REFUSED_AT_ONCE:
        return Outcome("HTTP", True, f"refused at once, as it should be: {describe(answer)}", at_once=True)
    return Outcome("HTTP", False, describe(answer))


def over_amqp(url: str, code: str, event: Mapping[str, Any]) -> Outcome:
    """Publish the event as the department's broker user, mandatory and with a confirm."""
    parts = urlsplit(url)
    user = unquote(parts.username or "")
    returned: list[Any] = []
    try:
        with amqp.Connection(
            f"{parts.hostname}:{parts.port or 5672}",
            userid=user,
            password=unquote(parts.password or ""),
            virtual_host=unquote(parts.path[1:]) or "/",
            ssl=parts.scheme == "amqps",
            connect_timeout=5,
            read_timeout=10,
            write_timeout=10,
            confirm_publish=True,
        ) as connection:
            channel = connection.channel()
            channel.events["basic_return"].add(lambda *answer: returned.append(answer))
            message = amqp.Message(
                json.dumps(event),
                content_type=CONTENT_TYPE,
                delivery_mode=2,
                message_id=event["id"],
                user_id=user,
            )
            key = f"{code}.{event['type']}"
            channel.basic_publish_confirm(message, EXCHANGE, key, mandatory=True, confirm_timeout=10)
    except (amqp.exceptions.AMQPError, OSError) as error:
        reason = getattr(error, "reply_text", "") or ""
        return Outcome("AMQP", False, f"{type(error).__name__} {reason}".strip())
    if returned:
        return Outcome("AMQP", False, "the broker has no queue for this routing key")
    return Outcome("AMQP", True, "confirmed by the broker")


def refusals(
    read: Callable[[], Any],
    ids: set[str],
    *,
    seconds: float = SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, dict[str, Any]]:
    """The refusals of these events, read until all are there or the time is over."""
    deadline = clock() + seconds
    while True:
        found = {item["event_id"]: item for item in read()["items"] if item.get("event_id") in ids}
        if found.keys() >= ids or clock() > deadline:
            return found
        sleep(0.5)


def now() -> datetime:
    return datetime.now(UTC)
