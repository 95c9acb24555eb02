"""The inbox: which events have taken effect, written in the same transaction as the effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from servicekit import metrics
from servicekit.envelope import Event

COLLECTION = "inbox"
# Longer than the outbox keeps sent events, and than anybody replays dead letters.
KEEP_DAYS = 45


class Inbox:
    """An event takes effect once per handler, if `unseen` and `record` share its transaction.

    Two replicas that race for one event write the same `_id`: one transaction aborts, is repeated,
    and then finds the id.
    """

    def __init__(self, database: Database[dict[str, Any]], service: str | None = None) -> None:
        self._rows = database[COLLECTION]
        self._service = service or database.name

    def unseen(self, session: ClientSession, handler: str, events: Sequence[Event]) -> list[Event]:
        """The events that have not taken effect, in order, each id once."""
        by_id: dict[str, Event] = {}
        for event in events:
            by_id.setdefault(event.id, event)
        keys = [f"{handler}:{event_id}" for event_id in by_id]
        known = {row["_id"] for row in self._rows.find({"_id": {"$in": keys}}, {"_id": 1}, session=session)}
        fresh = [event for event in by_id.values() if f"{handler}:{event.id}" not in known]
        if len(fresh) < len(events):
            self._count_duplicates(events, {event.id for event in fresh})
        return fresh

    def record(self, session: ClientSession, handler: str, event_ids: Iterable[str]) -> None:
        """Remember that these events took effect."""
        at = datetime.now(UTC)
        rows = [{"_id": f"{handler}:{event_id}", "at": at} for event_id in event_ids]
        if rows:
            self._rows.insert_many(rows, session=session)

    def ensure_indexes(self) -> None:
        self._rows.create_index("at", expireAfterSeconds=KEEP_DAYS * 86400)

    def _count_duplicates(self, events: Sequence[Event], fresh: set[str]) -> None:
        for event in events:
            if event.id in fresh:
                fresh.discard(event.id)
            else:
                metrics.inbox_duplicates_total.labels(self._service, event.type).inc()
