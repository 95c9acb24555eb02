"""Ids that follow from what a thing is, so that whoever computes it again finds the same one."""

from __future__ import annotations

import hashlib
import uuid


def stable_id(*parts: str) -> str:
    """A UUIDv8 (RFC 9562) from the parts; other parts give another id."""
    value = int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16], "big")
    value &= ~((0xF << 76) | (0b11 << 62))
    value |= (0x8 << 76) | (0b10 << 62)
    return str(uuid.UUID(int=value))
