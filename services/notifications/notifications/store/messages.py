"""Intents from their planning to their end, and the in-app inbox."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from notifications.domain.delivery import Reason, State, Trigger, states_taking

Document = dict[str, Any]
REFUSED = "event.rejected.v1"
_DUPLICATE_KEY = 11000
_CLAIMABLE = states_taking(Trigger.CLAIM)


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch of intents that one sender may work on until its lease ends."""

    token: str
    until: datetime
    intents: Sequence[Document]
    payloads: Mapping[str, str]
    """Sealed payload by intent id; one that is missing has been purged."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one claimed intent."""

    intent_id: str
    state: State
    code: str | None = None
    reason: Reason | None = None
    """Why it was not sent after all."""
    due_at: datetime | None = None
    """The next attempt, when the intent goes back to the queue."""
    attempted: bool = True
    """False: the batch ended before this one's turn; it costs no attempt."""
    elapsed_ms: int = 0


class AlreadyPlanned(Exception):
    """An intent that is stored already. Nothing of the transaction was written."""


class Messages:
    def __init__(self, database: Database[Document]) -> None:
        self._intents = database["intents"]
        self._payloads = database["payloads"]
        self._attempts = database["attempts"]
        self._items = database["inbox_items"]
        self._suppressions = database["suppressions"]

    def insert(
        self,
        session: ClientSession,
        intents: Sequence[Document],
        payloads: Sequence[Document],
        items: Sequence[Document],
    ) -> None:
        """Store planned messages. Raises AlreadyPlanned if one of them exists."""
        for collection, rows in ((self._intents, intents), (self._payloads, payloads), (self._items, items)):
            if not rows:
                continue
            try:
                collection.insert_many(rows, session=session)
            except BulkWriteError as error:
                codes = {failed.get("code") for failed in (error.details or {}).get("writeErrors", ())}
                if codes == {_DUPLICATE_KEY}:
                    raise AlreadyPlanned from None
                raise

    def existing(self, session: ClientSession, ids: Sequence[str]) -> set[str]:
        return {
            row["_id"] for row in self._intents.find({"_id": {"$in": list(ids)}}, {"_id": 1}, session=session)
        }

    # Sending.

    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> Claim | None:
        """Lease up to `limit` due intents, oldest first.

        Each counts an attempt. Two senders that want the same intent: one of them gets it.
        """
        due = self._intents.find({"status": {"$in": _CLAIMABLE}, "due_at": {"$lte": now}}, {"_id": 1})
        ids = [row["_id"] for row in due.sort("due_at", 1).limit(limit)]
        if not ids:
            return None
        token, until = secrets.token_hex(8), now + lease
        self._intents.update_many(
            {"_id": {"$in": ids}, "status": {"$in": _CLAIMABLE}},
            {
                "$set": {"status": State.SENDING.value, "claim": token, "due_at": until},
                "$inc": {"attempt": 1},
            },
        )
        intents = list(self._intents.find({"_id": {"$in": ids}, "claim": token}))
        if not intents:
            return None
        held = [intent["_id"] for intent in intents]
        payloads = {row["_id"]: row["sealed"] for row in self._payloads.find({"_id": {"$in": held}})}
        return Claim(token, until, intents, payloads)

    def extend(self, token: str, ids: Sequence[str], until: datetime) -> bool:
        """Hold the lease longer. False when it was lost: somebody else may be sending these now."""
        found = self._intents.update_many(
            {"_id": {"$in": list(ids)}, "claim": token}, {"$set": {"due_at": until}}
        )
        return bool(found.matched_count == len(ids))

    def finish(
        self, session: ClientSession, token: str, results: Sequence[Result], *, now: datetime
    ) -> list[str]:
        """Write the results of a claim; returns the ids that were still ours.

        Every write is fenced by the claim's token: a sender that lost its lease changes nothing.
        """
        ids = [result.intent_id for result in results]
        query = {"_id": {"$in": ids}, "claim": token, "status": State.SENDING.value}
        attempts = {
            row["_id"]: row["attempt"] for row in self._intents.find(query, {"attempt": 1}, session=session)
        }
        ours = [result for result in results if result.intent_id in attempts]
        updates = _same_updates(ours, now) + _requeues(ours)
        for found, change in updates:
            self._intents.update_many({**found, "claim": token}, change, session=session)
        tried = [result for result in ours if result.attempted]
        if tried:
            rows = [_attempt(result, attempts[result.intent_id], now) for result in tried]
            self._attempts.insert_many(rows, session=session)
        return [result.intent_id for result in ours]

    def forget(self, session: ClientSession, ids: Sequence[str]) -> None:
        """Remove addresses and texts of messages that have ended, before their time."""
        if ids:
            self._payloads.delete_many({"_id": {"$in": list(ids)}}, session=session)

    def requeue_expired(self, *, now: datetime, held: Iterable[str] = ()) -> list[str]:
        """Put intents back whose sender vanished; returns their ids. `held`: claims of this process."""
        query = {
            "status": State.SENDING.value,
            "due_at": {"$lte": now},
            "claim": {"$nin": list(held)},
        }
        ids = [row["_id"] for row in self._intents.find(query, {"_id": 1}).limit(1000)]
        if ids:
            self._intents.update_many(
                {**query, "_id": {"$in": ids}},
                {"$set": {"status": State.QUEUED.value, "due_at": now}, "$unset": {"claim": ""}},
            )
        return ids

    def waiting(self, now: datetime) -> tuple[int, float]:
        """How many mails could be sent now, and the age of the oldest in seconds.

        The age counts from the mail's making: a server that is away moves its due time on and on.
        """
        due = {"status": State.QUEUED.value, "due_at": {"$lte": now}}
        group = {"_id": None, "count": {"$sum": 1}, "oldest": {"$min": "$created_at"}}
        for found in self._intents.aggregate([{"$match": due}, {"$group": group}]):
            return found["count"], max((now - found["oldest"]).total_seconds(), 0.0)
        return 0, 0.0

    # Addresses that refused.

    def suppressed(self, hashes: Iterable[str]) -> set[str]:
        wanted = list(set(hashes))
        if not wanted:
            return set()
        return {row["_id"] for row in self._suppressions.find({"_id": {"$in": wanted}}, {"_id": 1})}

    def suppress(self, session: ClientSession, address_hash: str, *, reason: str, until: datetime) -> None:
        self._suppressions.update_one(
            {"_id": address_hash}, {"$set": {"reason": reason, "until": until}}, upsert=True, session=session
        )

    # Reading.

    def inbox(self, ref: str, *, before: str | None, limit: int, unread_only: bool) -> list[Document]:
        query: Document = {"recipient_ref": ref}
        if before:
            query["_id"] = {"$lt": before}
        if unread_only:
            query["read_at"] = None
        return list(self._items.find(query).sort("_id", -1).limit(limit))

    def refusals(self, ref: str | None, *, before: str | None, limit: int) -> list[Document]:
        """What was refused of one department, or of all of them, newest first."""
        query: Document = {"event_type": REFUSED, "refusal": {"$exists": True}}
        if ref is not None:
            query["recipient_ref"] = ref
        if before:
            query["_id"] = {"$lt": before}
        return list(self._items.find(query).sort("_id", -1).limit(limit))

    def unread(self, ref: str) -> int:
        return self._items.count_documents({"recipient_ref": ref, "read_at": None})

    def mark_read(self, ref: str, ids: Sequence[str] | None, *, now: datetime) -> int:
        query: Document = {"recipient_ref": ref, "read_at": None}
        if ids is not None:
            query["_id"] = {"$in": list(ids)}
        return self._items.update_many(query, {"$set": {"read_at": now}}).modified_count

    def deliveries(self, query: Document, *, before: str | None, limit: int) -> list[Document]:
        if before:
            query = {"$and": [query, {"_id": {"$lt": before}}]}
        return list(self._intents.find(query).sort("_id", -1).limit(limit))

    def counts(self, query: Document) -> list[Document]:
        """How many messages are in each state, by channel, audience and reason."""
        group = {name: f"${name}" for name in ("status", "channel", "audience", "reason")}
        rows = self._intents.aggregate([{"$match": query}, {"$group": {"_id": group, "count": {"$sum": 1}}}])
        return [{**row["_id"], "count": row["count"]} for row in rows]

    def attempts(self, ids: Sequence[str]) -> list[Document]:
        return list(self._attempts.find({"intent_id": {"$in": list(ids)}}).sort([("intent_id", 1), ("n", 1)]))


