"""Answers on their way: waiting in pools, held for review, released. No document here has a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from surveys.store import ClientSession, Database, Document

POOLS = ("pending", "pending_comments")


class Answers:
    """Append-only: an answer that was released is never changed or removed by this service."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._pending = database["pending"]
        self._answers = database["answers"]
        self._comments = database["comments"]
        self._held = database["held"]
        self._tallies = database["tallies"]

    def wait(self, session: ClientSession, rows: Sequence[Document], pool: str = "pending") -> None:
        """Put sealed rows into a pool."""
        if rows:
            self._database[pool].insert_many(list(rows), session=session)

    def groups(self, pool: str = "pending") -> list[tuple[str, int]]:
        """Every group that waits, with how many."""
        found = self._database[pool].aggregate([{"$group": {"_id": "$group", "n": {"$sum": 1}}}])
        return sorted((row["_id"], row["n"]) for row in found)

    def waiting(self, session: ClientSession, prefix: str, pool: str = "pending") -> list[str]:
        """The ids of what waits in the groups that begin so."""
        ends = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        query = {"group": {"$gte": prefix, "$lt": ends}}
        return [row["_id"] for row in self._database[pool].find(query, {"_id": 1}, session=session)]

    def waiting_rows(
        self, session: ClientSession, ids: Sequence[str], pool: str = "pending"
    ) -> list[Document]:
        return list(self._database[pool].find({"_id": {"$in": list(ids)}}, session=session))

    def count_waiting(self, prefix: str, session: ClientSession | None = None) -> int:
        ends = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return self._pending.count_documents({"group": {"$gte": prefix, "$lt": ends}}, session=session)

    def take(self, session: ClientSession, ids: Iterable[str], pool: str = "pending") -> None:
        self._database[pool].delete_many({"_id": {"$in": list(ids)}}, session=session)

    def release(self, session: ClientSession, answers: Sequence[Document]) -> None:
        """Insert in the order given, which the caller has shuffled."""
        if answers:
            self._answers.insert_many(list(answers), session=session)

    def release_comments(self, session: ClientSession, comments: Sequence[Document]) -> None:
        if comments:
            self._comments.insert_many(list(comments), session=session)

    def of(self, periods: Sequence[str], session: ClientSession | None = None) -> Iterator[Document]:
        """Every released answer of some periods, by id."""
        yield from self._answers.find({"period": {"$in": list(periods)}}, session=session).sort("_id", 1)

    def page(self, periods: Sequence[str], after: str | None, limit: int) -> list[Document]:
        query: Document = {"period": {"$in": list(periods)}}
        if after:
            query["_id"] = {"$gt": after}
        return list(self._answers.find(query).sort("_id", 1).limit(limit))

    def count(self, periods: Sequence[str], session: ClientSession | None = None) -> int:
        return self._answers.count_documents({"period": {"$in": list(periods)}}, session=session)

    def comments(self, query: Document, after: str | None, limit: int) -> list[Document]:
        wanted = dict(query) | ({"_id": {"$gt": after}} if after else {})
        return list(self._comments.find(wanted).sort("_id", 1).limit(limit))

    def comment(self, id_: str, session: ClientSession) -> Document | None:
        return self._comments.find_one({"_id": id_}, session=session)

    def moderate(self, session: ClientSession, id_: str, change: Document) -> None:
        self._comments.update_one({"_id": id_}, {"$set": change}, session=session)

    def published_comments(self, unit: str, periods: Sequence[str]) -> list[str]:
        query = {"unit": unit, "period": {"$in": list(periods)}, "state": "published"}
        return [row["published_text"] for row in self._comments.find(query).sort("_id", 1).limit(200)]

    def hold(self, session: ClientSession, row: Document) -> None:
        self._held.insert_one(row, session=session)

    def held(self, query: Document, limit: int = 200) -> list[Document]:
        return list(self._held.find(query).sort("_id", 1).limit(limit))

    def held_one(self, id_: str, session: ClientSession) -> Document | None:
        return self._held.find_one({"_id": id_}, session=session)

    def drop_held(self, session: ClientSession, query: Document) -> int:
        return self._held.delete_many(query, session=session).deleted_count

    def count_held(self, period: str, session: ClientSession | None = None) -> int:
        return self._held.count_documents({"period": period}, session=session)

    def tally(self, period: str, session: ClientSession) -> str | None:
        """The sealed sums about people of one period."""
        row = self._tallies.find_one({"_id": period}, session=session)
        return row["sealed"] if row else None

    def tallies_of(self, code: str, session: ClientSession) -> list[tuple[str, str]]:
        """The sealed sums of every unit's period with this code: (period, sealed)."""
        rows = self._tallies.find({"code": code}, session=session).sort("_id", 1)
        return [(row["_id"], row["sealed"]) for row in rows]

    def keep_tally(self, session: ClientSession, period: str, code: str, sealed: str) -> None:
        row: dict[str, Any] = {"code": code, "sealed": sealed}
        self._tallies.replace_one({"_id": period}, row, upsert=True, session=session)

    def drop_tallies(self, ends_before: Sequence[str]) -> None:
        """Forget sums about people of periods long closed."""
        if ends_before:
            self._tallies.delete_many({"_id": {"$in": list(ends_before)}})
