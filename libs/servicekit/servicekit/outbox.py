"""The outbox: events stored with the change that caused them, published afterwards by the relay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from servicekit.contracts import Contracts
from servicekit.envelope import MAX_BODY_BYTES, Event
from servicekit.errors import ContractViolation, DuplicateEvent
from servicekit.topology import Topology
from servicekit.tracing import current_traceparent

COLLECTION = "outbox"
KEEP_DAYS = 7
PENDING, SENT, PARKED = "pending", "sent", "parked"
UNSENT = {"$in": [PENDING, PARKED]}


class Outbox:
    """Rows hold the final wire bytes, so that a new release cannot change an event that waits.

    pending ──confirmed──▶ sent (removed after a week)
       └──refused by the broker, several times──▶ parked (holds its aggregate's later events)
    """

    def __init__(
        self,
        database: Database[dict[str, Any]],
        service: str | None = None,
        topology: Topology | None = None,
        contracts: Contracts | None = None,
    ) -> None:
        self.rows = database[COLLECTION]
        self._service = service
        self._topology = topology
        self._contracts = contracts

    def append(self, session: ClientSession | None, events: Iterable[Event], *, traced: bool = True) -> None:
        """Store events to be published once the session's transaction commits.

        At least once. Ordered per aggregate as far as one relay and no retry allow. An event without a
        trace gets the running one, unless `traced` is false. Raises DuplicateEvent if an id is already
        stored, ConfigurationError for a type that this service does not publish, and ContractViolation
        where contracts are checked.
        """
        stored_at = datetime.now(UTC)
        rows = [self._row(event, stored_at, traced) for event in events]
        if not rows:
            return
        try:
            self.rows.insert_many(rows, session=session)
        except BulkWriteError as error:
            codes = {failed.get("code") for failed in (error.details or {}).get("writeErrors", ())}
            if codes == {11000}:
                raise DuplicateEvent("event id already in the outbox") from None
            raise

    def _row(self, event: Event, stored_at: datetime, traced: bool) -> dict[str, Any]:
        if self._topology is not None and self._service is not None:
            self._topology.route(self._service, event.type)
        if self._contracts is not None:
            self._contracts.validate(event)
        document = event.to_dict()
        if traced and event.traceparent is None and (running := current_traceparent()):
            document["traceparent"] = running
        body = event.encode(document)
        if len(body) > MAX_BODY_BYTES:
            raise ContractViolation(f"{event.type}: larger than {MAX_BODY_BYTES} bytes")
        row = {
            "_id": event.id,
            "type": event.type,
            "key": event.subject,
            "seq": event.aggregateversion,
            "body": body,
            "state": PENDING,
            "stored_at": stored_at,
        }
        for name in ("correlationid", "traceparent"):
            if document.get(name):
                row[name] = document[name]
        return row

    def ensure_indexes(self) -> None:
        # Only rows that wait are in the index the relay reads, however many were sent.
        self.rows.create_index([("state", 1), ("_id", 1)], partialFilterExpression={"state": UNSENT})
        self.rows.create_index("next_at", sparse=True)
        self.rows.create_index("sent_at", expireAfterSeconds=KEEP_DAYS * 86400)

    def pending(self) -> int:
        """How many events wait to be published."""
        return self.rows.count_documents({"state": PENDING})

    def parked(self) -> int:
        """How many events the broker refused for good."""
        return self.rows.count_documents({"state": PARKED})

    def oldest_age(self) -> float:
        """Seconds since the oldest unsent event was stored; 0 if none waits."""
        row = self.rows.find_one({"state": UNSENT}, {"stored_at": 1}, sort=[("_id", 1)])
        return (datetime.now(UTC) - row["stored_at"]).total_seconds() if row else 0.0

    def unpark(self, event_ids: Iterable[str]) -> int:
        """Give parked events another chance, after somebody removed the cause."""
        found = self.rows.update_many(
            {"_id": {"$in": list(event_ids)}, "state": PARKED},
            {"$set": {"state": PENDING}, "$unset": {"attempts": ""}},
        )
        return found.modified_count
