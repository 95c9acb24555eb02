"""The relay: publishes what the outbox holds, in the service's own process, on its own connection.

wait for lease ─▶ read due rows ─▶ publish all, pipelined ─▶ wait for confirms ─▶ mark, fenced
     ▲                                    │ broker away or blocked: drop the socket, wait, repeat
     └──── lease lost ────────────────────┘
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from nameko.extensions import DependencyProvider
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from servicekit import metrics, outbox
from servicekit.broker import ACKED, RETURNED, BrokerAway, BrokerRefused, Link, Signal
from servicekit.config import ServiceConfig
from servicekit.contracts import Contracts
from servicekit.envelope import Event, Outgoing
from servicekit.errors import ConfigurationError
from servicekit.health import Component, Health
from servicekit.lease import Lease, LeaseLost
from servicekit.logs import describe, get_logger
from servicekit.mongo import MongoHandle, SharedMongo
from servicekit.outbox import PARKED, PENDING, SENT, Outbox
from servicekit.topology import Topology

log = get_logger(__name__)

ROUND = 500
CONFIRM_SECONDS = 10.0
AWAY_SECONDS = 1.0
MAX_HOLD_SECONDS = 60.0
PARK_AFTER = 3
GAUGE_SECONDS = 5.0
LAST_ROUNDS_SECONDS = 3.0
SHORTEST_POLL, LONGEST_POLL = 0.05, 5.0


class NudgingOutbox(Outbox):
    """The outbox a service gets: wakes the relay as soon as the transaction with the rows commits."""

    def __init__(self, mongo: MongoHandle, wake: Signal, **options: Any) -> None:
        super().__init__(mongo.database, **options)
        self._wake = wake
        self._sessions: set[int] = set()
        mongo.after_transaction(self._after)

    def append(self, session: ClientSession | None, events: Iterable[Event], *, traced: bool = True) -> None:
        super().append(session, events, traced=traced)
        if session is None:
            self._wake.set()
        else:
            self._sessions.add(id(session))

    def _after(self, session: ClientSession, committed: bool) -> None:
        if id(session) in self._sessions:
            self._sessions.discard(id(session))
            if committed:
                self._wake.set()


class Publisher:
    """The relay without its host: one lease, one link, one round at a time."""

    def __init__(
        self,
        mongo: MongoHandle,
        *,
        service: str,
        topology: Topology,
        amqp_url: str,
        amqp_ca: str | None = None,
        lease_seconds: float = 15.0,
        component: Component | None = None,
    ) -> None:
        self._mongo = mongo
        self._rows = mongo.database[outbox.COLLECTION]
        self._outbox = Outbox(mongo.database)
        self._service = service
        self._topology = topology
        self._url, self._ca = amqp_url, amqp_ca
        self._lease_seconds = lease_seconds
        self._component = component or Component("relay")
        self.lease = Lease(mongo.database, "relay", lease_seconds)
        self.wake = Signal()
        self._stopping = Signal()
        self._link: Link | None = None
        self._blocked = False
        self._renewed = 0.0
        self._measured = 0.0
        self._poll = SHORTEST_POLL
        self._held: dict[str, datetime | None] = {}  # aggregate -> until, None: until somebody looks

    def stop(self) -> None:
        self._stopping.set()
        self.wake.set()

    def run(self) -> None:
        """Publish until stopped. Only a configuration error ends it; everything else is waited out."""
        while not self._stopping.is_set():
            try:
                self._component.beat()
                self._step()
            except BrokerAway as away:
                self._on_away(away)
            except LeaseLost:
                # The other replica tells from now on; what was last seen here would stay for ever.
                self._tell(0, 0, 0.0)
                self._set_blocked(False)
                log.warning("relay lost its lease")
            except BrokerRefused as refused:
                if refused.is_configuration:
                    raise ConfigurationError(
                        f"broker refuses the relay of {self._service}: {refused}"
                    ) from refused
                self._on_away(BrokerAway(str(refused)))
            except PyMongoError as error:
                log.warning("relay cannot reach the database", error=describe(error))
                self._stopping.wait(AWAY_SECONDS)
        self._finish()

    def _step(self) -> None:
        self._mongo.require_prepared()
        if self.lease.token is None:
            if not self.lease.acquire():
                self._component.set_ready(True)
                self._stopping.wait(min(self._lease_seconds / 3, LONGEST_POLL))
                return
            self._renewed = time.monotonic()
            self._load_held()
        self._measure()
        self.wake.clear()
        sent = self.round()
        if sent:
            self._poll = SHORTEST_POLL
            return
        if time.monotonic() - self._renewed > self._lease_seconds / 3:
            self._fence()
        self._component.set_ready(True)
        self.wake.wait(min(self._poll, self._lease_seconds / 3))
        self._poll = LONGEST_POLL if self._poll > LONGEST_POLL / 2 else self._poll * 2

    def round(self) -> int:
        """Publish and mark one batch of due rows; the number of rows tried."""
        rows = self._due()
        if not rows:
            return 0
        outcomes = self._publish(rows)
        by_outcome: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            outcome = outcomes.get(row["_id"])
            if outcome is not None:
                by_outcome.setdefault(outcome, []).append(row)
        self._mark([row["_id"] for row in by_outcome.pop(ACKED, [])])
        for outcome, failed in by_outcome.items():
            self._hold(failed, outcome)
        for outcome, count in Counter(outcomes.values()).items():
            metrics.relay_published_total.labels(self._service, outcome).inc(count)
        return len(rows)

    def _due(self) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        for key in [key for key, until in self._held.items() if until is not None and until <= now]:
            del self._held[key]
        # An aggregate that has a row held back waits behind it; while blocked, one row probes.
        query: dict[str, Any] = {"state": PENDING}
        if self._held:
            query["key"] = {"$nin": list(self._held)}
        return list(self._rows.find(query).sort("_id", 1).limit(1 if self._blocked else ROUND))

    def _publish(self, rows: list[dict[str, Any]]) -> Mapping[str, str]:
        link = self._connected()
        started = time.monotonic()
        try:
            outcomes = link.publish([self._outgoing(link, row) for row in rows], CONFIRM_SECONDS)
        except BrokerRefused as refused:
            self._link = None
            if refused.code == 404:
                raise BrokerAway(f"the topology is not declared: {refused}") from refused
            return self._publish_singly(rows, refused)
        metrics.relay_confirm_seconds.labels(self._service).observe(time.monotonic() - started)
        self._set_blocked(False)
        if RETURNED in outcomes.values():
            link.close()
            self._link = None
        return outcomes

    def _publish_singly(self, rows: list[dict[str, Any]], refused: BrokerRefused) -> Mapping[str, str]:
        # The broker closed the channel over one row and does not say which.
        if len(rows) == 1:
            self._count_refusal(rows[0], refused)
            return {}
        outcomes: dict[str, str] = {}
        stuck: set[str] = set()
        for row in rows:
            if row["key"] in stuck:
                continue
            outcome = self._publish([row])
            outcomes.update(outcome)
            if outcome.get(row["_id"]) != ACKED:
                stuck.add(row["key"])
        return outcomes

    def _outgoing(self, link: Link, row: Mapping[str, Any]) -> Outgoing:
        route = self._topology.route(self._service, row["type"])
        headers = {"nameko.call_id_stack": [f"{self._service}.relay.{row['_id']}"]}
        properties = {"type": row["type"], "user_id": link.user}
        if row.get("traceparent"):
            headers["traceparent"] = row["traceparent"]
        if row.get("correlationid"):
            properties["correlation_id"] = row["correlationid"]
        return Outgoing(
            exchange=route.exchange,
            routing_key=row["type"],
            body=bytes(row["body"]),
            message_id=row["_id"],
            mandatory=route.mandatory,
            properties=properties,
            headers=headers,
        )

    def _mark(self, event_ids: list[str]) -> None:
        """Mark rows sent, if this relay's token is still the one of the lease. Raises LeaseLost if not."""
        if not event_ids:
            return

        def mark(session: ClientSession) -> None:
            self.lease.fence(session)
            self._rows.update_many(
                {"_id": {"$in": event_ids}, "state": PENDING},
                {
                    "$set": {"state": SENT, "sent_at": datetime.now(UTC)},
                    "$unset": {"next_at": "", "holds": ""},
                },
                session=session,
            )

        self._mongo.transact(mark)
        self._renewed = time.monotonic()

    def _hold(self, rows: list[dict[str, Any]], outcome: str) -> None:
        self._fence()
        for row in rows:
            holds = row.get("holds", 0) + 1
            seconds = min(2.0 ** (holds - 1), MAX_HOLD_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311  # jitter
            until = datetime.now(UTC) + timedelta(seconds=seconds)
            self._rows.update_one({"_id": row["_id"]}, {"$set": {"next_at": until, "holds": holds}})
            self._held[row["key"]] = until
        log.error(
            "events not routed, kept in the outbox", outcome=outcome, count=len(rows), type=rows[0]["type"]
        )

    def _count_refusal(self, row: Mapping[str, Any], refused: BrokerRefused) -> None:
        self._fence()
        attempts = row.get("attempts", 0) + 1
        until = datetime.now(UTC) + timedelta(seconds=attempts)
        if attempts >= PARK_AFTER:
            self._rows.update_one({"_id": row["_id"]}, {"$set": {"state": PARKED, "attempts": attempts}})
            self._held[row["key"]] = None
            log.error("event parked", event_id=row["_id"], event_type=row["type"], error=describe(refused))
        else:
            self._rows.update_one({"_id": row["_id"]}, {"$set": {"attempts": attempts, "next_at": until}})
            self._held[row["key"]] = until
        metrics.relay_published_total.labels(self._service, "refused").inc()

    def _load_held(self) -> None:
        now = datetime.now(UTC)
        held: dict[str, datetime | None] = {}
        for row in self._rows.find({"next_at": {"$gt": now}, "state": PENDING}, {"key": 1, "next_at": 1}):
            held[row["key"]] = row["next_at"]
        for row in self._rows.find({"state": PARKED}, {"key": 1}):
            held[row["key"]] = None
        self._held = held

    def _measure(self) -> None:
        if time.monotonic() - self._measured < GAUGE_SECONDS:
            return
        self._measured = time.monotonic()
        # An operator may have given parked rows back.
        self._load_held()
        self._tell(
            self._rows.count_documents({"state": PENDING}, limit=100_000),
            self._rows.count_documents({"state": PARKED}),
            self._outbox.oldest_age(),
        )

    def _tell(self, pending: int, parked: int, age: float) -> None:
        self._component.outbox_age = age
        metrics.outbox_pending.labels(self._service).set(pending)
        metrics.outbox_parked.labels(self._service).set(parked)
        metrics.outbox_oldest_seconds.labels(self._service).set(age)

    def _fence(self) -> None:
        self.lease.fence()
        self._renewed = time.monotonic()

    def _connected(self) -> Link:
        if self._link is None or self._link.failure is not None:
            self._link = Link(self._url, ca=self._ca)
            self._link.on_beat = self._component.beat
            self._link.open()
        return self._link

    def _on_away(self, away: BrokerAway) -> None:
        link, self._link = self._link, None
        if link is not None:
            if link.blocked:
                self._set_blocked(True)
            link.drop()
        self._component.set_ready(False)
        log.warning("relay waits for the broker", error=describe(away), blocked=self._blocked)
        # Flat, and no attempt counted: the rows are not at fault.
        self._stopping.wait(AWAY_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311  # jitter

    def _set_blocked(self, blocked: bool) -> None:
        self._blocked = blocked
        metrics.relay_blocked.labels(self._service).set(int(blocked))

    def _finish(self) -> None:
        """A last round for what the last handlers wrote, then hand over."""
        try:
            if self.lease.token is not None:
                deadline = time.monotonic() + LAST_ROUNDS_SECONDS
                while not self._blocked and time.monotonic() < deadline and self.round():
                    self._component.beat()
                self.lease.release()
        except (BrokerAway, BrokerRefused, LeaseLost, PyMongoError) as error:
            log.warning("relay stopped with events waiting", error=describe(error))
        if self._link is not None:
            self._link.close(1.0)


class Relay(DependencyProvider):  # type: ignore[misc]  # Nameko has no types
    """Injects the service's outbox and publishes it from a managed thread of the container."""

    mongo = SharedMongo()
    health = Health()

    def __init__(self, lease_seconds: float = 15.0) -> None:
        self._lease_seconds = lease_seconds
        self._publisher: Publisher | None = None
        self._outbox: NudgingOutbox | None = None
        self._done = Signal()

    def setup(self) -> None:
        config: ServiceConfig = self.container.config["TANGGAP"]
        topology = Topology.load(config.contracts_dir)
        publisher = Publisher(
            self.mongo.handle,
            service=config.service,
            topology=topology,
            amqp_url=config.amqp_url,
            amqp_ca=config.amqp_ca,
            lease_seconds=self._lease_seconds,
            component=self.health.component("relay"),
        )
        self._publisher = publisher
        self._outbox = NudgingOutbox(
            self.mongo.handle,
            publisher.wake,
            service=config.service,
            topology=topology,
            contracts=Contracts.load(config.contracts_dir) if config.check_contracts else None,
        )
        self.mongo.prepare_with(lambda handle: Outbox(handle.database).ensure_indexes())
        self.mongo.write_first(lambda _: publisher.lease.ensure())

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="relay")

    def _run(self) -> None:
        try:
            if self._publisher is not None:
                self._publisher.run()
        finally:
            self._done.set()

    def get_dependency(self, worker_ctx: Any) -> Outbox | None:
        return self._outbox

    def stop(self) -> None:
        """After the last worker: publish what it wrote, within a deadline."""
        if self._publisher is not None:
            self._publisher.stop()
            self._done.wait(CONFIRM_SECONDS / 2)

    def kill(self) -> None:
        if self._publisher is not None:
            self._publisher.stop()
