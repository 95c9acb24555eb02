"""What happens to one delivered message: the decisions of the batch consumer, without its host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servicekit.envelope import CONTENT_TYPE, Event, Outgoing
from servicekit.errors import MalformedEvent, Reject, Retry
from servicekit.ids import uuid7
from servicekit.topology import OPERATOR, Consumer

# A handler may ask for many retries (it knows the age of what it waits for); a failure gets one a delay.
MAX_ATTEMPTS = 100
ATTEMPT, FAILURE, ORIGIN, REASON = "x-attempt", "x-failure", "x-origin-user", "x-reason"
_CODE = re.compile(r"[^A-Za-z0-9_.:/-]+")
# What a publisher's source may have behind the prefix, and a broker user behind its own.
_PUBLISHER = re.compile(r"[a-z0-9-]{2,40}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failed:
    """The handler raised on this event alone. Holds the class of the error, not its text."""

    error: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """The database stayed away: bring it again, nobody's fault, no attempt counted."""


Verdict = Retry | Reject | Failed | Postponed


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came, with the event in it if it is one."""

    tag: int
    body: bytes
    properties: Mapping[str, Any]
    headers: Mapping[str, Any]
    count: int  # how often the broker has delivered it before
    event: Event | None
    refusal: str | None
    publisher: str | None = None  # the external publisher that the broker vouches for, if it is one
    returned: bool = False  # from a retry queue or a replay: its headers are ours, not a publisher's


@dataclass(frozen=True, slots=True)
class Accepts:
    """Whose events a consumer takes, in terms of broker users."""

    consumer: Consumer
    user_prefix: str = ""
    single_user: str | None = None

    def read(self, message: Any) -> Delivery:
        """Parse and check one message. A refusal is a constant phrase, never part of the input."""
        properties = message.properties
        headers = properties.get("application_headers") or {}
        body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
        event = None
        try:
            event = self._checked(body, properties, headers, message.delivery_info["exchange"])
            refusal = None
        except MalformedEvent as malformed:
            refusal = malformed.reason
        return Delivery(
            message.delivery_info["delivery_tag"],
            body,
            properties,
            headers,
            _number(headers, "x-delivery-count"),
            event,
            refusal,
            self._publisher(properties, message.delivery_info),
            message.delivery_info["exchange"] == self.consumer.dead_letter_exchange,
        )

    def _publisher(self, properties: Mapping[str, Any], delivery_info: Mapping[str, Any]) -> str | None:
        """Whose user it is, or whose routing key: nobody else may write one that begins with its code."""
        exchange = self.consumer.exchange
        if exchange.user_prefix is None or delivery_info["exchange"] != exchange.name:
            return None
        user = str(properties.get("user_id") or "")
        own = self.user_prefix + exchange.user_prefix
        if user.startswith(own):
            return user.removeprefix(own)
        return str(delivery_info.get("routing_key", "")).partition(".")[0] or None

    def _checked(
        self, body: bytes, properties: Mapping[str, Any], headers: Mapping[str, Any], exchange: str
    ) -> Event:
        if properties.get("content_type") != CONTENT_TYPE:
            raise MalformedEvent("wrong_content_type")
        event = Event.from_bytes(body)
        if event.type not in self.consumer.types:
            raise MalformedEvent("unknown_type")
        if properties.get("message_id") not in (None, event.id):
            raise MalformedEvent("wrong_message_id")
        if self.consumer.exchange.external and not _UUID.fullmatch(event.id):
            # Ids are remembered whoever sent them: those of one publisher must not meet another's.
            raise MalformedEvent("invalid_id")
        user = properties.get("user_id")
        if not user:
            raise MalformedEvent("missing_user")
        if exchange == self.consumer.dead_letter_exchange:
            # Back from a retry queue, or replayed: the broker vouches for whoever published it there.
            if self.single_user is None and user not in self._own_users():
                raise MalformedEvent("wrong_user")
            user = headers.get(ORIGIN)
        if not self._may_publish(user, event):
            raise MalformedEvent("wrong_user")
        prefix = self.consumer.exchange.source_prefix
        # Also from whoever may speak for all publishers: a refusal is addressed to the code in the source.
        if prefix and not (
            event.source.startswith(prefix) and _PUBLISHER.fullmatch(event.source.removeprefix(prefix))
        ):
            raise MalformedEvent("invalid_source")
        return event

    def _own_users(self) -> tuple[str, str]:
        return self.user_prefix + self.consumer.service, self.user_prefix + OPERATOR

    def _may_publish(self, user: Any, event: Event) -> bool:
        if self.single_user is not None:
            return bool(user == self.single_user)
        if not isinstance(user, str) or not user.startswith(self.user_prefix):
            return False
        producer = user.removeprefix(self.user_prefix)
        exchange = self.consumer.exchange
        if producer in self.consumer.producers[event.type]:
            return True
        if exchange.source_prefix is None or exchange.user_prefix is None:
            return False
        code = event.source.removeprefix(exchange.source_prefix)
        return event.source.startswith(exchange.source_prefix) and producer == exchange.user_prefix + code


def answer(delivery: Delivery, verdict: Verdict | None, consumer: Consumer, own_user: str) -> Outgoing | None:
    """The message to publish before the delivery is acknowledged, or None: it took effect."""
    if delivery.refusal is not None:
        return _dead_letter(delivery, delivery.refusal, consumer, own_user)
    attempt = _count(delivery, ATTEMPT)
    match verdict:
        case None:
            return None
        case Reject(reason):
            return _dead_letter(delivery, _CODE.sub("_", reason)[:80], consumer, own_user)
        case Postponed():
            delay = consumer.nearest_delay(60)
            return _again(delivery, delay, {}, consumer, own_user)
        case Retry(seconds):
            if attempt >= MAX_ATTEMPTS:
                return _dead_letter(delivery, "retries_exhausted", consumer, own_user)
            return _again(
                delivery, consumer.nearest_delay(seconds), {ATTEMPT: attempt + 1}, consumer, own_user
            )
        case Failed(error):
            failures = _count(delivery, FAILURE)
            if failures >= len(consumer.retry_delays):
                return _dead_letter(delivery, f"failed:{error}", consumer, own_user)
            counted = {ATTEMPT: attempt + 1, FAILURE: failures + 1}
            return _again(delivery, consumer.retry_delays[failures], counted, consumer, own_user)


def _again(
    delivery: Delivery, delay: float, counted: dict[str, int], consumer: Consumer, own_user: str
) -> Outgoing:
    return _republished(delivery, consumer.retry_queue(delay), counted, consumer, own_user)


def _dead_letter(delivery: Delivery, reason: str, consumer: Consumer, own_user: str) -> Outgoing:
    return _republished(delivery, consumer.dead_letter_queue, {REASON: reason}, consumer, own_user)


def _republished(
    delivery: Delivery, queue: str, more: Mapping[str, Any], consumer: Consumer, own_user: str
) -> Outgoing:
    # The broker's own bookkeeping (x-death, x-delivery-count) starts anew with a new message. A publisher may
    # have put anything into its headers; texts and numbers are what can be sent on for certain.
    headers = {
        key: value
        for key, value in delivery.headers.items()
        if key not in ("x-death", "x-delivery-count")
        and not key.startswith("x-first-death")
        and isinstance(value, str | int)
    }
    if not delivery.returned:
        # Whoever publishes may claim an origin; only the broker's word counts, also at a replay.
        headers.pop(ORIGIN, None)
    if ORIGIN not in headers and delivery.properties.get("user_id"):
        headers[ORIGIN] = delivery.properties["user_id"]
    headers.update(more)
    properties = {"user_id": own_user}
    for name in ("type", "correlation_id"):
        if delivery.properties.get(name):
            properties[name] = delivery.properties[name]
    return Outgoing(
        exchange=consumer.dead_letter_exchange,
        routing_key=queue,
        body=delivery.body,
        message_id=delivery.properties.get("message_id")
        or (delivery.event.id if delivery.event else uuid7()),
        properties=properties,
        headers=headers,
        content_type=delivery.properties.get("content_type") or "application/octet-stream",
    )


def _count(delivery: Delivery, header: str) -> int:
    return _number(delivery.headers, header)


def _number(headers: Mapping[str, Any], name: str) -> int:
    """A count in a header; what a publisher made of it that is none counts as nothing."""
    value = headers.get(name, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
