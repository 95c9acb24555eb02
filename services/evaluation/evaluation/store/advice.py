"""Recommendations, and the subjects for which they have to be thought over again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from evaluation.store.paging import Document, page


class AdviceStore:
    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["recommendations"]
        self._wanted = database["advice_wanted"]

    def ensure_indexes(self) -> None:
        self._rows.create_index([("key", ASCENDING), ("round", ASCENDING)], unique=True)
        self._rows.create_index([("staff_ref", ASCENDING), ("state", ASCENDING)])
        self._rows.create_index([("unit", ASCENDING), ("kind", ASCENDING), ("state", ASCENDING)])
        self._rows.create_index([("state", ASCENDING), ("expires_on", ASCENDING)])

    def want(self, session: ClientSession | None, subjects: Iterable[str], at: datetime) -> None:
        """Remember that something changed for `person:<ref>` or `unit:<code>`."""
        changes = [
            UpdateOne({"_id": one}, {"$set": {"at": at}}, upsert=True) for one in sorted(set(subjects))
        ]
        if changes:
            self._wanted.bulk_write(changes, session=session)

    def wanted(self, limit: int) -> list[Document]:
        return list(self._wanted.find().sort("_id", ASCENDING).limit(limit))

    def done(self, session: ClientSession, wanted: Document) -> None:
        """Forget a mark, unless something changed again meanwhile."""
        self._wanted.delete_one(wanted, session=session)

    def get(self, id: str, session: ClientSession | None = None) -> Document | None:
        return self._rows.find_one({"_id": id}, session=session)

    def of_subject(self, kind: str, subject: str, session: ClientSession) -> list[Document]:
        name = "staff_ref" if kind == "person" else "unit"
        return list(self._rows.find({"kind": kind, name: subject}, session=session).sort("_id", ASCENDING))

    def insert(self, session: ClientSession, rows: list[Document]) -> None:
        if rows:
            self._rows.insert_many(rows, session=session)

    def change(self, session: ClientSession, id: str, values: Document, link: Document | None = None) -> None:
        update: dict[str, Any] = {"$set": values}
        if link is not None:
            update["$push"] = {"history": link}
        self._rows.update_one({"_id": id}, update, session=session)

    def expire(self, today: str, at: datetime) -> int:
        """Recommendations that nobody decided in their time."""
        query = {"state": "proposed", "expires_on": {"$lt": today}}
        link = {"at": at, "actor_ref": None, "action": "expire"}
        found = self._rows.update_many(query, {"$set": {"state": "expired"}, "$push": {"history": link}})
        return found.modified_count

    def page(self, query: Document, cursor: str | None, limit: int) -> tuple[list[Document], str | None]:
        return page(self._rows, query, cursor, limit, newest_first=True)
