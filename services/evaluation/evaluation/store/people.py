"""Staff records, what departments may do, and the names of units and services."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from evaluation.domain.staff import Staff
from evaluation.store.paging import Document, page


class PeopleStore:
    def __init__(self, database: Database[Document]) -> None:
        self._staff = database["staff"]
        self._departments = database["departments"]
        self._units = database["units"]
        self._services = database["services"]

    def ensure_indexes(self) -> None:
        self._staff.create_index([("unit", ASCENDING), ("_id", ASCENDING)])
        self._staff.create_index([("rater_ref", ASCENDING), ("_id", ASCENDING)])
        self._staff.create_index([("superior_ref", ASCENDING), ("_id", ASCENDING)])

    def get(self, staff_ref: str, session: ClientSession | None = None) -> Staff | None:
        row = self._staff.find_one({"_id": staff_ref}, session=session)
        return None if row is None else _person(row)

    def get_many(self, refs: Iterable[str], session: ClientSession | None = None) -> dict[str, Staff]:
        found = self._staff.find({"_id": {"$in": sorted(set(refs))}}, session=session)
        return {row["_id"]: _person(row) for row in found}

    def origin(self, staff_ref: str, session: ClientSession) -> Document:
        """Which event the record follows; empty for one that was imported or is not there."""
        row = self._staff.find_one({"_id": staff_ref}, {"origin": 1}, session=session)
        return (row or {}).get("origin") or {}

    def put(
        self, session: ClientSession, person: Staff, at: datetime, origin: Document | None = None
    ) -> None:
        """Replace a record. The units a person ever belonged to are kept beside it."""
        document = {
            **person.facts(),
            "version": person.version,
            "origin": origin,
            "changed_at": at,
        }
        self._staff.update_one(
            {"_id": person.staff_ref},
            {"$set": document, "$addToSet": {"units": person.unit}},
            upsert=True,
            session=session,
        )

    def add_unit(self, session: ClientSession, staff_ref: str, unit: str) -> None:
        """Remember that a person belonged to a unit, from an older record that changes nothing else."""
        self._staff.update_one({"_id": staff_ref}, {"$addToSet": {"units": unit}}, session=session)

    def units_of(self, staff_ref: str, session: ClientSession) -> set[str]:
        row = self._staff.find_one({"_id": staff_ref}, {"units": 1}, session=session)
        return set((row or {}).get("units") or ())

    def page(self, query: Document, cursor: str | None, limit: int) -> tuple[list[Staff], str | None]:
        rows, following = page(self._staff, query, cursor, limit)
        return [_person(row) for row in rows], following

    def refs_of_people(self, actor_ref: str, *, superior: bool) -> list[str]:
        """Whom somebody rates; with `superior` also those whose rating officer reports to him."""
        parts: list[Document] = [{"rater_ref": actor_ref}]
        if superior:
            parts.append({"superior_ref": actor_ref})
        return [row["_id"] for row in self._staff.find({"$or": parts}, {"_id": 1}).sort("_id", ASCENDING)]

    def active_refs(self, after: str, limit: int) -> list[str]:
        query = {"active": True, "_id": {"$gt": after}}
        return [row["_id"] for row in self._staff.find(query, {"_id": 1}).sort("_id", 1).limit(limit)]

    def colleagues(self, unit: str) -> list[Staff]:
        """Everybody active in a unit."""
        return [_person(row) for row in self._staff.find({"unit": unit, "active": True})]

    def keep_departments(self, session: ClientSession, rows: Sequence[Document]) -> None:
        _keep_newest(self._departments, session, rows)

    def keep_units(self, session: ClientSession, rows: Sequence[Document]) -> None:
        _keep_newest(self._units, session, rows)

    def keep_services(self, session: ClientSession, rows: Sequence[Document]) -> None:
        _keep_newest(self._services, session, rows)

    def departments(self, codes: Iterable[str]) -> dict[str, Document]:
        return {row["_id"]: row for row in self._departments.find({"_id": {"$in": sorted(set(codes))}})}

    def known_units(self) -> set[str]:
        return {row["_id"] for row in self._units.find({}, {"_id": 1})}


def _keep_newest(rows: Any, session: ClientSession, given: Sequence[Document]) -> None:
    """Store newer versions; one that is older than ours is ignored, whatever the order they come in."""
    newest: dict[str, Document] = {}
    for row in given:
        if row["version"] >= newest.get(row["_id"], row)["version"]:
            newest[row["_id"]] = row
    for id_, row in newest.items():
        known = rows.find_one({"_id": id_}, {"version": 1}, session=session)
        if known is None:
            rows.insert_one(row, session=session)
        elif row["version"] > known["version"]:
            rows.replace_one({"_id": id_}, row, session=session)


def _person(row: Document) -> Staff:
    return Staff(
        staff_ref=row["_id"],
        version=row["version"],
        unit=row["unit"],
        status=row["status"],
        position=row["position"],
        service_types=tuple(row["service_types"]),
        rater_ref=row["rater_ref"],
        superior_ref=row["superior_ref"],
        competencies=row["competencies"],
        active=row["active"],
    )
