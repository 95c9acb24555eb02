"""The identity vault: who reported, under a data key for each reporter.

The data keys are wrapped by a key ring. Erasing a reporter deletes her key, and with it every backup's
chance to read her.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo.client_session import ClientSession
from pymongo.database import Database

from servicekit.sealing import KeyRing, SealError

_NONCE = 12
_KEY_BITS = 256
_RECIPIENT = "complaints.vault"


class Vault:
    def __init__(self, database: Database[dict[str, Any]], ring: KeyRing) -> None:
        self._rows = database["vault"]
        self._ring = ring

    def new_ref(self) -> str:
        """Opaque and new for every case, so that two cases of one person cannot be joined."""
        return secrets.token_hex(16)

    def put(
        self, session: ClientSession, reporters: Sequence[tuple[str, Mapping[str, Any]]], at: datetime
    ) -> None:
        rows = [self._row(ref, reporter, at) for ref, reporter in reporters]
        if rows:
            self._rows.insert_many(rows, session=session)

    def open(self, ref: str) -> dict[str, Any] | None:
        """The reporter's block; None when it was erased or never stored.

        Raises SealError when the ring no longer holds the key that wrapped hers.
        """
        row = self._rows.find_one({"_id": ref})
        if row is None or "key" not in row:
            return None
        key = self._ring.open_bytes(row["key"], recipient=_RECIPIENT, context=ref)
        sealed = bytes(row["sealed"])
        try:
            plain = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], ref.encode())
        except InvalidTag:
            raise SealError("the vault's row does not open under its key") from None
        return dict(json.loads(plain))

    def erase(self, session: ClientSession | None, ref: str, at: datetime) -> bool:
        """Delete the data key and what it sealed; the row stays as proof that there was one."""
        found = self._rows.update_one(
            {"_id": ref, "key": {"$exists": True}},
            {"$unset": {"key": "", "sealed": ""}, "$set": {"erased_at": at}},
            session=session,
        )
        return found.modified_count == 1

    def rewrap(self, limit: int = 500) -> int:
        """Wrap up to `limit` data keys that lie under an old key under the current one.

        Run until it answers 0; then the old key may leave the ring.
        """
        current = f"v1.{self._ring.current_kid}."
        outdated = {"key": {"$exists": True, "$not": {"$regex": f"^{current.replace('.', '[.]')}"}}}
        count = 0
        for row in self._rows.find(outdated).limit(limit):
            key = self._ring.open_bytes(row["key"], recipient=_RECIPIENT, context=row["_id"])
            wrapped = self._ring.seal_bytes(key, recipient=_RECIPIENT, context=row["_id"])
            self._rows.update_one({"_id": row["_id"], "key": row["key"]}, {"$set": {"key": wrapped}})
            count += 1
        return count

    def _row(self, ref: str, reporter: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        key = AESGCM.generate_key(_KEY_BITS)
        nonce = secrets.token_bytes(_NONCE)
        plain = json.dumps(dict(reporter), ensure_ascii=False).encode()
        return {
            "_id": ref,
            "key": self._ring.seal_bytes(key, recipient=_RECIPIENT, context=ref),
            "sealed": nonce + AESGCM(key).encrypt(nonce, plain, ref.encode()),
            "stored_at": at,
        }
