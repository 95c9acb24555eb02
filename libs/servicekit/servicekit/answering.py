"""What becomes of the messages of a batch that did not simply take effect.

They go to retry and dead-letter queues, and an external publisher is told why its message was refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from servicekit import metrics, rejections
from servicekit.broker import ACKED, BrokerAway, Link, timeouts_as_errors
from servicekit.envelope import Outgoing
from servicekit.errors import DuplicateEvent
from servicekit.logs import describe, get_logger
from servicekit.mongo import MongoHandle, is_weather
from servicekit.outbox import Outbox
from servicekit.topology import Consumer
from servicekit.verdicts import Delivery, Verdict, answer

log = get_logger(__name__)

CONFIRM_SECONDS = 10.0
HOLD_SECONDS = 600.0
"""How long a batch is held while the database is away; the broker takes messages back after 30 minutes."""


class Answers:
    """The answers of one consumer.

    `database_is_back` waits until the database answers and says whether it did before the given monotonic
    time. `tells` says whether publishers are told of refusals.
    """

    def __init__(
        self, consumer: Consumer, mongo: MongoHandle, database_is_back: Callable[[float], bool], tells: bool
    ) -> None:
        self._consumer = consumer
        self._mongo = mongo
        self._database_is_back = database_is_back
        self._tells = tells

    def tell_publishers(self, deliveries: Sequence[Delivery]) -> None:
        """Let external publishers read why their messages are dead-lettered unread, before they are.

        The database is waited for as for a batch; if it stays away, or refuses, the message is set aside
        all the same.
        """
        if not self._tells or all(delivery.refusal is None for delivery in deliveries):
            return
        at = datetime.now(UTC)
        refusals = (rejections.of_delivery(one, service=self._consumer.service, at=at) for one in deliveries)
        hold_until = time.monotonic() + HOLD_SECONDS
        for refusal in filter(None, refusals):
            while True:
                try:
                    with timeouts_as_errors():
                        Outbox(self._mongo.database).append(None, [refusal], traced=False)
                except DuplicateEvent:
                    # Told before the message was acknowledged, and now it came again.
                    break
                except Exception as error:
                    if is_weather(error) and self._database_is_back(hold_until):
                        continue
                    log.error("publisher not told", handler=self._consumer.handler, error=describe(error))
                break

    def publish(self, link: Link, deliveries: Sequence[Delivery], verdicts: Mapping[str, Verdict]) -> None:
        """Publish what goes to retry and dead-letter queues, and see it confirmed.

        Raises BrokerAway if a queue did not take a message: nothing may be acknowledged then.
        """
        if not verdicts and all(delivery.refusal is None for delivery in deliveries):
            return
        outgoing: dict[str, Outgoing] = {}
        for delivery in deliveries:
            verdict = verdicts.get(delivery.event.id) if delivery.event is not None else None
            message = answer(delivery, verdict, self._consumer, link.user)
            if message is not None:
                # The same message twice in a batch is one message.
                outgoing[message.message_id + message.routing_key] = message
                self._count(delivery, message)
        if not outgoing:
            return
        outcomes = link.publish(list(outgoing.values()), CONFIRM_SECONDS, through_alarm=True)
        if set(outcomes.values()) != {ACKED}:
            # Nothing was acknowledged, so all of it comes again.
            raise BrokerAway("retry or dead-letter queue did not take a message")

    def _count(self, delivery: Delivery, message: Outgoing) -> None:
        service, handler = self._consumer.service, self._consumer.handler
        reason = message.headers.get("x-reason") if message.routing_key.startswith("dlq-") else None
        event_id = delivery.event.id if delivery.event else None
        if reason is None:
            metrics.retries_total.labels(service, handler).inc()
            log.info("event retried", handler=handler, event_id=event_id, queue=message.routing_key)
        else:
            # A reason from code, so the label set is bounded; what a handler adds after a colon is not.
            metrics.dead_letters_total.labels(service, str(reason).partition(":")[0]).inc()
            log.error(
                "event dead-lettered",
                handler=handler,
                event_id=event_id,
                reason=reason,
                size=len(delivery.body),
            )
