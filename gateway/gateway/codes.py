"""Tracking codes, secrets and idempotency without a database.

A code is 60 bits in Crockford base32 and a check character over GF(32), so that every single wrong
character and every swap of two is caught before anybody is asked. The secret is an HMAC of the code:
the gateway can prove it for a case that is not stored yet. With an idempotency key everything is
derived from caller, key and the hash of the canonical body: the same request gives the same case from
every replica, another body under the same key gives another case.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson

from servicekit.ids import uuid4, uuid8
from servicekit.sealing import KeyRing

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)}
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_DIGITS = 12
_SECRET = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
_LONG_RANDOM = re.compile(r"[!-~]{36,255}")
_ANY_KEY = re.compile(r"[!-~]{1,255}")


def _powers_of_alpha() -> list[int]:
    """α^0 … α^30 in GF(32) with x⁵ + x² + 1."""
    powers, value = [], 1
    for _ in range(31):
        powers.append(value)
        value <<= 1
        if value & 32:
            value ^= 0b100101
    return powers


_EXP = _powers_of_alpha()
_LOG = {value: exponent for exponent, value in enumerate(_EXP)}
# By position and letter: α^i·d.
_TERMS = [
    {letter: _EXP[(_LOG[value] + i) % 31] if value else 0 for letter, value in _VALUE.items()}
    for i in range(1, _DIGITS + 1)
]


def check_character(digits: str) -> str:
    """The 13th character: Σ α^i·d_i over GF(32), i = 1…12."""
    total = 0
    for terms, letter in zip(_TERMS, digits, strict=False):
        total ^= terms[letter]
    return ALPHABET[total]


def canonical(text: str) -> str | None:
    """The canonical form of whatever a person typed, or None when it cannot be a code."""
    if len(text) > 40:
        return None
    code = text.strip().upper().translate(_READ_AS)
    if len(code) != _DIGITS + 1 or any(letter not in _VALUE for letter in code):
        return None
    return code if check_character(code[:_DIGITS]) == code[_DIGITS] else None


def shown(code: str) -> str:
    """7K3M9QXD4TRWH as people read it: 7K3M-9QXD-4TRW-H."""
    return "-".join((code[:4], code[4:8], code[8:12], code[12:]))


def body_hash(submission: Any) -> bytes:
    """SHA-256 of the body with sorted keys, so that spacing and order do not matter."""
    return hashlib.sha256(orjson.dumps(submission, option=orjson.OPT_SORT_KEYS)).digest()


def is_unguessable(key: str) -> bool:
    """Whether an anonymous caller may use this idempotency key: a UUID, or random text as long."""
    try:
        uuid.UUID(key)
    except ValueError:
        return bool(_LONG_RANDOM.fullmatch(key)) and len(set(key)) >= 10
    return len(key) in (32, 36)


def is_key(key: str) -> bool:
    return bool(_ANY_KEY.fullmatch(key))


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything a filing is known by. The same request derives the same identity."""

    code: str
    secret: str
    event_id: str
    digest: bytes = field(repr=False)

    @property
    def contact_ref(self) -> str:
        return _derived(b"contact", self.digest)


@dataclass(frozen=True)
class Codes:
    """Derives and proves codes under a key ring: the first key derives, all of them still prove.

    After a rotation the old key stays in the ring for 48 hours, then it is taken out.
    """

    ring: KeyRing

    def identify(self, caller: str, key: str, body: bytes) -> list[Identity]:
        """The identity under each key of the ring, the current one first."""
        message = b"\x00".join((b"filing", caller.encode(), key.encode(), body))
        return [_identity(hmac_key, message) for _, hmac_key in self.ring.keys]

    def identify_contact(self, caller: str, key: str, body: Any) -> tuple[str, str]:
        """Event id and reference of a contact handed in: the same request derives the same two."""
        message = b"\x00".join((b"contact", caller.encode(), key.encode(), body_hash(body)))
        digest = hmac.digest(self.ring.keys[0][1], message, "sha256")
        return _derived(b"event", digest), _derived(b"contact", digest)

    def secret(self, code: str) -> str:
        """The secret of a canonical code under the current key."""
        return _secret(self.ring.keys[0][1], code)

    def proves(self, code: str, secret: str) -> bool:
        """Whether the secret belongs to the code under any key of the ring, in the same time either way."""
        if not _SECRET.fullmatch(secret):
            return False
        matches = [hmac.compare_digest(_secret(key, code), secret) for _, key in self.ring.keys]
        return any(matches)

    def pseudonym(self, text: str) -> str:
        """A stand-in for a contact where only sameness matters."""
        return hmac.digest(self.ring.keys[0][1], b"contact\x00" + text.encode(), "sha256").hex()


def fresh_key() -> str:
    """An idempotency key for a caller that brought none."""
    return uuid4()


def secret_digest(secret: str) -> str:
    """What complaints keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _identity(key: bytes, message: bytes) -> Identity:
    digest = hmac.digest(key, message, "sha256")
    digits = _base32(int.from_bytes(digest[:8], "big") >> 4, _DIGITS)
    code = digits + check_character(digits)
    return Identity(
        code=code,
        secret=_secret(key, code),
        event_id=_derived(b"event", digest),
        digest=digest,
    )


def _derived(label: bytes, digest: bytes) -> str:
    return uuid8(hashlib.sha256(label + digest).digest())


def _secret(key: bytes, code: str) -> str:
    digest = hmac.digest(key, b"secret\x00" + code.encode(), "sha256")
    return _base32(int.from_bytes(digest[:16], "big"), 26).lower()


def _base32(number: int, length: int) -> str:
    """`length` digits, an even number of them; two at a time."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * length - 10, -1, -10)])
