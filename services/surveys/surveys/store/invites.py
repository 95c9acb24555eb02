"""Invitations, what they were made for, and the links of counters. Nothing here knows an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from surveys.store import ClientSession, Database, Document

OPEN, SPENT, EXPIRED, REVOKED = "open", "spent", "expired", "revoked"


class Invites:
    """An invitation lives under the fingerprint of its token.

    Spent, it keeps that, its state and its period: no contact, case, officer, service or day.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["invites"]
        self._sources = database["sources"]
        self._counters = database["counters"]

    def find(self, fingerprint: str, session: ClientSession | None = None) -> Document | None:
        return self._rows.find_one({"_id": fingerprint}, session=session)

    def sources(self, ids: Sequence[str], session: ClientSession) -> dict[str, Document]:
        """What closures and visits led to, as far as they are known."""
        return {row["_id"]: row for row in self._sources.find({"_id": {"$in": list(ids)}}, session=session)}

    def add_sources(self, session: ClientSession, rows: Sequence[Document]) -> None:
        if rows:
            self._sources.insert_many(list(rows), session=session)

    def keep_source(self, session: ClientSession, id_: str, outcome: str, **more: Any) -> None:
        self._sources.replace_one({"_id": id_}, {"outcome": outcome, **more}, upsert=True, session=session)

    def insert(self, session: ClientSession, rows: Sequence[Document]) -> None:
        if rows:
            self._rows.insert_many(list(rows), session=session)

    def spend(self, session: ClientSession, invite: Document) -> None:
        """Leave nothing of an invitation but that it was used."""
        self._end(session, invite, SPENT)

    def revoke(self, session: ClientSession, source: str) -> bool:
        """End the invitation made for a source, unless it was used or has ended."""
        invite = self._rows.find_one({"source": source, "state": OPEN}, session=session)
        if invite is not None:
            self._end(session, invite, REVOKED)
        return invite is not None

    def expired(self, today: str, limit: int = 500) -> list[Document]:
        return list(self._rows.find({"state": OPEN, "expires_on": {"$lt": today}}).limit(limit))

    def expire(self, session: ClientSession, invite: Document) -> None:
        if self._rows.find_one({"_id": invite["_id"], "state": OPEN}, {"_id": 1}, session=session):
            self._end(session, invite, EXPIRED)

    def to_remind(self, today: str, limit: int = 200) -> list[Document]:
        return list(self._rows.find({"state": OPEN, "remind_on": {"$lte": today}}).limit(limit))

    def reminded(self, session: ClientSession, fingerprint: str) -> bool:
        """Whether this call is the one that reminds."""
        found = self._rows.update_one(
            {"_id": fingerprint, "state": OPEN, "remind_on": {"$exists": True}},
            {"$unset": {"remind_on": ""}},
            session=session,
        )
        return found.modified_count == 1

    def _end(self, session: ClientSession, invite: Document, state: str) -> None:
        left = {"state": state, "period": invite["period"]}
        self._rows.replace_one({"_id": invite["_id"]}, left, session=session)

    def counter(self, fingerprint: str, session: ClientSession | None = None) -> Document | None:
        return self._counters.find_one({"fingerprint": fingerprint}, session=session)

    def counters(self, query: Document) -> list[Document]:
        return list(self._counters.find(query).sort([("unit", 1), ("counter", 1), ("_id", 1)]).limit(500))

    def counter_by_id(self, id_: str, session: ClientSession | None = None) -> Document | None:
        return self._counters.find_one({"_id": id_}, session=session)

    def insert_counter(self, session: ClientSession, row: Document) -> None:
        self._counters.insert_one(row, session=session)

    def revoke_counter(self, session: ClientSession, id_: str) -> None:
        self._counters.update_one({"_id": id_}, {"$set": {"state": REVOKED}}, session=session)
