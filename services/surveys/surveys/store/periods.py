"""Periods, what was computed of them, and improvement plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from surveys.domain.periods import CLOSED, CORRECTED, OPEN, PUBLISHED, Period
from surveys.store import ClientSession, Database, Document


class Periods:
    """One document a unit and period, `<unit>:<period>`; the counts in it never touch a computation."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["periods"]
        self._closings = database["closings"]

    def get(self, id_: str, session: ClientSession | None = None) -> Document | None:
        return self._rows.find_one({"_id": id_}, session=session)

    def get_many(self, ids: Sequence[str], session: ClientSession | None = None) -> list[Document]:
        return list(self._rows.find({"_id": {"$in": list(ids)}}, session=session).sort("starts_on", 1))

    def holding(self, unit: str, day: str, session: ClientSession | None = None) -> Document | None:
        """The unit's collecting period that a day belongs to, in whatever state, if there is one."""
        query = {
            "unit": unit,
            "kind": {"$ne": "rolling_year"},
            "starts_on": {"$lte": day},
            "ends_on": {"$gte": day},
        }
        return self._rows.find_one(query, session=session)

    def insert(self, session: ClientSession, row: Document) -> None:
        self._rows.insert_one(row, session=session)

    def change(self, session: ClientSession, id_: str, change: Document) -> None:
        """Write to a period. Whoever reads its state and writes is safe from a closing at the same time."""
        self._rows.update_one({"_id": id_}, change, session=session)

    def count(self, session: ClientSession, id_: str, counter: str, by: int = 1) -> None:
        """Count something that happened, such as `accepted.invite_link` or `refused.already_used`."""
        self._rows.update_one({"_id": id_}, {"$inc": {counter: by}}, session=session)

    def count_all(self, session: ClientSession, counts: Mapping[tuple[str, str], int]) -> None:
        """Many counts, (period, counter): number, with one write a period."""
        changes: dict[str, dict[str, int]] = {}
        for (id_, counter), number in sorted(counts.items()):
            changes.setdefault(id_, {})[counter] = number
        for id_, change in changes.items():
            self._rows.update_one({"_id": id_}, {"$inc": change}, session=session)

    def due(self, today: str) -> list[Document]:
        """Open periods whose last day for answers is over, oldest first."""
        query = {"state": OPEN, "closes_on": {"$lt": today}}
        return list(self._rows.find(query).sort([("closes_on", 1), ("_id", 1)]))

    def latest(self, unit: str) -> Document | None:
        """The unit's collecting period that begins last."""
        query = {"unit": unit, "kind": {"$ne": "rolling_year"}}
        return self._rows.find_one(query, sort=[("starts_on", -1)])

    def page(self, query: Document, after: str | None, limit: int) -> list[Document]:
        wanted = dict(query) | ({"_id": {"$gt": after}} if after else {})
        return list(self._rows.find(wanted).sort("_id", 1).limit(limit))

    def of_unit(
        self, unit: str, states: Sequence[str], session: ClientSession | None = None
    ) -> list[Document]:
        query = {"unit": unit, "state": {"$in": list(states)}}
        return list(self._rows.find(query, session=session).sort([("starts_on", 1), ("_id", 1)]))

    def shown(self, unit: str | None, year: int | None) -> list[Document]:
        query: Document = {"state": {"$in": [PUBLISHED, CORRECTED]}}
        if unit:
            query["unit"] = unit
        if year:
            query["ends_on"] = {"$gte": f"{year}-01-01", "$lte": f"{year}-12-31"}
        return list(self._rows.find(query).sort([("ends_on", -1), ("unit", 1), ("_id", 1)]).limit(1000))

    def closed_long_ago(self, before: str) -> list[str]:
        states = [CLOSED, PUBLISHED, CORRECTED]
        rows = self._rows.find({"state": {"$in": states}, "closes_on": {"$lt": before}}, {"_id": 1})
        return [row["_id"] for row in rows]

    def computed(
        self, id_: str, version: int | None = None, session: ClientSession | None = None
    ) -> Document | None:
        """One computation of a period; the latest one unless a version is named."""
        query: Document = {"period": id_} | ({"version": version} if version else {})
        return self._closings.find_one(query, sort=[("version", -1)], session=session)

    def computations(self, id_: str) -> list[Document]:
        return list(self._closings.find({"period": id_}, {"inputs": 0}).sort("version", 1))

    def keep_computed(self, session: ClientSession, row: Document) -> None:
        """Append a computation; an earlier one is never rewritten."""
        self._closings.insert_one(row, session=session)


class Improvements:
    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["improvements"]

    def get(self, id_: str, session: ClientSession) -> Document | None:
        return self._rows.find_one({"_id": id_}, session=session)

    def insert(self, session: ClientSession, row: Document) -> None:
        self._rows.insert_one(row, session=session)

    def change(self, session: ClientSession, id_: str, change: Document) -> None:
        self._rows.update_one({"_id": id_}, {"$set": change}, session=session)

    def of(self, query: Document, session: ClientSession | None = None) -> list[Document]:
        return list(self._rows.find(query, session=session).sort([("due_on", 1), ("_id", 1)]).limit(500))

    def due_soon(self, until: str) -> list[Document]:
        query = {"state": {"$in": ["planned", "in_progress"]}, "due_on": {"$lte": until}, "warned": False}
        return list(self._rows.find(query).limit(200))


def period_id(unit: str, code: str) -> str:
    return f"{unit}:{code}"


def span(row: Document) -> Period:
    """The period of a document."""
    days = (date.fromisoformat(row[name]) for name in ("starts_on", "ends_on", "closes_on"))
    return Period(row["code"], row["kind"], *days)
