"""Sealed blocks: AES-256-GCM for one recipient and one context, under a rotatable key ring.

A token is `v1.<kid>.<nonce>.<ciphertext>`, base64url without padding. Recipient and context are
authenticated, not contained: a block cut out of one place does not open in another.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from servicekit.errors import ConfigurationError, SealError

__all__ = ["KeyRing", "SealError", "generate_key"]

_KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True)
class KeyRing:
    """Named 256-bit keys. The first seals; all open, so that a rotation leaves nothing unreadable."""

    keys: tuple[tuple[str, bytes], ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Read `kid:base64url,kid2:base64url`. Raises ConfigurationError, which never quotes a key."""
        keys: list[tuple[str, bytes]] = []
        for number, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
            kid, _, encoded = entry.partition(":")
            try:
                key = _decode(encoded)
            except ValueError:
                key = b""
            if not kid.isalnum() or len(key) != _KEY_BYTES:
                raise ConfigurationError(f"key {number} of the ring is not <kid>:<base64url of 32 bytes>")
            keys.append((kid, key))
        if not keys:
            raise ConfigurationError("a key ring needs at least one <kid>:<base64url of 32 bytes>")
        if len({kid for kid, _ in keys}) != len(keys):
            raise ConfigurationError("a key ring names one key id twice")
        return cls(tuple(keys))

    @property
    def current_kid(self) -> str:
        return self.keys[0][0]

    def seal(self, value: Any, *, recipient: str, context: str) -> str:
        """Seal a JSON value. Every call gives another token."""
        return self.seal_bytes(orjson.dumps(value), recipient=recipient, context=context)

    def open(self, token: str, *, recipient: str, context: str) -> Any:
        """The sealed JSON value. Raises SealError, which never contains anything of the block."""
        plain = self.open_bytes(token, recipient=recipient, context=context)
        try:
            return orjson.loads(plain)
        except orjson.JSONDecodeError:
            raise SealError("sealed block is no JSON") from None

    def seal_bytes(self, plain: bytes, *, recipient: str, context: str) -> str:
        kid, key = self.keys[0]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = _cipher(key).encrypt(nonce, plain, _associated(recipient, context))
        return f"v1.{kid}.{_encode(nonce)}.{_encode(sealed)}"

    def open_bytes(self, token: str, *, recipient: str, context: str) -> bytes:
        parts = token.split(".") if isinstance(token, str) else []
        if len(parts) != 4 or parts[0] != "v1":
            raise SealError("not a sealed block")
        key = dict(self.keys).get(parts[1])
        if key is None:
            raise SealError("sealed under a key that is not in the ring")
        try:
            return _cipher(key).decrypt(_decode(parts[2]), _decode(parts[3]), _associated(recipient, context))
        except (ValueError, InvalidTag):
            raise SealError("sealed block does not open here") from None

    def is_current(self, token: str) -> bool:
        """Whether the token is sealed under the key that seals today."""
        return token.split(".", 2)[1:2] == [self.current_kid]

    def digests(self, message: bytes) -> list[bytes]:
        """HMAC-SHA256 of the message under every key, the current one first."""
        return [hmac.digest(key, message, "sha256") for _, key in self.keys]


def generate_key(kid: str) -> str:
    """A fresh ring entry, for `KeyRing.parse`."""
    return f"{kid}:{_encode(secrets.token_bytes(_KEY_BYTES))}"


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def _associated(recipient: str, context: str) -> bytes:
    return f"{recipient}|{context}".encode()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
