"""Cases with their history, timers and notices.

Everything of one case lies under ids that begin with its code, so that no further index is needed:
`<code>` the case, `<code>:<seq>` its history, `<code>:<clock>:<level>` its timers, `<code>:<id>` its notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bson.errors import BSONError
from pymongo import ASCENDING, DESCENDING, TEXT, DeleteMany, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DocumentTooLarge, DuplicateKeyError

from complaints.domain.calendar import WorkingCalendar
from complaints.domain.case import FINAL, Case
from complaints.domain.deadlines import next_level
from complaints.domain.history import Link
from complaints.domain.view import Notice
from complaints.store.documents import (
    Document,
    case_from_document,
    case_to_document,
    link_from_document,
    link_to_document,
    notice_from_document,
    notice_to_document,
)

# A notice that arrives late never takes back a later state of its message.
_RANK = {"skipped": 1, "sent": 2, "failed": 3, "delivered": 4}


class AlreadyStored(Exception):
    """Another replica stored one of these cases in the meantime: run the batch again."""


class CaseStore:
    def __init__(self, database: Database[Document]) -> None:
        self.cases = database["cases"]
        self.history = database["history"]
        self.timers = database["timers"]
        self.notices = database["notices"]

    def ensure_indexes(self) -> None:
        """Idempotent. No index on the way of filing that a list of staff does not need."""
        self.cases.create_index(
            [("inspectorate", ASCENDING), ("status", ASCENDING), ("sort_due", ASCENDING), ("_id", ASCENDING)]
        )
        self.cases.create_index(
            [("unit", ASCENDING), ("status", ASCENDING), ("sort_due", ASCENDING), ("_id", ASCENDING)],
            partialFilterExpression={"unit": {"$exists": True}},
        )
        self.cases.create_index(
            [("released", ASCENDING), ("released_at", DESCENDING), ("_id", ASCENDING)],
            partialFilterExpression={"released": True},
        )
        self.cases.create_index(
            [("needs_review", ASCENDING), ("sort_due", ASCENDING)],
            partialFilterExpression={"needs_review": True},
        )
        # There is no Indonesian stemmer; and `language` of a case is that of its reporter, not of the index.
        self.cases.create_index(
            [("public.title", TEXT), ("public.description", TEXT)],
            name="public_text",
            default_language="none",
            language_override="text_language",
        )
        self.timers.create_index(
            [("due_at", ASCENDING), ("_id", ASCENDING)], partialFilterExpression={"pending": True}
        )

    def existing(self, codes: Iterable[str], session: ClientSession) -> set[str]:
        found = self.cases.find({"_id": {"$in": list(codes)}}, {"_id": 1}, session=session)
        return {document["_id"] for document in found}

    def get(self, code: str, session: ClientSession | None = None) -> Case | None:
        document = self.cases.find_one({"_id": code}, session=session)
        return None if document is None else case_from_document(document)

    def get_many(self, codes: Iterable[str], session: ClientSession | None = None) -> dict[str, Case]:
        found = self.cases.find({"_id": {"$in": list(codes)}}, session=session)
        return {document["_id"]: case_from_document(document) for document in found}

    def reported_and_closed_before(self, day: datetime) -> list[str]:
        """Cases that ended before then, for whatever reason, and whose reporter is still known."""
        query = {"closed_at": {"$lt": day}, "reporter_ref": {"$ne": None}}
        return [row["_id"] for row in self.cases.find(query, {"_id": 1}).sort("_id", ASCENDING)]

    def insert(
        self, session: ClientSession, filed: Sequence[tuple[Case, Link, WorkingCalendar | None]]
    ) -> None:
        """Store new cases with their first history and timers; one write per collection.

        Raises AlreadyStored when one of them exists; the transaction is then void.
        """
        if not filed:
            return
        try:
            self.cases.insert_many(
                [case_to_document(case, calendar) for case, _, calendar in filed], session=session
            )
        except (BulkWriteError, DuplicateKeyError) as error:
            if _is_duplicate(error):
                raise AlreadyStored from None
            raise
        self.history.insert_many(
            [link_to_document(case.code, link) for case, link, _ in filed], session=session
        )
        timers = [row for case, _, calendar in filed for row in _timer_rows(case, calendar)]
        if timers:
            self.timers.insert_many(timers, session=session)

    def save(
        self, session: ClientSession, case: Case, links: Sequence[Link], calendar: WorkingCalendar | None
    ) -> None:
        """Replace a case that was read in the same transaction, add its history, and set its timers.

        MongoDB aborts the transaction when another one changed the case since it was read.
        """
        self.cases.replace_one({"_id": case.code}, case_to_document(case, calendar), session=session)
        if links:
            self.history.insert_many([link_to_document(case.code, link) for link in links], session=session)
        rows = _timer_rows(case, calendar)
        keep = [row["_id"] for row in rows]
        operations: list[Any] = [DeleteMany({"_id": _range(case.code, keep), "pending": True})]
        operations += [
            UpdateOne(
                {"_id": row["_id"]},
                {"$set": {"due_at": row["due_at"], "pending": True}, "$setOnInsert": {"code": case.code}},
                upsert=True,
            )
            for row in rows
        ]
        self.timers.bulk_write(operations, session=session)

    def links(self, code: str, session: ClientSession | None = None) -> list[Link]:
        found = self.history.find({"_id": _range(code)}, session=session).sort("_id", ASCENDING)
        return [link_from_document(document) for document in found]

    def notices_of(self, codes: Iterable[str]) -> dict[str, list[Notice]]:
        """What became of the messages about each case, oldest first."""
        wanted = list(codes)
        ranges = [{"_id": _range(code)} for code in wanted]
        notices: dict[str, list[Notice]] = {code: [] for code in wanted}
        if ranges:
            for document in self.notices.find({"$or": ranges}).sort("at", ASCENDING):
                notices[document["_id"].partition(":")[0]].append(notice_from_document(document))
        return notices

    def put_notices(self, session: ClientSession, notices: Sequence[tuple[str, Notice]]) -> None:
        """Keep the furthest state of each message, in whatever order the states arrive."""
        ids = [f"{code}:{notice.id}" for code, notice in notices]
        stored = {d["_id"]: d for d in self.notices.find({"_id": {"$in": ids}}, session=session)}
        changed: dict[str, Document] = {}
        for code, notice in notices:
            document = notice_to_document(code, notice)
            id_ = document["_id"]
            before = changed.get(id_) or stored.get(id_)
            if before is None or _RANK.get(notice.state, 0) > _RANK.get(before["state"], 0):
                changed[id_] = document
        outdated = [id_ for id_ in changed if id_ in stored]
        if outdated:
            self.notices.delete_many({"_id": {"$in": outdated}}, session=session)
        if changed:
            self.notices.insert_many(changed.values(), session=session)

    def due_timers(
        self, as_of: datetime, limit: int, skip: Sequence[str], codes: Sequence[str] | None
    ) -> list[Document]:
        """Timers that are due, oldest first, without those that failed in this sweep."""
        query: Document = {"pending": True, "due_at": {"$lte": as_of}}
        if skip:
            query["_id"] = {"$nin": list(skip)}
        if codes is not None:
            query["code"] = {"$in": list(codes)}
        return list(self.timers.find(query).sort([("due_at", ASCENDING), ("_id", ASCENDING)]).limit(limit))

    def pending_timers(self, ids: Iterable[str], session: ClientSession) -> list[Document]:
        """The given timers that still wait, read in the transaction that fires them."""
        query = {"_id": {"$in": list(ids)}, "pending": True}
        return list(
            self.timers.find(query, session=session).sort([("due_at", ASCENDING), ("_id", ASCENDING)])
        )

    def mark_fired(self, session: ClientSession, ids: Sequence[str], at: datetime) -> None:
        """The row stays: its id is why the level cannot fire again."""
        self.timers.update_many(
            {"_id": {"$in": list(ids)}, "pending": True},
            {"$set": {"fired_at": at}, "$unset": {"pending": ""}},
            session=session,
        )

    def open_codes(self, city: str, after: str, limit: int) -> list[str]:
        """Codes of a city's cases that are not finished, in order, behind `after`."""
        query = {"_id": {"$gt": after}, "city": city, "status": {"$nin": sorted(FINAL)}}
        return [d["_id"] for d in self.cases.find(query, {"_id": 1}).sort("_id", ASCENDING).limit(limit)]

    def without_city(self, limit: int) -> list[str]:
        """Cases that were filed before there was any catalogue."""
        return [d["_id"] for d in self.cases.find({"city": ""}, {"_id": 1}).limit(limit)]


def not_storable(error: Exception) -> bool:
    """Whether a document is one that MongoDB cannot hold, whoever writes it and however often."""
    return isinstance(error, BSONError | DocumentTooLarge | OverflowError | UnicodeError)


def timer_id(code: str, clock_key: str, level: str) -> str:
    return f"{code}:{clock_key}:{level}"


def _timer_rows(case: Case, calendar: WorkingCalendar | None) -> list[Document]:
    """One row per running clock: the level that fires next. The one after it follows when it has fired."""
    if calendar is None:
        return []
    rows = []
    for clock in case.clocks:
        level = next_level(calendar, clock)
        if level is not None:
            id_ = timer_id(case.code, clock.key, level.name)
            rows.append({"_id": id_, "code": case.code, "due_at": level.at, "pending": True})
    return rows


def _range(code: str, without: Sequence[str] = ()) -> Document:
    query: Document = {"$gte": f"{code}:", "$lt": f"{code};"}
    return {**query, "$nin": list(without)} if without else query


def _is_duplicate(error: Exception) -> bool:
    if isinstance(error, DuplicateKeyError):
        return True
    details = getattr(error, "details", None) or {}
    return any(failed.get("code") == 11000 for failed in details.get("writeErrors", ()))
