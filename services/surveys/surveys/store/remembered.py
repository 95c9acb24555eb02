"""Results of actions, kept for a day, so that a repeated request gets the same answer and changes nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from surveys.store import ClientSession, Database, Document


@dataclass(frozen=True, slots=True)
class Kept:
    fingerprint: str
    result: Any


class Remembered:
    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["remembered"]

    def find(self, session: ClientSession, owner: str, key: str) -> Kept | None:
        row = self._rows.find_one({"_id": _id(owner, key)}, session=session)
        return None if row is None else Kept(row["fingerprint"], json.loads(row["result"]))

    def keep(self, session: ClientSession, owner: str, key: str, fingerprint: str, result: Any) -> None:
        """Of two requests that race, one transaction aborts, is repeated, and then finds the row."""
        row = {"fingerprint": fingerprint, "result": json.dumps(result), "at": datetime.now(UTC)}
        self._rows.insert_one({"_id": _id(owner, key), **row}, session=session)


def _id(owner: str, key: str) -> str:
    return hashlib.sha256(f"{owner}|{key}".encode()).hexdigest()
