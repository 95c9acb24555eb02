"""What is derived of a survey answer's submission: ids, receipts and stand-ins, all by HMAC.

Nothing of it can be reckoned back without the ring, and the same submission derives the same from every
replica.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from gateway.codes import ALPHABET
from servicekit.ids import uuid8
from servicekit.sealing import KeyRing


@dataclass(frozen=True, slots=True)
class Submission:
    """The identity of one submission: the id of its event, its content's stand-in, and its receipt."""

    key: str  # the event's id, a UUIDv8
    body_hash: str  # hex
    receipt: str  # XXXXX-XXXXX, for the person who answered; kept nowhere


@dataclass(frozen=True)
class SurveyKeys:
    """Derives under the first key of the ring; the others still check tokens."""

    ring: KeyRing

    def identify(self, submission_id: str, body: Any) -> list[Submission]:
        """The submission's identity under each key of the ring, the current one first."""
        canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        ids = self.ring.digests(b"submission\x00" + str(uuid.UUID(submission_id)).encode())
        hashes = self.ring.digests(b"answer\x00" + canonical)
        return [
            Submission(uuid8(digest), hashed.hex(), _receipt(digest, hashed))
            for digest, hashed in zip(ids, hashes, strict=True)
        ]

    def device(self, cookie: str, day: date) -> str:
        """A stand-in for a device, another one every day."""
        return self.ring.digests(f"device\x00{day.isoformat()}\x00{cookie}".encode())[0].hex()

    def paper_id(self, unit: str, batch: str, number: int, row: Any) -> str:
        """The submission id of a row of a paper batch: the same row of the same batch has the same."""
        content = orjson.dumps([unit, batch, number, row], option=orjson.OPT_SORT_KEYS)
        return uuid8(self.ring.digests(b"paper\x00" + content)[0])


def _receipt(submission: bytes, content: bytes) -> str:
    digest = hashlib.sha256(b"receipt\x00" + submission + content).digest()
    number = int.from_bytes(digest[:7], "big")
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in range(10))
    return f"{letters[:5]}-{letters[5:]}"
