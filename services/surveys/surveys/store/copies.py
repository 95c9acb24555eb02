"""Our copies of units, services and departments, and how many officers serve what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from surveys.store import ClientSession, Database, Document


class Copies:
    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._officers = database["officers"]
        self._waiting = database["waiting"]

    def keep(self, session: ClientSession, name: str, row: Document) -> None:
        """Store a newer version of a unit, a service or a department; an older one changes nothing."""
        collection = self._database[name]
        known = collection.find_one({"_id": row["_id"]}, {"version": 1}, session=session)
        if known is None:
            collection.insert_one(row, session=session)
        elif known["version"] < row["version"]:
            collection.replace_one({"_id": row["_id"]}, row, session=session)

    def unit(self, code: str | None, session: ClientSession | None = None) -> Document | None:
        return self._one("units", code, session)

    def service(self, code: str | None, session: ClientSession | None = None) -> Document | None:
        return self._one("services", code, session)

    def department(self, code: str | None, session: ClientSession | None = None) -> Document | None:
        return self._one("departments", code, session)

    def units(self) -> list[Document]:
        """Every active unit."""
        return list(self._database["units"].find({"active": True}).sort("_id", 1))

    def saw_officers(self, session: ClientSession, seen: Mapping[str, tuple[str, str]]) -> None:
        """Remember, under marks that name nobody, who handled which (unit, type of service)."""
        query = {"_id": {"$in": list(seen)}}
        known = {row["_id"] for row in self._officers.find(query, {"_id": 1}, session=session)}
        rows = [
            {"_id": mark, "unit": unit, "service_type": service_type}
            for mark, (unit, service_type) in seen.items()
            if mark not in known
        ]
        if rows:
            self._officers.insert_many(rows, session=session)

    def officers(self, unit: str, session: ClientSession | None = None) -> Mapping[str, int]:
        """How many officers handled each type of service for a unit."""
        counts: dict[str, int] = {}
        for row in self._officers.find({"unit": unit}, {"service_type": 1}, session=session):
            counts[row["service_type"]] = counts.get(row["service_type"], 0) + 1
        return counts

    def first_seen(self, event_id: str, now: datetime) -> datetime:
        """When an event was first looked at; kept for a day."""
        try:
            self._waiting.insert_one({"_id": event_id, "at": now})
        except DuplicateKeyError:
            row = self._waiting.find_one({"_id": event_id})
            return row["at"] if row else now
        return now

    def _one(self, name: str, code: str | None, session: ClientSession | None) -> Document | None:
        return self._database[name].find_one({"_id": code}, session=session) if code else None
