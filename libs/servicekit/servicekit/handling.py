"""`@handles`: a batch of events from one quorum queue, as a Nameko entrypoint.

    reader greenlet ─▶ buffer ─▶ read and check ─▶ worker (the method, with its dependencies)
                                      │ bad            │ verdicts, by event
                                      ▼                ▼
                             publish to dlq / retry, wait for confirms ─▶ one ack for the batch

A crash at any point repeats and never loses; the inbox makes a repeat harmless.
"""

from __future__ import annotations

import functools
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from eventlet.event import Event as GreenEvent
from nameko.extensions import Entrypoint, register_entrypoint

from servicekit import metrics, rejections
from servicekit.answering import HOLD_SECONDS, Answers
from servicekit.broker import BrokerAway, BrokerRefused, Link, Signal, timeouts_as_errors
from servicekit.config import ServiceConfig
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.errors import ConfigurationError, Outcomes, Reject, Retry
from servicekit.health import Health
from servicekit.inbox import Inbox
from servicekit.logs import describe, get_logger
from servicekit.mongo import SharedMongo, is_weather
from servicekit.topology import Consumer, Topology
from servicekit.tracing import span
from servicekit.verdicts import Accepts, Delivery, Failed, Postponed, Verdict

log = get_logger(__name__)

Handler = Callable[[Any, list[Event]], Outcomes]
# After this many deliveries without an acknowledgement a message is suspected of killing its consumer.
SUSPECT_AFTER = 2
MAX_BACKOFF_SECONDS = 10.0
DEPTH_SECONDS = 10.0


class Batch(list[Event]):
    """What the entrypoint passes, so that the method's wrapper knows its caller. Others pass lists."""

    where: tuple[str, str] = ("", "")