def _same_updates(results: Sequence[Result], now: datetime) -> list[tuple[Document, Document]]:
    """One update for all intents that ended alike: a batch is one or two writes, not fifty."""
    alike: dict[tuple[State, str | None, Reason | None], list[str]] = {}
    for result in results:
        if result.state is not State.QUEUED:
            alike.setdefault((result.state, result.code, result.reason), []).append(result.intent_id)
    return [
        (
            {"_id": {"$in": ids}},
            {
                "$set": {
                    "status": state.value,
                    "code": code,
                    "finished_at": now,
                    **({"reason": reason.value} if reason else {}),
                },
                "$unset": {"due_at": "", "claim": ""},
            },
        )
        for (state, code, reason), ids in alike.items()
    ]


def _requeues(results: Sequence[Result]) -> list[tuple[Document, Document]]:
    return [
        (
            {"_id": result.intent_id},
            {
                "$set": {"status": State.QUEUED.value, "due_at": result.due_at, "code": result.code},
                "$unset": {"claim": ""},
                **({} if result.attempted else {"$inc": {"attempt": -1}}),
            },
        )
        for result in results
        if result.state is State.QUEUED
    ]


def _attempt(result: Result, number: int, now: datetime) -> Document:
    return {
        "intent_id": result.intent_id,
        "n": number,
        "at": now,
        "outcome": result.state.value,
        "code": result.code,
        "elapsed_ms": result.elapsed_ms,
    }
