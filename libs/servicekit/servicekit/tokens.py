"""Signed links that end: random, dated, and checked without a database.

A token is 27 bytes in Crockford base32, lower case, 44 characters: one byte that says what it opens, two
bytes of the last day it is good for (days since 1970), 16 random bytes, and 8 bytes of HMAC-SHA256 over
the rest. So a forged or an expired one stops before any service is asked, and one that is good can still
only be used as often as the service that made it allows.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from servicekit.sealing import KeyRing

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)} | {"o": 0, "i": 1, "l": 1}
_EPOCH = date(1970, 1, 1)
_BYTES, _MAC_BYTES, _LENGTH = 27, 8, 44
_PURPOSE = b"token|"


class BadToken(ValueError):
    """`reason`: malformed, forged or expired. Never holds anything of the token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was read. `text` is its canonical form, `expires_on` the last day it is good for."""

    text: str
    kind: str
    expires_on: date

    @property
    def fingerprint(self) -> str:
        """What a database keeps in the token's place."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def mint(ring: KeyRing, kind: str, expires_on: date) -> Token:
    """A new token of a kind, which is one ASCII letter."""
    head = kind.encode("ascii") + (expires_on - _EPOCH).days.to_bytes(2, "big") + secrets.token_bytes(16)
    raw = head + ring.digests(_PURPOSE + head)[0][:_MAC_BYTES]
    return Token(_encode(raw), kind, expires_on)


def read(ring: KeyRing, text: str, today: date) -> Token:
    """The token in a link. Raises BadToken. A key that was rotated out of first place still counts."""
    raw = _decode(text)
    head, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not any(hmac.compare_digest(mac, known[:_MAC_BYTES]) for known in ring.digests(_PURPOSE + head)):
        raise BadToken("forged")
    expires_on = _EPOCH + timedelta(days=int.from_bytes(head[1:3], "big"))
    if today > expires_on:
        raise BadToken("expired")
    return Token(_encode(raw), chr(head[0]), expires_on)


def _encode(raw: bytes) -> str:
    # 27 bytes are 216 bits: 43 digits and one bit, so the last digit carries four bits of nothing.
    number = int.from_bytes(raw, "big") << 4
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def _decode(text: str) -> bytes:
    cleaned = text.strip().lower()
    if len(cleaned) != _LENGTH or not set(cleaned) <= _VALUES.keys():
        raise BadToken("malformed")
    number = 0
    for letter in cleaned:
        number = number << 5 | _VALUES[letter]
    if number & 15:
        raise BadToken("malformed")
    return (number >> 4).to_bytes(_BYTES, "big")
