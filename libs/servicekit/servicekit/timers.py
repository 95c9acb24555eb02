"""`@periodic`: work on a schedule that several replicas share, one of them at a time."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import eventlet
from eventlet.event import Event as GreenEvent
from nameko.extensions import Entrypoint, register_entrypoint
from pymongo.errors import PyMongoError

from servicekit import metrics
from servicekit.broker import Signal, timeouts_as_errors
from servicekit.config import ServiceConfig
from servicekit.health import Health
from servicekit.lease import COLLECTION, Lease, LeaseLost
from servicekit.logs import describe, get_logger
from servicekit.mongo import SharedMongo
from servicekit.tracing import span

log = get_logger(__name__)

LONGEST_POLL = 5.0
Method = Callable[[Any], Any]


def periodic(name: str, *, every: float, lease_seconds: float = 30.0) -> Callable[[Method], Method]:
    """Run the method about every `every` seconds, on one replica at a time.

    A failure is logged and the schedule goes on. The lease is renewed while the method runs; a replica
    that dies in it is replaced after `lease_seconds`, so the work must bear being done twice.
    """

    def register(method: Method) -> Method:
        @functools.wraps(method)
        def observed(self: Any, *args: Any) -> Any:
            with span(f"{name} timer", log={"timer": name}), timeouts_as_errors():
                return method(self, *args)

        register_entrypoint(observed, Timer(name, every=every, lease_seconds=lease_seconds))
        return observed

    return register


class Timer(Entrypoint):  # type: ignore[misc]  # Nameko has no types
    mongo = SharedMongo()
    health = Health()

    def __init__(self, name: str, *, every: float, lease_seconds: float) -> None:
        super().__init__()
        self._name = name
        self._every = every
        self._lease_seconds = lease_seconds
        self._stopping = Signal()
        self._done = Signal()

    def setup(self) -> None:
        config: ServiceConfig = self.container.config["TANGGAP"]
        self._service = config.service
        self._drain_seconds = config.drain_seconds
        self._component = self.health.component(f"timer:{self._name}")
        self._component.set_ready(True)
        metrics.timer_interval.labels(self._service, self._name).set(self._every)
        self._succeeded = metrics.timer_last_success.labels(self._service, self._name)
        # A timer that never gets to run is as late as one that stopped.
        self._succeeded.set_to_current_time()
        self._lease = Lease(self.mongo.handle.database, f"timer:{self._name}", self._lease_seconds)
        self.mongo.write_first(lambda _: self._lease.ensure())

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier=f"timer {self._name}")

    def stop(self) -> None:
        self._stopping.set()
        self._done.wait(max(self._drain_seconds - 3, 1))

    def kill(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._component.beat()
                pause = LONGEST_POLL
                try:
                    self.mongo.handle.require_prepared()
                    pause = self._turn()
                except (PyMongoError, LeaseLost) as error:
                    log.warning("timer cannot keep its lease", timer=self._name, error=describe(error))
                self._stopping.wait(pause * random.uniform(0.9, 1.1))  # noqa: S311  # jitter, no secret
        finally:
            self._done.set()

    def _turn(self) -> float:
        """Run the method if it is due and nobody else does; seconds until the next look."""
        due_in = self._due_in()
        if due_in > 0:
            return min(due_in, LONGEST_POLL, self._every)
        if not self._lease.acquire():
            return min(self._lease_seconds / 3, LONGEST_POLL)
        # Another replica may have run it between the look and the lease.
        if self._due_in() <= 0:
            started = datetime.now(UTC)
            self._call()
            rows = self.mongo.handle.database[COLLECTION]
            next_at = started + timedelta(seconds=self._every)
            rows.update_one({"_id": f"timer:{self._name}"}, {"$set": {"next_at": next_at}})
        self._lease.release()
        return 0.0 if self._every < 0.05 else min(self._every, LONGEST_POLL) / 10

    def _due_in(self) -> float:
        row = self.mongo.handle.database[COLLECTION].find_one({"_id": f"timer:{self._name}"}) or {}
        next_at = row.get("next_at")
        return (next_at - datetime.now(UTC)).total_seconds() if next_at else 0.0

    def _call(self) -> None:
        finished = GreenEvent()

        def handle_result(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            finished.send(exc_info)
            return result, exc_info

        started = time.monotonic()
        renewing = eventlet.spawn(self._renew)
        try:
            self.container.spawn_worker(self, (), {}, handle_result=handle_result)
            exc_info = finished.wait()
        finally:
            renewing.kill()
        outcome = "ok" if exc_info is None else "error"
        if exc_info is None:
            self._succeeded.set_to_current_time()
        metrics.timer_seconds.labels(self._service, self._name, outcome).observe(time.monotonic() - started)

    def _renew(self) -> None:
        while True:
            eventlet.sleep(self._lease_seconds / 3)
            self._component.beat()
            try:
                self._lease.fence()
            except (PyMongoError, LeaseLost) as error:
                log.warning("timer runs without its lease", timer=self._name, error=describe(error))
