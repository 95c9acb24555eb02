"""What we were told about cases and surveys, and the rows of evidence that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from evaluation.domain.casework import Row
from evaluation.domain.evidence import Tallied
from evaluation.domain.outcomes import Counts
from evaluation.store.paging import Document


class FactStore:
    def __init__(self, database: Database[Document]) -> None:
        self._cases = database["cases"]
        self._tallies = database["tallies"]
        self._units = database["unit_results"]
        self._people = database["person_results"]
        self._comments = database["comments"]

    def ensure_indexes(self) -> None:
        self._tallies.create_index("complaint_id")
        self._tallies.create_index([("period", ASCENDING), ("unit", ASCENDING), ("person", ASCENDING)])
        self._tallies.create_index([("person", ASCENDING), ("period", ASCENDING)])
        self._tallies.create_index([("unit", ASCENDING), ("period", ASCENDING)])
        self._units.create_index([("unit", ASCENDING), ("ends_on", ASCENDING)])
        self._people.create_index([("staff_ref", ASCENDING), ("period", ASCENDING)])
        self._comments.create_index([("subject_ref", ASCENDING), ("evidence_id", ASCENDING)])

    def cases(self, session: ClientSession, ids: Iterable[str]) -> dict[str, Document]:
        found = self._cases.find({"_id": {"$in": sorted(set(ids))}}, session=session)
        return {row["_id"]: row for row in found}

    def put_cases(self, session: ClientSession, known: Sequence[Document], rows: Sequence[Row]) -> None:
        """Keep what is known of cases, and replace the rows that follow from them; few writes for many."""
        if not known:
            return
        self._cases.bulk_write(
            [ReplaceOne({"_id": case["_id"]}, case, upsert=True) for case in known], session=session
        )
        ids = [case["_id"] for case in known]
        self._tallies.delete_many({"complaint_id": {"$in": ids}}, session=session)
        if rows:
            self._tallies.insert_many([_tally_document(row) for row in rows], session=session)

    def tallies(self, period: str, unit: str | None, person: str | None) -> list[Tallied]:
        """A unit's rows (`person` is None), or a person's wherever she worked."""
        query: Document = {"period": period, "person": person}
        if unit is not None:
            query["unit"] = unit
        return [_tally(row) for row in self._tallies.find(query)]

    def worked_in(self, staff_ref: str) -> list[str]:
        """The quarters in which somebody's cases were closed."""
        return sorted(self._tallies.distinct("period", {"person": staff_ref}))

    def units_worked_in(self, staff_ref: str, period: str) -> list[str]:
        return sorted(self._tallies.distinct("unit", {"person": staff_ref, "period": period}))

    def unit_periods(self, unit: str) -> list[str]:
        return sorted(self._tallies.distinct("period", {"unit": unit}))

    def officers(self, period: str, unit: str) -> dict[str, int]:
        """How many officers worked on each service type of a unit."""
        found = self._tallies.aggregate(
            [
                {"$match": {"period": period, "unit": unit, "person": {"$ne": None}}},
                {"$group": {"_id": "$service_type", "people": {"$addToSet": "$person"}}},
            ]
        )
        return {row["_id"]: len(row["people"]) for row in found}

    def city(self, period: str, *, people: bool) -> list[Tallied]:
        """The city's totals per stratum of a quarter: over all people, or over all units."""
        match: Document = {"period": period, "person": {"$ne": None} if people else None}
        names = ("on_time", "on_time_of", "confirmed", "confirmed_of", "disputed", "disputed_of")
        found = self._tallies.aggregate(
            [
                {"$match": match},
                {
                    "$group": {
                        "_id": {"service_type": "$service_type", "stratum": "$stratum"},
                        **{name: {"$sum": f"$counts.{name}"} for name in names},
                    }
                },
            ]
        )
        return [
            Tallied(
                row["_id"]["service_type"],
                tuple(row["_id"]["stratum"]),
                Counts(**{name: row[name] for name in names}),
            )
            for row in found
        ]

    def put_unit_result(self, session: ClientSession, result: Document) -> bool:
        """Keep a unit's figures of a period; the newest version wins. False when we know a newer one."""
        id_ = f"{result['unit']}:{result['period']}"
        known = self._units.find_one({"_id": id_}, {"rank": 1}, session=session)
        rank = [result["version"], result["told_at"], result["event_id"]]
        if known is not None and _rank(known["rank"]) >= _rank(rank):
            return False
        document = {"_id": id_, "rank": rank, **result}
        self._units.replace_one({"_id": id_}, document, upsert=True, session=session)
        return True

    def put_person_result(self, session: ClientSession, result: Document) -> bool:
        """Keep what was answered about a person; of two for the same period the one that knows more wins."""
        id_ = "\x1f".join((result["staff_ref"], result["unit"], result["period"], result["service_type"]))
        known = self._people.find_one({"_id": id_}, {"rank": 1}, session=session)
        rank = [result["n"], result["told_at"], result["event_id"]]
        if known is not None and _rank(known["rank"]) >= _rank(rank):
            return False
        document = {"_id": id_, "rank": rank, **result}
        self._people.replace_one({"_id": id_}, document, upsert=True, session=session)
        return True

    def unit_results(self, unit: str) -> list[Document]:
        """A unit's published periods, the oldest first; of those that end on one day the longest first."""
        return list(self._units.find({"unit": unit}).sort([("ends_on", 1), ("starts_on", 1), ("_id", 1)]))

    def person_results(self, staff_ref: str) -> list[Document]:
        return list(self._people.find({"staff_ref": staff_ref}).sort("_id", ASCENDING))

    def add_comment(self, session: ClientSession, comment: Document) -> None:
        self._comments.insert_one(comment, session=session)

    def comments(self, subject_ref: str) -> dict[str, list[Document]]:
        """A person's comments by the evidence they are about, oldest first."""
        found: dict[str, list[Document]] = {}
        for row in self._comments.find({"subject_ref": subject_ref}).sort("_id", ASCENDING):
            found.setdefault(row["evidence_id"], []).append(row)
        return found


def _rank(rank: Sequence[Any]) -> tuple[int, datetime, str]:
    return int(rank[0]), rank[1], str(rank[2])


def _tally_document(row: Row) -> Document:
    counts = asdict(row.counts)
    counts["answer_minutes"] = [list(pair) for pair in row.counts.answer_minutes]
    counts["outcomes"] = [list(pair) for pair in row.counts.outcomes]
    return {
        "_id": f"{row.complaint_id}:{row.subject.unit}:{row.subject.person or ''}",
        "complaint_id": row.complaint_id,
        "period": row.period,
        "unit": row.subject.unit,
        "person": row.subject.person,
        "service_type": row.service_type,
        "stratum": list(row.stratum),
        "counts": counts,
    }


def _tally(row: Mapping[str, Any]) -> Tallied:
    counts = dict(row["counts"])
    counts["answer_minutes"] = tuple((int(a), int(b)) for a, b in counts["answer_minutes"])
    counts["outcomes"] = tuple((str(a), int(b)) for a, b in counts["outcomes"])
    return Tallied(row["service_type"], tuple(row["stratum"]), Counts(**counts))
