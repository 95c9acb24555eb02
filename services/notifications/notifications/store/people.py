"""Recipients, and the names that messages use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from notifications.wording import Names

Document = dict[str, Any]
KEEP_CITIZENS = timedelta(days=730)
"""A citizen's contact is new for every filing; it outlives the longest case and its survey, and no more."""


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A contact as it is stored: who it is for, and a block that only the key ring opens."""

    ref: str
    audience: str
    language: str
    sealed: str
    as_of: datetime
    roles: tuple[str, ...] = ()
    unit: str | None = None
    active: bool = True


class People:
    def __init__(self, database: Database[Document]) -> None:
        self._contacts = database["contacts"]
        self._units = database["units"]
        self._services = database["services"]
        self._departments = database["departments"]

    def keep(self, session: ClientSession, rows: Sequence[ContactRow]) -> None:
        """Store contacts; one that is newer than the row stays as it is."""
        newest: dict[str, ContactRow] = {}
        for row in rows:
            if row.ref not in newest or row.as_of >= newest[row.ref].as_of:
                newest[row.ref] = row
        if not newest:
            return
        known = {
            row["_id"]: row["as_of"]
            for row in self._contacts.find({"_id": {"$in": list(newest)}}, {"as_of": 1}, session=session)
        }
        fresh = [row for ref, row in newest.items() if ref not in known]
        newer = [row for ref, row in newest.items() if ref in known and row.as_of > known[ref]]
        if fresh:
            self._contacts.insert_many([_document(row) for row in fresh], session=session)
        if newer:
            self._contacts.bulk_write(
                [UpdateOne({"_id": row.ref}, {"$set": _document(row)}) for row in newer], session=session
            )

    def contacts(self, refs: Iterable[str]) -> dict[str, ContactRow]:
        wanted = list(set(refs))
        if not wanted:
            return {}
        return {
            row["_id"]: _row(row) for row in self._contacts.find({"_id": {"$in": wanted}, "active": True})
        }

    def staff(self) -> dict[str, ContactRow]:
        """Everybody who works here, with the contact blocks as they came."""
        return {row["_id"]: _row(row) for row in self._contacts.find({"audience": "staff", "active": True})}

    def keep_names(
        self,
        session: ClientSession,
        units: Sequence[Document],
        services: Sequence[Document],
        departments: Sequence[Document],
    ) -> None:
        """Store newer versions of names; an older version than ours is ignored."""
        kept = ((self._units, units), (self._services, services), (self._departments, departments))
        for collection, rows in kept:
            newest: dict[str, Document] = {}
            for row in rows:
                if row["version"] >= newest.get(row["_id"], row)["version"]:
                    newest[row["_id"]] = row
            if not newest:
                continue
            known = {
                row["_id"]: row["version"]
                for row in collection.find({"_id": {"$in": list(newest)}}, {"version": 1}, session=session)
            }
            fresh = [row for code, row in newest.items() if code not in known]
            newer = [row for code, row in newest.items() if code in known and row["version"] > known[code]]
            if fresh:
                collection.insert_many(fresh, session=session)
            if newer:
                collection.bulk_write(
                    [UpdateOne({"_id": row["_id"]}, {"$set": row}) for row in newer], session=session
                )

    def names(self) -> Names:
        wanted = {"name": 1, "city": 1}
        units, services = list(self._units.find({}, wanted)), list(self._services.find({}, wanted))
        return Names(
            units={row["_id"]: row["name"] for row in units},
            services={row["_id"]: row["name"] for row in services},
            departments={row["_id"]: row["name"] for row in self._departments.find({}, {"name": 1})},
            cities={row["_id"]: row["city"] for row in (*units, *services) if row.get("city")},
        )

    def sealed_elsewhere(self, kid: str, limit: int) -> list[ContactRow]:
        """Contacts sealed under another key than this one."""
        return [_row(row) for row in self._contacts.find({"kid": {"$ne": kid}}).limit(limit)]

    def reseal(self, ref: str, old: str, new: str) -> None:
        """Replace a block by the same block under another key, unless it changed meanwhile."""
        self._contacts.update_one({"_id": ref, "sealed": old}, {"$set": {"sealed": new, "kid": _kid(new)}})


def _kid(token: str) -> str:
    return token.split(".", 2)[1]


def _document(row: ContactRow) -> Document:
    document: Document = {
        "_id": row.ref,
        "audience": row.audience,
        "language": row.language,
        "sealed": row.sealed,
        "kid": _kid(row.sealed),
        "as_of": row.as_of,
        "roles": list(row.roles),
        "unit": row.unit,
        "active": row.active,
    }
    if row.audience == "citizen":
        document["purge_at"] = row.as_of + KEEP_CITIZENS
    return document


def _row(document: Mapping[str, Any]) -> ContactRow:
    return ContactRow(
        ref=document["_id"],
        audience=document["audience"],
        language=document["language"],
        sealed=document["sealed"],
        as_of=document["as_of"],
        roles=tuple(document["roles"]),
        unit=document["unit"],
        active=document["active"],
    )
