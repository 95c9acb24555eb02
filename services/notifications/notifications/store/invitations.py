"""Which addresses were asked lately, and what became of an invitation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

Document = dict[str, Any]


class InvitationStore:
    """`asked` holds keyed hashes of addresses and a day, nothing that leads to a message or a case."""

    def __init__(self, database: Database[Document]) -> None:
        self._asked = database["asked"]
        self._intents = database["intents"]

    def asked(self, session: ClientSession | None, hashes: Iterable[str], *, now: datetime) -> set[str]:
        """Those of the addresses that may not be asked again yet."""
        query = {"_id": {"$in": list(hashes)}, "until": {"$gt": now}}
        return {row["_id"] for row in self._asked.find(query, {"_id": 1}, session=session)}

    def ask(self, session: ClientSession, until: Mapping[str, datetime]) -> None:
        """Remember addresses, each until its day. Of two transactions with one address the later repeats."""
        if until:
            rows = [UpdateOne({"_id": h}, {"$set": {"until": day}}, upsert=True) for h, day in until.items()]
            self._asked.bulk_write(rows, session=session)

    def release(self, session: ClientSession, hashes: Sequence[str], until: datetime) -> None:
        """Free an address that was held until this day; one that was asked again since stays held."""
        self._asked.delete_many({"_id": {"$in": list(hashes)}, "until": until}, session=session)

    def states(self, subjects: Sequence[str], event_type: str) -> dict[str, str]:
        """What became of the messages about these invitations."""
        query = {"subject": {"$in": list(subjects)}, "event_type": event_type}
        return {
            row["subject"]: row["status"] for row in self._intents.find(query, {"subject": 1, "status": 1})
        }
