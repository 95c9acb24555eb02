"""The ledger of JP: entries, and a history of every step that only grows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from evaluation.domain.entries import Entry
from evaluation.store.paging import Document


class LedgerStore:
    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["entries"]
        self._history = database["entry_history"]

    def ensure_indexes(self) -> None:
        self._rows.create_index([("staff_ref", ASCENDING), ("end", ASCENDING)])

    def get(self, entry_id: str, session: ClientSession | None = None) -> Entry | None:
        row = self._rows.find_one({"_id": entry_id}, session=session)
        return None if row is None else _entry(row)

    def put(self, session: ClientSession, entry: Entry, link: Document) -> None:
        """Store an entry and one more row of its history."""
        self._rows.replace_one({"_id": entry.entry_id}, _document(entry), upsert=True, session=session)
        number = self._history.count_documents({"entry_id": entry.entry_id}, session=session)
        self._history.insert_one(
            {"_id": f"{entry.entry_id}:{number + 1:04}", "entry_id": entry.entry_id, **link}, session=session
        )

    def of_person(self, staff_ref: str, session: ClientSession | None = None) -> list[Entry]:
        found = self._rows.find({"staff_ref": staff_ref}, session=session)
        return [_entry(row) for row in found.sort([("end", ASCENDING), ("_id", ASCENDING)])]

    def steps(self, entry_id: str, session: ClientSession | None = None) -> list[Document]:
        return list(self._history.find({"entry_id": entry_id}, session=session).sort("_id", ASCENDING))


def _document(entry: Entry) -> Document:
    document: Document = {name: getattr(entry, name) for name in Entry.__slots__}
    document["_id"] = document.pop("entry_id")
    for name in ("start", "end"):
        document[name] = document[name].isoformat()
    return document


def _entry(row: Document) -> Entry:
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "_id"}
    values |= {"start": date.fromisoformat(row["start"]), "end": date.fromisoformat(row["end"])}
    at: datetime = row["entered_at"]
    return Entry(entry_id=row["_id"], **{**values, "entered_at": at})
