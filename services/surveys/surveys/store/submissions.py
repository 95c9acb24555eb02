"""What was handed in lately, by digests that only this installation's keys can make; gone after two days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from pymongo.errors import DuplicateKeyError

from surveys.store import ClientSession, Database, Document

KEEP_DAYS = 3
"""Days until a row is purged: at least the 48 hours in which a submission may be repeated."""


class Submissions:
    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["submissions"]
        self._limits = database["limits"]
        self._refusals = database["refusals"]

    def find(self, key: str, session: ClientSession | None = None) -> Document | None:
        return self._rows.find_one({"_id": key}, session=session)

    def known(self, session: ClientSession, keys: Sequence[str]) -> dict[str, str]:
        """The content digests of the submissions that are here already."""
        rows = self._rows.find({"_id": {"$in": list(keys)}}, {"body_hash": 1}, session=session)
        return {row["_id"]: row["body_hash"] for row in rows}

    def keep(self, session: ClientSession, kept: Sequence[tuple[str, str, date]]) -> None:
        """New submissions as (key, content digest, day): a day alone, no time; `purge_at` is a midnight."""
        rows = [
            {"_id": key, "body_hash": body_hash, "purge_at": _midnight(day, KEEP_DAYS)}
            for key, body_hash, day in kept
        ]
        if rows:
            self._rows.insert_many(rows, session=session)

    def count(self, session: ClientSession, name: str, day: date) -> int:
        """One more from a counter or a device on a day: how many it are now."""
        row = self._limits.find_one_and_update(
            {"_id": name},
            {"$inc": {"n": 1}, "$setOnInsert": {"purge_at": _midnight(day, KEEP_DAYS)}},
            upsert=True,
            return_document=True,
            session=session,
        )
        return int(row["n"])

    def refuse(self, session: ClientSession, quarter: str, reason: str) -> None:
        """Count an answer that belongs to no period: its link is none, or its unit is unknown."""
        self._refusals.update_one(
            {"_id": f"unplaced:{quarter}"}, {"$inc": {f"counts.{reason}": 1}}, upsert=True, session=session
        )

    def refused_once(self, session: ClientSession, mark: str, reason: str) -> bool:
        """Whether this is the first sight of a refusal that no inbox row remembers."""
        if self._refusals.find_one({"_id": mark}, session=session) is not None:
            return False
        self._refusals.insert_one({"_id": mark, "reason": reason}, session=session)
        return True

    def unreadable(self, event_id: str) -> None:
        """Remember a block that does not open, outside of any transaction: the event is set aside."""
        try:
            self._refusals.insert_one({"_id": event_id, "reason": "unreadable"})
        except DuplicateKeyError:
            return

    def readable_after_all(self, session: ClientSession, event_ids: list[str]) -> None:
        self._refusals.delete_many({"_id": {"$in": event_ids}, "reason": "unreadable"}, session=session)

    def unplaced(self) -> dict[str, int]:
        """How many answers belong to no period, by reason, over all time."""
        total: dict[str, int] = {}
        for row in self._refusals.find({"_id": {"$regex": "^unplaced:"}}):
            for reason, count in row["counts"].items():
                total[reason] = total.get(reason, 0) + count
        unreadable = self._refusals.count_documents({"reason": "unreadable"})
        return total | ({"unreadable": unreadable} if unreadable else {})


def _midnight(day: date, later: int) -> datetime:
    return datetime.combine(day + timedelta(days=later), time(), UTC)
