"""A lease in MongoDB with a fencing token, by the server's clock."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from servicekit.errors import KitError

COLLECTION = "leases"


class LeaseLost(KitError):
    """Somebody else took over. What this holder was about to record must not be recorded."""


class Lease:
    """At most one holder at a time, as long as each stops within `seconds` of its last renewal.

    A holder that was paused past its lease cannot be stopped from working, but its token is stale:
    `fence` refuses it, and everything it would have recorded in that transaction.
    """

    def __init__(self, database: Database[dict[str, Any]], name: str, seconds: float) -> None:
        self._leases = database[COLLECTION]
        self._name = name
        self._holder = secrets.token_hex(8)
        self._milliseconds = round(seconds * 1000)
        self.token: int | None = None

    def ensure(self) -> None:
        """Create the lease document, expired, if it is absent."""
        epoch = datetime.fromtimestamp(0, UTC)
        try:
            self._leases.insert_one({"_id": self._name, "token": 0, "holder": None, "expires_at": epoch})
        except DuplicateKeyError:
            return

    def acquire(self) -> bool:
        """Take the lease if nobody holds it. Every acquisition has a higher token than all before."""
        row = self._leases.find_one_and_update(
            {"_id": self._name, "$expr": {"$lt": ["$expires_at", "$$NOW"]}},
            [{"$set": {**self._extended(), "token": {"$add": ["$token", 1]}}}],
            return_document=True,
        )
        self.token = row["token"] if row else None
        return row is not None

    def fence(self, session: ClientSession | None = None) -> None:
        """Renew. Raises LeaseLost if the token is stale; inside a transaction that undoes the transaction."""
        row = self._leases.find_one_and_update(
            {"_id": self._name, "holder": self._holder, "token": self.token},
            [{"$set": self._extended()}],
            session=session,
        )
        if row is None:
            self.token = None
            raise LeaseLost(self._name)

    def release(self) -> None:
        """Let the next holder take over at once."""
        self._leases.update_one(
            {"_id": self._name, "holder": self._holder, "token": self.token},
            {"$set": {"expires_at": datetime.fromtimestamp(0, UTC)}},
        )
        self.token = None

    def _extended(self) -> dict[str, Any]:
        return {"holder": self._holder, "expires_at": {"$add": ["$$NOW", self._milliseconds]}}
