"""Who does not want to be asked about services any more, and the links by which people say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

Document = dict[str, Any]


class ChoiceStore:
    """Addresses stand here as keyed hashes and, beside them, sealed: a key that is dropped undoes no choice.

    A link leads to a sealed address and to nothing else; a row of `unasked` leads to no link.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._links = database["links"]
        self._unasked = database["unasked"]

    def keep_links(self, session: ClientSession, sealed: Mapping[str, str], *, until: datetime) -> None:
        """Remember links by their fingerprints, each with the sealed address that it speaks for."""
        if sealed:
            rows = [{"_id": print_, "sealed": block, "purge_at": until} for print_, block in sealed.items()]
            self._links.insert_many(rows, session=session)

    def link(self, fingerprint: str) -> str | None:
        """The sealed address behind a link."""
        row = self._links.find_one({"_id": fingerprint}, {"sealed": 1})
        return row["sealed"] if row else None

    def hold_link(self, fingerprint: str, *, until: datetime | None) -> None:
        """Keep a link until then; without a time for good, so that a choice can be taken back."""
        change = {"$unset": {"purge_at": ""}} if until is None else {"$set": {"purge_at": until}}
        self._links.update_one({"_id": fingerprint}, change)

    def unasked(self, hashes: Iterable[str], session: ClientSession | None = None) -> set[str]:
        """Those of the addresses that are not to be asked."""
        wanted = list(set(hashes))
        if not wanted:
            return set()
        query = {"_id": {"$in": wanted}}
        return {row["_id"] for row in self._unasked.find(query, {"_id": 1}, session=session)}

    def leave_unasked(self, row: Document, session: ClientSession | None = None) -> None:
        """Never ask an address again; once is as good as twice."""
        self._unasked.bulk_write(
            [UpdateOne({"_id": row["_id"]}, {"$setOnInsert": row}, upsert=True)], session=session
        )

    def ask_again(self, hashes: Sequence[str]) -> None:
        self._unasked.delete_many({"_id": {"$in": list(hashes)}})

    def sealed_elsewhere(self, kid: str, limit: int) -> list[Document]:
        """Choices under another key than this one."""
        return list(self._unasked.find({"kid": {"$ne": kid}}).limit(limit))

    def replace(self, session: ClientSession, old_id: str, row: Document) -> None:
        """Move a choice to another key, unless it was taken back meanwhile."""
        if self._unasked.delete_one({"_id": old_id}, session=session).deleted_count:
            self.leave_unasked(row, session)
