"""MongoDB for services: one client a process, majority everywhere, a deadline on every call."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

import eventlet
import pymongo
from nameko.extensions import DependencyProvider, SharedExtension
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, PyMongoError, ServerSelectionTimeoutError

from servicekit.broker import Signal
from servicekit.config import ServiceConfig
from servicekit.errors import ConfigurationError
from servicekit.indexes import missing, needed
from servicekit.logs import describe, get_logger

T = TypeVar("T")
Document = dict[str, Any]
log = get_logger(__name__)


class NotPrepared(ServerSelectionTimeoutError):
    """Collections and indexes are not there yet: the database has not answered since the start."""


def is_weather(error: BaseException) -> bool:
    """Whether the same call may succeed later without anybody changing anything."""
    return isinstance(error, PyMongoError) and (
        isinstance(error, ConnectionFailure)
        or error.timeout
        or error.has_error_label("TransientTransactionError")
    )


class MongoHandle:
    """What a service gets: collections and transactions. Connects when first used."""

    def __init__(self, url: str, *, service: str, pool_size: int = 30) -> None:
        client: pymongo.MongoClient[Document] = pymongo.MongoClient(
            url,
            connect=False,
            appname=service,
            w="majority",
            readConcernLevel="majority",
            serverSelectionTimeoutMS=3000,
            connectTimeoutMS=3000,
            timeoutMS=10_000,
            maxPoolSize=pool_size,
            tz_aware=True,
        )
        self.client = client
        try:
            self.database: Database[Document] = client.get_default_database()
        except pymongo.errors.ConfigurationError as error:
            raise ConfigurationError("TANGGAP_MONGODB_URL: names no database") from error
        self.prepared = Signal()
        self._after_transaction: list[Callable[[ClientSession, bool], None]] = []

    def collection(self, name: str) -> Collection[Document]:
        """A collection. Raises NotPrepared if start-up has not made the indexes within three seconds."""
        self.require_prepared()
        return self.database[name]

    def transact(self, callback: Callable[[ClientSession], T], timeout: float = 5) -> T:
        """Run the callback in a transaction and return its result once that is committed by a majority.

        The callback may run several times, so it has no effect outside the session. All within
        `timeout` seconds; afterwards the error of the last attempt is raised, and if that came from
        the commit, whether it took effect is unknown.
        """
        self.require_prepared()
        deadline = time.monotonic() + timeout
        with pymongo.timeout(timeout), self.client.start_session() as session:
            committed = False
            try:
                result = self._attempts(session, callback, deadline)
                committed = True
            finally:
                for listener in self._after_transaction:
                    listener(session, committed)
            return result

    def _attempts(self, session: ClientSession, callback: Callable[[ClientSession], T], deadline: float) -> T:
        # `with_transaction` of pymongo repeats for 120 seconds, without a pause and past `timeout`.
        attempt = 0
        while True:
            attempt += 1
            try:
                with session.start_transaction():
                    result = callback(session)
                    self._commit(session, deadline)
                    return result
            except PyMongoError as error:
                pause = random.uniform(0, min(0.005 * 2**attempt, 0.25))  # noqa: S311  # jitter, no secret
                again = error.has_error_label("TransientTransactionError")
                if not again or time.monotonic() + pause > deadline:
                    raise
                eventlet.sleep(pause)

    def _commit(self, session: ClientSession, deadline: float) -> None:
        while True:
            try:
                session.commit_transaction()
                return
            except PyMongoError as error:
                # Committing again is safe: the server knows the transaction's number.
                unknown = error.has_error_label("UnknownTransactionCommitResult")
                if not unknown or time.monotonic() > deadline:
                    raise
                eventlet.sleep(0.01)

    def ping(self, timeout: float = 1.0) -> bool:
        try:
            with pymongo.timeout(timeout):
                self.client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def require_prepared(self) -> None:
        if not self.prepared.is_set() and not self.prepared.wait(3):
            raise NotPrepared("database is not prepared")

    def after_transaction(self, listener: Callable[[ClientSession, bool], None]) -> None:
        """Call `listener(session, committed)` after every `transact`."""
        self._after_transaction.append(listener)


class SharedMongo(SharedExtension):  # type: ignore[misc]  # Nameko has no types
    """The one handle of a container, and what must exist before work begins."""

    def __init__(self) -> None:
        self._handle: MongoHandle | None = None
        self._prepare: list[Callable[[MongoHandle], None]] = []
        self._write: list[Callable[[MongoHandle], None]] = []
        self._stopping = Signal()

    @property
    def handle(self) -> MongoHandle:
        if self._handle is None:
            config: ServiceConfig = self.container.config["TANGGAP"]
            # Workers, relay, consumers, timers and the health check hold one connection each.
            self._handle = MongoHandle(
                config.mongodb_url, service=config.service, pool_size=config.max_workers + 20
            )
        return self._handle

    def prepare_with(self, prepare: Callable[[MongoHandle], None]) -> None:
        """Make collections and indexes at start-up, once the database answers; idempotent.

        With TANGGAP_INDEXES=await they are waited for instead: `servicekit.index_job` makes them.
        """
        self._prepare.append(prepare)

    def write_first(self, write: Callable[[MongoHandle], None]) -> None:
        """Write what has to be there before work begins, after the preparations; idempotent."""
        self._write.append(write)

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="mongo-prepare")

    def _run(self) -> None:
        pause = 0.2
        while not self._stopping.is_set():
            try:
                with pymongo.timeout(30):
                    lacking = self._structure()
                    if not lacking:
                        for write in self._write:
                            write(self.handle)
            except PyMongoError as error:
                if not is_weather(error):
                    raise ConfigurationError(
                        f"database refused its preparation: {type(error).__name__}"
                    ) from error
                log.warning("database not reachable yet", error=describe(error))
            else:
                if not lacking:
                    self.handle.prepared.set()
                    return
                log.warning("indexes are not made yet", first=lacking[0], count=len(lacking))
            self._stopping.wait(pause)
            pause = min(pause * 2, 5)

    def _structure(self) -> list[str]:
        """Make collections and indexes, or say which are missing where somebody else makes them."""
        config: ServiceConfig = self.container.config["TANGGAP"]
        if config.awaits_indexes:
            return missing(self.handle.database, needed(self._prepare))
        for prepare in self._prepare:
            prepare(self.handle)
        return []

    def stop(self) -> None:
        self._stopping.set()
        if self._handle is not None:
            self._handle.client.close()

    def kill(self) -> None:
        self._stopping.set()


class Mongo(DependencyProvider):  # type: ignore[misc]  # Nameko has no types
    """Injects the handle. `prepare(handle)` makes the service's indexes at start-up; it is idempotent."""

    shared = SharedMongo()

    def __init__(self, prepare: Callable[[MongoHandle], None] | None = None) -> None:
        self.preparation = prepare

    def setup(self) -> None:
        if self.preparation is not None:
            self.shared.prepare_with(self.preparation)

    def get_dependency(self, worker_ctx: Any) -> MongoHandle:
        return self.shared.handle
