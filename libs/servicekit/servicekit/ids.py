"""Identifiers and clocks."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_RANDOM_BITS = 74
_lock = threading.Lock()
_last_ms = 0
_last_random = 0


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    """The wall clock, aware and in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FrozenClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime | None = None) -> None:
        self._at = (at or datetime(2026, 1, 5, 1, 0, tzinfo=UTC)).astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, delta: timedelta | None = None, /, **parts: float) -> None:
        self._at += delta if delta is not None else timedelta(**parts)

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)


def uuid7() -> str:
    """A UUIDv7 that sorts after every earlier one made by this process.

    Always from the wall clock, even where a domain clock travels in time: the outbox is read in id
    order, and that must be the order in which events were made.
    """
    global _last_ms, _last_random
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _last_random = now_ms, secrets.randbits(_RANDOM_BITS - 1)
        else:
            # RFC 9562, 6.2 method 2: within one millisecond, or after a step back, count by random steps.
            _last_random += 1 + secrets.randbits(32)
        milliseconds, random = _last_ms, _last_random
    value = (milliseconds << 80) | ((random >> 62 & 0xFFF) << 64) | (random & (1 << 62) - 1)
    return _written(value | (0x7 << 76) | (0b10 << 62))


def uuid8(digest: bytes) -> str:
    """A UUIDv8 from the first 16 bytes of a digest: the same input gives the same id."""
    if len(digest) < 16:
        raise ValueError("uuid8 needs at least 16 bytes")
    value = int.from_bytes(digest[:16], "big")
    value &= ~((0xF << 76) | (0b11 << 62))
    return _written(value | (0x8 << 76) | (0b10 << 62))


def uuid4() -> str:
    """A random UUID."""
    value = secrets.randbits(128) & ~((0xF << 76) | (0b11 << 62))
    return _written(value | (0x4 << 76) | (0b10 << 62))


def _written(value: int) -> str:
    # A third of what `uuid.UUID` takes to say the same.
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
