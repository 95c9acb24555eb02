"""Times as MongoDB keeps them, so that what is told equals what is stored."""

from __future__ import annotations

from datetime import UTC, datetime


def milliseconds(at: datetime) -> datetime:
    """The moment in UTC without the microseconds that a database would drop."""
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
