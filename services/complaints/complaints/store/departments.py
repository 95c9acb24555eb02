"""The stored registry of departments: one version over all of them, for the gateway's snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from complaints.domain.departments import Department, Key

Document = dict[str, Any]
_CURRENT = "current"


class DepartmentStore:
    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["departments"]
        self._state = database["departments_state"]

    def version(self) -> int:
        """Grows with every change of any department, its keys included; 0 while there are none."""
        state = self._state.find_one({"_id": _CURRENT})
        return 0 if state is None else int(state["version"])

    def all(self) -> tuple[int, list[Department]]:
        """The registry's version, and every department at that version, by code."""
        while True:
            version = self.version()
            found = [_read(document) for document in self._rows.find().sort("_id", ASCENDING)]
            # A change may have come between the reads.
            if self.version() == version:
                return version, found

    def get(self, code: str, session: ClientSession | None = None) -> Department | None:
        document = self._rows.find_one({"_id": code}, session=session)
        return None if document is None else _read(document)

    def save(self, session: ClientSession, department: Department, actor_ref: str, at: datetime) -> None:
        """Store a department that was read in the same transaction, and count the registry's version."""
        document = {
            "_id": department.code,
            "version": department.version,
            "name": {"id": department.name_id, "en": department.name_en},
            "unit": department.unit,
            "units": list(department.units),
            "types": list(department.types),
            "active": department.active,
            "keys": [{"digest": key.digest, "until": key.until} for key in department.keys],
            "changed_at": at,
            "changed_by": actor_ref,
        }
        self._rows.replace_one({"_id": department.code}, document, upsert=True, session=session)
        self._state.update_one({"_id": _CURRENT}, {"$inc": {"version": 1}}, upsert=True, session=session)


def _read(document: Document) -> Department:
    return Department(
        code=document["_id"],
        version=document["version"],
        name_id=document["name"]["id"],
        name_en=document["name"]["en"],
        unit=document["unit"],
        units=tuple(document["units"]),
        types=tuple(document["types"]),
        active=document["active"],
        keys=tuple(Key(key["digest"], key["until"]) for key in document["keys"]),
    )