class Raised:
    """An exception of the handler, carried out of the worker as a value."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def handles(name: str, *, batch: int = 100, linger: float = 0.05) -> Callable[[Handler], Handler]:
    """Consume `consumes.<service>.<name>` of the topology in batches of at most `batch`.

    The method gets a list of valid events in delivery order and returns verdicts by event id: `Retry`,
    `Reject`, or nothing for what took effect. If it raises, the batch is run again one event at a time,
    so that one bad event does not take its neighbours along; while the database is away the batch waits.
    An event that alone makes it raise and breaks its contract is dead-lettered at once, with the place that
    is wrong; one that keeps its contract is tried again first.
    While events flow, a batch waits up to `linger` for more; after a pause of that length the first event
    is handled at once.
    """

    def register(method: Handler) -> Handler:
        @functools.wraps(method)
        def observed(self: Any, events: list[Event]) -> Any:
            if not isinstance(events, Batch):
                return method(self, events)
            with _observed(events):
                try:
                    with timeouts_as_errors():
                        return method(self, list(events))
                except Exception as error:
                    return Raised(error)

        register_entrypoint(observed, BatchConsumer(name, batch=batch, linger=linger))
        return observed

    return register


@contextmanager
def _observed(events: Batch) -> Iterator[None]:
    service, handler = events.where
    first = events[0]
    bound = {"handler": handler}
    if len(events) == 1:
        bound |= {"event_id": first.id, "event_type": first.type}
        if first.correlationid:
            bound["correlation_id"] = first.correlationid
    metrics.handlers_in_flight.labels(service).inc()
    try:
        with span(
            f"{handler} process",
            kind="consumer",
            parent=first.traceparent if len(events) == 1 else None,
            links=[event.traceparent for event in events] if len(events) > 1 else (),
            attributes={
                "messaging.system": "rabbitmq",
                "messaging.operation.type": "process",
                "messaging.destination.name": f"evt-{service}-{handler}",
                "messaging.batch.message_count": len(events),
            },
            log=bound,
        ):
            yield
    finally:
        metrics.handlers_in_flight.labels(service).dec()


class Stopped(Exception):
    """Stop was asked for while a batch waited for the database; it stays unacknowledged."""


class BatchConsumer(Entrypoint):  # type: ignore[misc]  # Nameko has no types
    """One queue, one connection, one batch at a time."""

    mongo = SharedMongo()
    health = Health()

    def __init__(self, name: str, *, batch: int, linger: float) -> None:
        super().__init__()
        self._name = name
        self._batch = batch
        self._linger = linger
        self._buffer: deque[Any] = deque()
        self._arrived = Signal()
        self._stopping = Signal()
        self._done = Signal()
        self._link: Link | None = None
        self._careful = True
        self._answered_at = 0.0
        self._taken_at: float | None = None
        self._asked_at = float("-inf")
        self._stop_by = float("inf")

    def setup(self) -> None:
        config: ServiceConfig = self.container.config["TANGGAP"]
        self._config = config
        self._service = config.service
        topology = Topology.load(config.contracts_dir)
        self._consumer: Consumer = topology.consumer(config.service, self._name)
        tells = self._consumer.exchange.external and topology.publishes(config.service, rejections.TYPE)
        self._answers = Answers(self._consumer, self.mongo.handle, self._database_is_back, tells)
        self._accepts = Accepts(self._consumer, config.broker_user_prefix, config.single_broker_user)
        self._component = self.health.component(f"consumer:{self._name}")
        self._seconds = {
            outcome: metrics.handler_seconds.labels(self._service, self._name, outcome)
            for outcome in ("ok", "retry", "reject", "error")
        }
        self._ages = {t: metrics.event_age_seconds.labels(self._service, t) for t in self._consumer.types}
        self._depths = {
            queue: metrics.queue_messages.labels(self._service, self._name, kind).set
            for queue, kind in ((self._consumer.queue, "work"), (self._consumer.dead_letter_queue, "dead"))
        }
        metrics.batch_held_seconds.labels(self._service, self._name).set_function(self._held_seconds)
        self.mongo.prepare_with(lambda handle: Inbox(handle.database).ensure_indexes())

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier=f"consumer {self._name}")

    def stop(self) -> None:
        """Stop taking, finish and acknowledge what was delivered, within the drain deadline."""
        self._stop_by = time.monotonic() + self._config.drain_seconds - 5
        self._stopping.set()
        if self._link is not None:
            self._link.cancel()
        self._arrived.set()
        self._done.wait(max(self._config.drain_seconds - 3, 1))

    def kill(self) -> None:
        self._stopping.set()
        self._stop_by = 0
        self._arrived.set()
        if self._link is not None:
            self._link.drop()

    # The loop

    def _run(self) -> None:
        backoff = 0.2
        try:
            while not self._stopping.is_set():
                connected_at = time.monotonic()
                try:
                    self._consume()
                except BrokerRefused as refused:
                    if refused.is_configuration:
                        raise ConfigurationError(
                            f"broker refuses consumer {self._consumer.queue}: {refused}"
                        ) from refused
                    log.error("queue is not declared yet", queue=self._consumer.queue)
                except BrokerAway as away:
                    log.warning("consumer lost the broker", queue=self._consumer.queue, error=describe(away))
                except Stopped:
                    break
                finally:
                    self._component.set_ready(False)
                    if self._link is not None:
                        self._link.close(2.0)
                if time.monotonic() - connected_at > 30:
                    backoff = 0.2
                self._stopping.wait(backoff * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, no secret
                backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)
        finally:
            self._done.set()

    def _consume(self) -> None:
        while not self.mongo.handle.prepared.wait(1):
            self._component.beat()
            if self._stopping.is_set():
                return
        link = Link(self._config.amqp_url, ca=self._config.amqp_ca)
        link.on_failure = self._arrived.set
        link.on_beat = self._component.beat
        self._buffer.clear()
        self._link = link.open()
        # One message first: if the broker has delivered it before without an acknowledgement, it may be
        # the one that killed the process, and a full prefetch would count against all its neighbours.
        self._careful = True
        link.consume(self._consumer.queue, 1, self._on_message)
        self._component.set_ready(True)
        while True:
            self._ask_depths(link)
            deliveries = self._collect(link)
            if deliveries:
                self._taken_at = time.monotonic()
                try:
                    self._process(link, deliveries)
                finally:
                    self._taken_at = None
            elif self._stopping.is_set():
                return
            if link.failure is not None:
                raise link.failure
            if self._stopping.is_set() and time.monotonic() > self._stop_by:
                return

    def _ask_depths(self, link: Link) -> None:
        # Over the consumer's own link: the broker may have no other door, and its messages are ours alone.
        if time.monotonic() - self._asked_at > DEPTH_SECONDS:
            self._asked_at = time.monotonic()
            for queue, tell in self._depths.items():
                link.ask_depth(queue, tell)

    def _held_seconds(self) -> float:
        return 0.0 if self._taken_at is None else time.monotonic() - self._taken_at

    def _on_message(self, message: Any) -> None:
        self._buffer.append(message)
        self._arrived.set()

    def _collect(self, link: Link) -> list[Delivery]:
        """A batch, as full as the linger allows; empty when nothing came within a second."""
        self._arrived.clear()
        if self._stopping.is_set():
            self._let_arrive(link)
        elif not self._buffer:
            self._arrived.wait(1.0)
        if link.failure is not None:
            raise link.failure
        now = time.monotonic()
        flowing = now - self._answered_at < self._linger
        if flowing and self._buffer and not self._stopping.is_set() and not self._careful:
            until = now + self._linger
            while len(self._buffer) < self._batch and (left := until - time.monotonic()) > 0:
                self._arrived.clear()
                self._arrived.wait(left)
        size = min(len(self._buffer), self._batch)
        return [self._accepts.read(self._buffer.popleft()) for _ in range(size)]

    def _let_arrive(self, link: Link) -> None:
        # What the broker sent before it read the cancellation would otherwise count as delivered in vain.
        link.cancel()
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            self._arrived.clear()
            if not self._arrived.wait(0.1) and link.cancelled:
                return

    def _process(self, link: Link, deliveries: list[Delivery]) -> None:
        events = [delivery.event for delivery in deliveries if delivery.event is not None]
        verdicts = self._handle(events) if events else {}
        self._answers.tell_publishers(deliveries)
        self._answers.publish(link, deliveries, verdicts)
        if self._careful and max(delivery.count for delivery in deliveries) < SUSPECT_AFTER:
            self._careful = False
            if not self._stopping.is_set():
                # Before the ack: with its one message out, the cancelled consumer gets no other, which
                # would go back and count as delivered.
                link.cancel()
                link.consume(self._consumer.queue, 4 * self._batch, self._on_message)
        link.ack(deliveries[-1].tag, multiple=True)
        self._answered_at = time.monotonic()

    # One batch

    def _handle(self, events: list[Event]) -> Mapping[str, Verdict]:
        """Verdicts of the events that did not simply take effect."""
        hold_until = time.monotonic() + HOLD_SECONDS
        storms = 0
        while isinstance(outcome := self._call(events), Raised):
            error = outcome.error
            storms += 1
            # Timeouts while the database answers are the batch's own: too large, or too slow.
            if not is_weather(error) or storms > 2:
                break
            log.warning("batch waits for the database", handler=self._name, error=describe(error))
            if not self._database_is_back(hold_until):
                return dict.fromkeys((event.id for event in events), Postponed())
        else:
            return outcome
        if len(events) > 1:
            log.info("batch is run again one by one", handler=self._name, error=describe(error))
            verdicts: dict[str, Verdict] = {}
            for event in events:
                verdicts.update(self._handle([event]))
            return verdicts
        event = events[0]
        if (breach := self._contracts.breach(event)) is not None:
            return {event.id: Reject(breach)}
        log.warning(
            "handler failed",
            handler=self._name,
            event_id=event.id,
            event_type=event.type,
            exc_info=error,
        )
        return {event.id: Failed(type(error).__name__)}

    @functools.cached_property
    def _contracts(self) -> Contracts:
        # Most processes never need them: what is consumed was checked by its producer.
        return Contracts.load(self._config.contracts_dir)

    def _call(self, events: list[Event]) -> Mapping[str, Verdict] | Raised:
        """Run the method in a worker and wait for it; 30 minutes is the broker's limit, not ours."""
        finished = GreenEvent()

        def handle_result(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            finished.send((result, exc_info))
            return result, exc_info

        batch = Batch(events)
        batch.where = (self._service, self._name)
        started = time.monotonic()
        self.container.spawn_worker(self, (batch,), {}, handle_result=handle_result)
        result, exc_info = finished.wait()
        if exc_info is not None:
            result = Raised(exc_info[1])
        verdicts: Mapping[str, Verdict] = {} if isinstance(result, Raised) else dict(result or {})
        self._observe(events, verdicts, time.monotonic() - started, isinstance(result, Raised))
        return result if isinstance(result, Raised) else verdicts

    def _observe(
        self, events: list[Event], verdicts: Mapping[str, Verdict], seconds: float, raised: bool
    ) -> None:
        if raised:
            self._seconds["error"].observe(seconds)
            return
        worst = {type(verdict) for verdict in verdicts.values()}
        self._seconds["reject" if Reject in worst else "retry" if Retry in worst else "ok"].observe(seconds)
        now = datetime.now(UTC)
        for event in events:
            self._ages[event.type].observe(max((now - event.time).total_seconds(), 0))

    def _database_is_back(self, hold_until: float) -> bool:
        """Wait until MongoDB answers; False when the batch was held long enough. Raises Stopped."""
        while True:
            if self._stopping.wait(random.uniform(0.5, 1.5)):  # noqa: S311  # jitter, no secret
                raise Stopped
            self._component.beat()
            if self.mongo.handle.ping(1.0):
                return True
            if time.monotonic() > hold_until:
                return False


__all__ = ["Batch", "BatchConsumer", "Reject", "Retry", "handles"]
