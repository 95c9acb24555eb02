"""Rows that wait: sealed under our own ring, padded to one size, so that neither content nor length tells."""

from __future__ import annotations

import uuid
from typing import Any

import orjson

from servicekit.sealing import KeyRing
from surveys.domain.tallies import Tally

ANSWER_BYTES, COMMENT_BYTES, TALLY_BYTES = 10_240, 9_216, 16_384
_POOL, _TALLY = "surveys.pool", "surveys.tally"


class Pool:
    """Makes and opens such rows. Each is bound to its own id: moved to another row it does not open."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def row(self, group: str, body: Any, size: int = ANSWER_BYTES) -> dict[str, Any]:
        id_ = str(uuid.uuid4())
        return {"_id": id_, "group": group, "sealed": self.seal(id_, body, size)}

    def seal(self, id_: str, body: Any, size: int) -> str:
        return self._sealed(body, size, _POOL, id_)

    def open(self, row: dict[str, Any]) -> Any:
        """What a row holds. Raises SealError if our ring has lost its key."""
        return self._ring.open(row["sealed"], recipient=_POOL, context=row["_id"])["body"]

    def seal_tally(self, period: str, tally: Tally) -> str:
        return self._sealed(tally, TALLY_BYTES, _TALLY, period)

    def open_tally(self, period: str, sealed: str | None) -> Tally:
        if sealed is None:
            return {}
        tally: Tally = self._ring.open(sealed, recipient=_TALLY, context=period)["body"]
        return tally

    def mark(self, *parts: str) -> str:
        """A stand-in for something that must be found again and not be read."""
        return self._ring.digests(b"mark\x00" + "\x00".join(parts).encode())[0].hex()

    def _sealed(self, body: Any, size: int, recipient: str, context: str) -> str:
        bare = len(orjson.dumps({"body": body, "pad": ""}))
        padded = orjson.dumps({"body": body, "pad": " " * (-bare % size)})
        return self._ring.seal_bytes(padded, recipient=recipient, context=context)
